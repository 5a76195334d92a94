import { printable, quoted } from '../weights/checkpoint-error.js'
import { JsonReader } from '../weights/json-reader.js'
import { limits } from './byte-pairs.js'
import { TokenizerError } from './tokenizer-error.js'

/** The contents of a published pair of files, and what to call them in errors. */
export interface VocabularyFiles {
  /** Contents of `vocab.json`: an object of token → id. */
  readonly vocabulary: string
  /** Contents of `merges.txt`: a pair a line, after an optional `#version` line. */
  readonly merges: string
  readonly names?: { readonly vocabulary: string; readonly merges: string }
}

export interface Vocabulary {
  readonly vocabulary: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
}

/**
 * Reads `vocab.json` and `merges.txt`, which may come from anybody: sizes are bounded, and every fault is a `TokenizerError` that names the
 * file and, in `merges.txt`, the line. As in the reference, each merge's halves and its product must be in the vocabulary.
 */
export function readVocabulary({ vocabulary, merges, names }: VocabularyFiles): Vocabulary {
  const { vocabulary: vocabularyName, merges: mergesName } = names ?? { vocabulary: 'vocab.json', merges: 'merges.txt' }
  const ids = readIds(vocabulary, vocabularyName)
  return { vocabulary: ids, merges: readMerges(merges, mergesName, ids, vocabularyName) }
}

function readIds(text: string, file: string): Map<string, number> {
  const problem = (expected: string, found: string) =>
    new TokenizerError({ code: 'InvalidVocabulary', action: 'read', file, expected, found })
  checkLength(text, file)
  const ids = new Map<string, number>()
  const taken = new Map<number, string>()
  const reader = new JsonReader(text, problem)
  reader.object('an object of tokens and ids', (token) => {
    if (ids.size >= limits.tokens) throw tooLarge(file, `at most ${limits.tokens.toLocaleString('en')} tokens`, 'more')
    if (token.length > limits.tokenLength)
      throw tooLarge(file, `tokens of at most ${limits.tokenLength.toLocaleString('en')} characters`, `${token.length}`)
    const id = reader.wholeNumber(`the id of ${quoted(token)}`)
    if (id >= limits.tokens) throw problem(`an id below ${limits.tokens.toLocaleString('en')} for ${quoted(token)}`, `${id}`)
    const other = taken.get(id)
    if (other !== undefined) throw problem(`an id of its own for ${quoted(token)}`, `${id}, which ${quoted(other)} has`)
    ids.set(token, id)
    taken.set(id, token)
  })
  reader.end()
  if (ids.size === 0) throw problem('at least one token', 'none')
  return ids
}

/** The pairs of a text in the form of `merges.txt`; `whole` names where their tokens must stand. */
function readMerges(text: string, file: string, vocabulary: ReadonlyMap<string, number>, whole: string): [string, string][] {
  checkLength(text, file)
  const pairs: [string, string][] = []
  const seen = new Set<string>()
  for (const [i, row] of text.split('\n', limits.merges + 2).entries()) {
    const line = i + 1
    const written = row.endsWith('\r') ? row.slice(0, -1) : row
    if (written === '' || (i === 0 && written.startsWith('#version'))) continue
    const problem = (expected: string, found: string) =>
      new TokenizerError({ code: 'InvalidMerges', action: 'read', file, line, expected, found })
    if (pairs.length >= limits.merges) throw tooLarge(file, `at most ${limits.merges.toLocaleString('en')} merges`, 'more')
    const [left, right, ...more] = written.split(' ', 3)
    if (!left || !right || more.length > 0) throw problem('two tokens with a space between them', quoted(printable(written, 60)))
    if (seen.has(written)) throw problem('each merge once', `${quoted(written)} again`)
    const lacking = [left, right, left + right].find((token) => !vocabulary.has(token))
    if (lacking !== undefined)
      throw problem(`tokens of ${printable(whole)}`, `${quoted(printable(lacking, 60))}, which is not among its ${vocabulary.size}`)
    seen.add(written)
    pairs.push([left, right])
  }
  return pairs
}

function checkLength(text: string, file: string): void {
  if (text.length > limits.fileLength)
    throw tooLarge(file, `at most ${limits.fileLength.toLocaleString('en')} characters`, text.length.toLocaleString('en'))
}

const tooLarge = (file: string, expected: string, found: string): TokenizerError =>
  new TokenizerError({ code: 'TooLarge', action: 'read', file, expected, found, hint: 'No published vocabulary is that large' })

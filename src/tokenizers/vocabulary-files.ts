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

/** The same two files, written. */
export const vocabularyFiles = ({ vocabulary, merges }: Vocabulary): { readonly vocabulary: string; readonly merges: string } => ({
  vocabulary: JSON.stringify(Object.fromEntries(vocabulary)),
  merges: ['#version: 0.2', ...merges.map((merge) => merge.join(' ')), ''].join('\n'),
})

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

/** `merges.txt` line by line; a first line with the version, and empty ones, say nothing. */
function readMerges(text: string, file: string, vocabulary: ReadonlyMap<string, number>, whole: string): [string, string][] {
  checkLength(text, file)
  const rows = text
    .split('\n', limits.merges + 2)
    .map((row, i) => ({ row: row.endsWith('\r') ? row.slice(0, -1) : row, line: i + 1 }))
    .filter(({ row, line }) => row !== '' && !(line === 1 && row.startsWith('#version')))
  const problem: MergeProblem = (index, expected, found) =>
    new TokenizerError({ code: 'InvalidMerges', action: 'read', file, line: rows[index]?.line, expected, found })
  if (rows.length > limits.merges) throw tooLarge(file, `at most ${limits.merges.toLocaleString('en')} merges`, 'more')
  const merges = parseMerges(
    rows.map(({ row }) => row),
    problem,
  )
  checkMerges(merges, vocabulary, whole, problem)
  return merges
}

/** Makes the error for the merge at an index. */
export type MergeProblem = (index: number, expected: string, found: string) => Error

/** Pairs written as two tokens with a space between them, each once. */
export function parseMerges(rows: readonly string[], problem: MergeProblem): [string, string][] {
  const seen = new Set<string>()
  return rows.map((row, i) => {
    const [left, right, ...more] = row.split(' ', 3)
    if (!left || !right || more.length > 0) throw problem(i, 'two tokens with a space between them', shown(row))
    if (seen.has(row)) throw problem(i, 'each merge once', `${shown(row)} again`)
    seen.add(row)
    return [left, right]
  })
}

/** Both halves and the whole of each merge must be tokens; `whole` says of which file. */
export function checkMerges(merges: Vocabulary['merges'], vocabulary: ReadonlyMap<string, number>, whole: string, problem: MergeProblem) {
  for (const [i, [left, right]] of merges.entries()) {
    const lacking = [left, right, left + right].find((token) => !vocabulary.has(token))
    if (lacking !== undefined)
      throw problem(i, `tokens of ${printable(whole)}`, `${shown(lacking)}, which is not among its ${vocabulary.size}`)
  }
}

const shown = (text: string): string => `"${printable(text, 60)}"`

export function checkLength(text: string, file: string): void {
  if (text.length > limits.fileLength)
    throw tooLarge(file, `at most ${limits.fileLength.toLocaleString('en')} characters`, text.length.toLocaleString('en'))
}

const tooLarge = (file: string, expected: string, found: string): TokenizerError =>
  new TokenizerError({ code: 'TooLarge', action: 'read', file, expected, found, hint: 'No published vocabulary is that large' })

import { JsonReader } from '../weights/json-reader.js'
import { limits } from './byte-pairs.js'
import { ClipTokenizer, type ClipTokenizerOptions } from './clip.js'
import { endOfText, startOfText } from './clip-pieces.js'
import { TokenizerError } from './tokenizer-error.js'
import { layOut } from './train-bpe.js'
import { checkLength, checkMerges, type MergeProblem, parseMerges, type Vocabulary } from './vocabulary-files.js'

const format = 'genera-bpe-1'
const suffix = '</w>'
const special = [startOfText, endOfText]

/** Where the tokenizer of an embedded checkpoint lies: beside the checkpoints. */
export const embeddedTokenizer = (name: string): URL => new URL(`../../weights/${name}-tokenizer.json`, import.meta.url)

/**
 * A vocabulary of `trainBytePairs` in one small file: only the merges are kept, because bytes and special tokens stand where they always do.
 *
 *     { "format": "genera-bpe-1", "context": 32, "merges": ["t h", "th e</w>", …] }
 */
export function writeTokenizer({ merges }: Vocabulary, { context }: { readonly context: number }): string {
  const rows = merges.map((merge) => `    ${JSON.stringify(merge.join(' '))}`)
  return `{\n  "format": "${format}",\n  "context": ${context},\n  "merges": [\n${rows.join(',\n')}\n  ]\n}\n`
}

/** Reads what `writeTokenizer` wrote; its context counts. @throws TokenizerError naming the file for anything else */
export function readTokenizer(text: string, file = 'tokenizer.json', defaults: ClipTokenizerOptions = {}): ClipTokenizer {
  const problem = (expected: string, found: string) =>
    new TokenizerError({
      code: 'InvalidTokenizer',
      action: 'read',
      file,
      expected,
      found,
      hint: `A tokenizer of format ${format} is needed`,
    })
  checkLength(text, file)
  const reader = new JsonReader(text, problem)
  let found: string | undefined
  let context: number | undefined
  const rows: string[] = []
  reader.object('an object', (key) => {
    if (key === 'format') found = reader.string('the format')
    else if (key === 'context') context = reader.wholeNumber('the context in tokens')
    else if (key === 'merges')
      reader.list('the list of merges', () => {
        if (rows.push(reader.string('a merge')) > limits.merges) throw problem(`at most ${limits.merges} merges`, 'more')
      })
    else reader.skip()
  })
  reader.end()
  if (found !== format) throw problem(`the format "${format}"`, found === undefined ? 'none' : JSON.stringify(found.slice(0, 60)))
  if (context === undefined || context < 3 || context > 2 ** 20) throw problem('a context of at least 3 tokens', `${context}`)
  const atMerge: MergeProblem = (index, expected, instead) => problem(`${expected} at merge ${index + 1}`, instead)
  const merges = parseMerges(rows, atMerge)
  const { vocabulary } = layOut(merges, { suffix, special })
  checkMerges(merges, vocabulary, file, atMerge)
  return new ClipTokenizer({ vocabulary, merges }, { ...defaults, context }, file)
}

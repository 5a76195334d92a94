import { printable } from '../weights/checkpoint-error.js'
import type { GgufHeader } from '../weights/index.js'
import { limits } from './byte-pairs.js'
import { type TextTokenizer, textTokenizer } from './text-tokenizer.js'
import { TokenizerError } from './tokenizer-error.js'

type Json = Readonly<Record<string, unknown>>

/** How a family splits texts before it looks for pairs, under the names of llama.cpp, in the words of a tokenizer.json. */
interface Splitting {
  readonly normalizer?: Json
  readonly split: Json
  /** A piece that is a token as it stands needs no merges. */
  readonly wholePieces?: boolean
}

const byteLevel = (useRegex: boolean): Json => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex })
const splitBy = (pattern: string): Json => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false }, byteLevel(false)],
})
const digitsApart: Json = { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] }

/** The pattern of Llama 3 and, with single digits, of Qwen 2. */
const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`

const gpt2: Splitting = { split: byteLevel(true) }
const llama3: Splitting = { split: splitBy(words('{1,3}')), wholePieces: true }
const qwen2: Splitting = { normalizer: { type: 'NFC' }, split: splitBy(words('')) }
const smollm: Splitting = { split: digitsApart }

const splittings: Readonly<Record<string, Splitting>> = {
  default: gpt2,
  'gpt-2': gpt2,
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3,
  qwen2,
  'deepseek-r1-qwen': qwen2,
  smollm,
  starcoder: smollm,
}

/** What a file says of a token beside its spelling. */
const control = 3
const userDefined = 4
const unknown = 2

interface Vocabulary {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly scores: readonly number[]
  readonly merges: readonly string[]
}

/**
 * The tokenizer in the metadata of a GGUF file: byte pairs (`gpt2`) or the pieces of SentencePiece (`llama`), with its chat template.
 *
 * @throws TokenizerError for one that is damaged or of another kind
 */
export function ggufTokenizer({ metadata }: GgufHeader, file: string): TextTokenizer {
  const own = (key: string): unknown => metadata.get(`tokenizer.ggml.${key}`)
  const problem = (expected: string, found: string, hint?: string): TokenizerError =>
    new TokenizerError({ code: 'InvalidTokenizer', action: 'read', file: `the tokenizer of ${file}`, expected, found, hint })

  const list = <Item extends string | number>(key: string, kind: 'string' | 'number', most: number): readonly Item[] => {
    const value = own(key) ?? []
    if (!Array.isArray(value) || value.some((item) => typeof item !== kind)) throw problem(`a list as tokenizer.ggml.${key}`, typeof value)
    if (value.length > most) throw problem(`at most ${most} items in tokenizer.ggml.${key}`, `${value.length}`)
    return value as readonly Item[]
  }
  const vocabulary: Vocabulary = {
    tokens: list('tokens', 'string', limits.tokens),
    types: list('token_type', 'number', limits.tokens),
    scores: list('scores', 'number', limits.tokens),
    merges: list('merges', 'string', limits.merges),
  }
  const { tokens } = vocabulary
  const spelling = (key: string): string | undefined => {
    const id = own(`${key}_token_id`)
    return typeof id === 'number' ? tokens[id] : undefined
  }
  const long = tokens.find((token) => token.length > limits.tokenLength)
  if (long !== undefined) throw problem(`tokens of at most ${limits.tokenLength} characters`, `${long.length}`)

  const kind = own('model')
  const pre = own('pre') ?? 'default'
  const splitting = typeof pre === 'string' && Object.hasOwn(splittings, pre) ? splittings[pre] : undefined
  if (kind !== 'gpt2' && kind !== 'llama')
    throw problem('a tokenizer of the kind gpt2 or llama', kind === undefined ? 'none' : printable(JSON.stringify(kind), 60))
  if (kind === 'gpt2' && !splitting)
    throw problem(
      `texts split as by ${Object.keys(splittings).join(', ')}`,
      printable(JSON.stringify(pre), 60),
      'Open the folder of the published model instead, which has a tokenizer.json',
    )
  const spec = {
    version: '1.0',
    added_tokens: tokens.flatMap((content, id) => addedToken(content, id, vocabulary.types[id])),
    ...(kind === 'gpt2'
      ? bytePairs(vocabulary, splitting as Splitting)
      : pieces(vocabulary, own('add_space_prefix') !== false, spelling('unknown'))),
    post_processor: ends(
      (own('add_bos_token') ?? kind === 'llama') ? spelling('bos') : undefined,
      own('add_eos_token') ? spelling('eos') : undefined,
    ),
  }
  const config = { bos_token: spelling('bos'), eos_token: spelling('eos'), chat_template: metadata.get('tokenizer.chat_template') }
  return textTokenizer(JSON.stringify(spec), JSON.stringify(config), file)
}

function addedToken(content: string, id: number, type: number | undefined): readonly Json[] {
  if (type !== control && type !== userDefined && type !== unknown) return []
  return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: type !== userDefined }]
}

/** Ids by spelling; of two equal ones the first counts. */
const idsOf = (tokens: readonly string[]): ReadonlyMap<string, number> =>
  new Map([...tokens.entries()].reverse().map(([id, token]) => [token, id]))

const bytePairs = ({ tokens, merges }: Vocabulary, { normalizer, split, wholePieces = false }: Splitting): Json => ({
  normalizer: normalizer ?? null,
  pre_tokenizer: split,
  decoder: byteLevel(true),
  model: { type: 'BPE', vocab: Object.fromEntries(idsOf(tokens)), merges, ignore_merges: wholePieces },
})

/** In characters; SentencePiece makes none that are longer than 16 unless it is told to. */
const longestMerged = 64

/** SentencePiece's pieces with a score: pairs that make a piece are merged, the best piece first. */
function pieces({ tokens, scores }: Vocabulary, prefix: boolean, unknownToken = '<unk>'): Json {
  const ids = idsOf(tokens)
  const idOf = (piece: string): number => ids.get(piece) as number
  const merges: (readonly [left: string, right: string, score: number])[] = []
  for (const [piece, id] of ids) {
    const own: (readonly [string, string, number])[] = []
    for (let i = 1; i < piece.length && piece.length <= longestMerged; i++) {
      const [left, right] = [piece.slice(0, i), piece.slice(i)]
      if (ids.has(left) && ids.has(right)) own.push([left, right, scores[id] ?? 0])
    }
    merges.push(...own.sort((a, b) => idOf(b[0]) - idOf(a[0]) || idOf(b[1]) - idOf(a[1])))
  }
  merges.sort((a, b) => b[2] - a[2] || b[0].length - a[0].length || b[1].length - a[1].length)
  const marked = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
  return {
    normalizer: { type: 'Sequence', normalizers: [...(prefix ? [{ type: 'Prepend', prepend: '▁' }] : []), marked] },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(ids),
      merges: merges.map(([left, right]) => [left, right]),
      unk_token: unknownToken,
      byte_fallback: true,
      fuse_unk: true,
    },
  }
}

/** The tokens that begin and end every text. */
function ends(first: string | undefined, last: string | undefined): Json | null {
  const named = [first, last].filter((token) => token !== undefined)
  if (named.length === 0) return null
  const special = (id: string | undefined): readonly Json[] => (id === undefined ? [] : [{ SpecialToken: { id, type_id: 0 } }])
  return {
    type: 'TemplateProcessing',
    single: [...special(first), { Sequence: { id: 'A', type_id: 0 } }, ...special(last)],
    pair: [],
    special_tokens: Object.fromEntries(named.map((token) => [token, { id: token, tokens: [token], ids: [0] }])),
  }
}

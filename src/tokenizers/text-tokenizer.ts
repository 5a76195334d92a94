import { Tokenizer } from '@huggingface/tokenizers'
import { files } from '#files'
import { byteCount, printable } from '../weights/checkpoint-error.js'
import { exists } from '../weights/open-checkpoint.js'
import { limits } from './byte-pairs.js'
import { type ChatTemplate, chatTemplate } from './chat-template.js'
import { tokenBytes } from './token-bytes.js'
import { TokenizerError } from './tokenizer-error.js'

export interface EncodeOptions {
  /** Adds the tokens that begin and end texts, where the tokenizer has such. Default true; a text from a chat template has them already. */
  readonly special?: boolean
}

/** A published tokenizer: text into tokens and back. */
export interface TextTokenizer {
  /** One more than the largest token. */
  readonly size: number
  encode(text: string, options?: EncodeOptions): number[]
  /** The text of tokens, without special ones unless asked for. Bytes that are no UTF-8 become U+FFFD. */
  decode(tokens: readonly number[], options?: EncodeOptions): string
  /** The id of a token in its own spelling. */
  token(spelling: string): number | undefined
  /** The bytes that each token adds to a text, by id; none for special tokens, and undefined where that depends on neighbours. */
  readonly bytes: readonly (Uint8Array | undefined)[] | undefined
  /** How dialogues are written as text; undefined for a model that was not made for them. */
  readonly chat: ChatTemplate | undefined
}

/** The largest published tokenizer.json, of 262,144 tokens, has 33 MB. */
const longestFile = 2 ** 26
const mostAdded = 2 ** 16
const longestPattern = 1024

/** What genera reads of the parsed files; everything else is the library's business. */
type Json = { readonly [key: string]: unknown }

/**
 * A tokenizer.json of the tokenizers library (byte pairs, unigrams or WordPiece), and what tokenizer_config.json says beside it.
 *
 * @param configuration contents of tokenizer_config.json
 * @throws TokenizerError for what is no tokenizer, or larger than any published one
 */
export function textTokenizer(contents: string, configuration = '{}', file = 'tokenizer.json', template?: string): TextTokenizer {
  const problem: Problem = (expected, found) => new TokenizerError({ code: 'InvalidTokenizer', action: 'read', file, expected, found })
  if (contents.length > longestFile) throw tooLarge(file, `at most ${byteCount(longestFile)}`, byteCount(contents.length))
  const spec = parsed(contents, problem)
  const config = parsed(configuration, problem)
  checkTokenizer(spec, problem, file)
  let tokenizer: Tokenizer
  try {
    tokenizer = new Tokenizer(spec, config)
  } catch (cause) {
    throw problem('a tokenizer whose parts are known', cause instanceof Error ? printable(cause.message) : String(cause))
  }
  const clean = config.clean_up_tokenization_spaces === true
  const size = 1 + Math.max(-1, ...ids(spec))
  let bytes: ReturnType<typeof tokenBytes> | null = null
  return {
    size,
    get bytes() {
      if (bytes === null) bytes = tokenBytes(spec)
      return bytes
    },
    encode: (text, { special = true } = {}) => tokenizer.encode(wellFormed(text), { add_special_tokens: special }).ids,
    decode: (tokens, { special = false } = {}) =>
      tokens.length === 0 ? '' : tokenizer.decode([...tokens], { skip_special_tokens: !special, clean_up_tokenization_spaces: clean }),
    token: (spelling) => tokenizer.token_to_id(spelling),
    chat: chatTemplate(template ?? config.chat_template, config, file),
  }
}

type Problem = (expected: string, found: string) => TokenizerError

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(contents: string, problem: Problem): Json {
  let value: unknown
  try {
    value = JSON.parse(contents)
  } catch (cause) {
    throw problem('JSON', cause instanceof Error ? printable(cause.message) : String(cause))
  }
  if (!isObject(value)) throw problem('an object', Array.isArray(value) ? 'a list' : String(value))
  return value
}

/** Counts what could be made too large, before the library makes anything of it. */
function checkTokenizer(spec: Json, problem: Problem, file: string): void {
  const { model, added_tokens: added } = spec
  if (!isObject(model)) throw problem('a model', 'none')
  const kind = model.type ?? (Array.isArray(model.vocab) ? 'Unigram' : 'merges' in model ? 'BPE' : 'WordPiece')
  if (kind !== 'BPE' && kind !== 'Unigram' && kind !== 'WordPiece')
    throw problem('a model of type BPE, Unigram or WordPiece', printable(JSON.stringify(kind), 60))
  const { vocab, merges = [] } = model
  const entries = kind === 'Unigram' ? vocab : isObject(vocab) ? Object.entries(vocab) : undefined
  if (!Array.isArray(entries)) throw problem(`a vocabulary as a ${kind === 'Unigram' ? 'list' : 'table'}`, typeof vocab)
  if (entries.length > limits.tokens) throw tooLarge(file, `at most ${limits.tokens.toLocaleString('en')} tokens`, `${entries.length}`)
  if (!Array.isArray(merges)) throw problem('a list of merges', typeof merges)
  if (merges.length > limits.merges) throw tooLarge(file, `at most ${limits.merges.toLocaleString('en')} merges`, `${merges.length}`)
  for (const [token, value] of entries as unknown[][]) {
    const fits = typeof value === 'number' && (kind === 'Unigram' || (Number.isInteger(value) && value >= 0 && value < limits.tokens))
    if (typeof token !== 'string' || !fits)
      throw problem(
        `tokens with ${kind === 'Unigram' ? 'a score' : `an id below ${limits.tokens}`}`,
        printable(JSON.stringify([token, value]), 60),
      )
    if (token.length > limits.tokenLength) throw tooLarge(file, `tokens of at most ${limits.tokenLength} characters`, `${token.length}`)
  }
  if (!Array.isArray(added) || added.length > mostAdded)
    throw problem(`a list of at most ${mostAdded} added tokens`, Array.isArray(added) ? `${added.length}` : typeof added)
  for (const token of added)
    if (
      !isObject(token) ||
      typeof token.content !== 'string' ||
      !Number.isInteger(token.id) ||
      !((token.id as number) >= 0 && (token.id as number) < 2 * limits.tokens)
    )
      throw problem('added tokens with content and an id', printable(JSON.stringify(token), 60))
  checkPatterns([spec.normalizer, spec.pre_tokenizer, spec.decoder], problem)
}

/** Half a surrogate pair has no UTF-8; in its place stands U+FFFD. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD')

/** A group that repeats and is itself repeated can take for ever on a text made for it; no published pattern has one. */
const nested = /[*+}]\)[*+{]/

function checkPatterns(value: unknown, problem: Problem, depth = 0): void {
  if (depth > 32) throw problem('at most 32 levels of nesting', 'more')
  if (Array.isArray(value)) for (const item of value) checkPatterns(item, problem, depth + 1)
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) {
      if (key === 'Regex' && (typeof item !== 'string' || item.length > longestPattern || nested.test(item)))
        throw problem(`a pattern of at most ${longestPattern} characters without nested repetition`, printable(String(item), 60))
      checkPatterns(item, problem, depth + 1)
    }
}

function* ids({ model, added_tokens }: Json): Generator<number> {
  const { vocab } = model as Json
  if (Array.isArray(vocab)) yield vocab.length - 1
  else {
    let largest = -1
    for (const id of Object.values(vocab as Record<string, number>)) largest = Math.max(largest, id)
    yield largest
  }
  for (const { id } of added_tokens as readonly { id: number }[]) yield id
}

const tooLarge = (file: string, expected: string, found: string): TokenizerError =>
  new TokenizerError({ code: 'TooLarge', action: 'read', file, expected, found, hint: 'No published tokenizer is that large' })

/**
 * The tokenizer of a published model's folder: `tokenizer.json`, and if they are there `tokenizer_config.json` and `chat_template.jinja`.
 *
 * @throws TokenizerError for what is no tokenizer, CheckpointError for what cannot be read
 */
export async function openTextTokenizer(folder: string | URL): Promise<TextTokenizer> {
  const location = files.within(folder, 'tokenizer.json')
  const optional = async (name: string): Promise<string | undefined> => {
    const at = files.within(folder, name)
    return (await exists(at)) ? textOf(at) : undefined
  }
  const [contents, config, template] = [
    await textOf(location),
    await optional('tokenizer_config.json'),
    await optional('chat_template.jinja'),
  ]
  return textTokenizer(contents, config, location, template)
}

async function textOf(location: string): Promise<string> {
  const file = await files.open(location)
  if (file.size > longestFile) throw tooLarge(file.name, `at most ${byteCount(longestFile)}`, byteCount(file.size))
  return new TextDecoder().decode(await file.read(0, file.size))
}

import { key } from '../../graph/index.js'
import type { Decoder } from './decoder.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'
import {
  adjusted,
  candidatesOf,
  checkSampling,
  draw,
  type Likelihood,
  likeliest,
  logTotal,
  type Said,
  type SamplingOptions,
} from './sampling.js'

/** Why a text ended: the model ended it, a caller's condition held, or there was no room left for more. */
export type Ending = 'end' | 'stop' | 'length' | 'context'

export interface TokenOptions extends SamplingOptions {
  /** The most tokens to generate. Default 256. */
  readonly maxTokens?: number | undefined
  /** Tokens that end a text; they are not part of it. */
  readonly endTokens?: readonly number[] | undefined
  /** How many texts to make of each prompt. Default 1. */
  readonly samples?: number | undefined
  /** The same seed, prompts and options give the same tokens, whatever else is in the batch. Default 0. */
  readonly seed?: number | undefined
  /** Says with each token how probable it was, and names this many of the most probable ones. */
  readonly logProbabilities?: number | undefined
  /** Tokens from this one on are never chosen: embedding tables are often longer than their vocabularies. */
  readonly vocabulary?: number | undefined
  /** Which end of a prompt that is too long for the model is cut off; without it, such a prompt is an error. */
  readonly truncate?: 'start' | 'end' | undefined
  /** Rules tokens out before one is chosen, by setting logits to −Infinity: a grammar, for one. */
  readonly constrain?:
    | ((logits: Float32Array, said: { readonly row: number; readonly tokens: Row; readonly prompt: number }) => void)
    | undefined
  /** Asked with each token, before it is handed out, and given all that the row has generated; true ends the row. */
  readonly until?: ((generated: Row, row: number) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface GeneratedToken {
  readonly kind: 'token'
  /** Which text: sample s of prompt p is row p·samples + s. */
  readonly row: number
  readonly token: number
  /** Natural logarithm of the token's probability under the model; only if asked for. */
  readonly logProbability?: number
  /** The most probable tokens; only if asked for. */
  readonly likeliest?: readonly Likelihood[]
}

export interface EndedRow {
  readonly kind: 'ended'
  readonly row: number
  readonly ending: Ending
  /** All that was generated, without a token that ends texts. */
  readonly tokens: Row
}

interface Text {
  readonly row: number
  readonly prompt: number
  readonly tokens: number[]
}

/**
 * Continues prompts token by token. All rows that have not ended are one batch; between two tokens the caller may stop.
 *
 *     for await (const event of generateTokens(decoder, [[1, 15043]], { maxTokens: 5, temperature: 0 })) …
 *
 * @throws LanguageError for options out of range, for prompts without tokens or too long, and for logits that are no numbers
 */
export async function* generateTokens(
  decoder: Decoder,
  prompts: readonly Row[],
  options: TokenOptions = {},
): AsyncGenerator<GeneratedToken | EndedRow, void> {
  const { samples, maxTokens } = checkTokenOptions(options)
  const { endTokens = [], seed = 0, signal, until, logProbabilities } = options
  const root = key(seed)
  const fitting = prompts.map((prompt, p) => fitted(prompt, p, decoder.context, options.truncate))
  let open: Text[] = fitting.flatMap((prompt, p) =>
    Array.from({ length: samples }, (_, s) => ({ row: p * samples + s, prompt: prompt.length, tokens: [...prompt] })),
  )
  const ended = ({ row, tokens, prompt }: Text, ending: Ending): EndedRow => ({ kind: 'ended', row, ending, tokens: tokens.slice(prompt) })
  if (maxTokens === 0) for (const text of open.splice(0)) yield ended(text, 'length')
  while (open.length > 0) {
    signal?.throwIfAborted()
    const logits = await decoder.next(
      open.map(({ tokens }) => tokens),
      { signal },
    )
    const all = logits.data as Float32Array
    const width = logits.shape[1] as number
    const still: Text[] = []
    for (const [place, text] of open.entries()) {
      const own = all.subarray(place * width, (place + 1) * width)
      const token = choose(own, text, decoder, options, root.child(text.row, text.tokens.length - text.prompt))
      if (endTokens.includes(token)) {
        yield ended(text, 'end')
        continue
      }
      text.tokens.push(token)
      const stopped = until?.(text.tokens.slice(text.prompt), text.row) ?? false
      yield {
        kind: 'token',
        row: text.row,
        token,
        ...(logProbabilities !== undefined && {
          logProbability: (own[token] as number) - logTotal(own),
          likeliest: likeliest(own, logProbabilities),
        }),
      }
      const generated = text.tokens.length - text.prompt
      if (stopped) yield ended(text, 'stop')
      else if (generated >= maxTokens) yield ended(text, 'length')
      else if (text.tokens.length >= decoder.context) yield ended(text, 'context')
      else still.push(text)
    }
    open = still
  }
}

function choose(own: Float32Array, said: Text, decoder: Decoder, options: TokenOptions, draws: Parameters<typeof draw>[1]): number {
  const { vocabulary, constrain } = options
  let scores = adjusted(own, ownWords(decoder, said), options)
  if (constrain || (vocabulary !== undefined && vocabulary < own.length)) {
    if (scores === own) scores = own.slice()
    if (vocabulary !== undefined) scores.fill(Number.NEGATIVE_INFINITY, vocabulary)
    constrain?.(scores, said)
  }
  return draw(candidatesOf(scores, options), draws)
}

/** What penalties look at: not what an answer of an encoder-decoder answers to. */
export function ownWords(decoder: Decoder, { tokens, prompt }: Said): Said {
  const heard = decoder.heard?.(tokens) ?? 0
  return heard === 0 ? { tokens, prompt } : { tokens: tokens.slice(heard), prompt: prompt - heard }
}

/** What the numbers among the options must be. */
export function checkTokenOptions(options: TokenOptions): { readonly samples: number; readonly maxTokens: number } {
  checkSampling(options)
  const { samples = 1, maxTokens = 256, logProbabilities = 0 } = options
  const whole = (name: string, value: number, least: number, most: number): number => {
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new LanguageError(
      'InvalidOption',
      `Cannot generate with ${name} ${String(value)}: expected a whole number from ${least} to ${most}`,
    )
  }
  whole('logProbabilities', logProbabilities, 0, 1000)
  return { samples: whole('samples', samples, 1, 1024), maxTokens: whole('maxTokens', maxTokens, 0, 2 ** 31) }
}

/** A prompt that leaves room for at least one token. */
export function fitted(prompt: Row, index: number, context: number, truncate: 'start' | 'end' | undefined): Row {
  const room = context - 1
  if (prompt.length <= room) return prompt
  if (truncate === 'start') return prompt.slice(prompt.length - room)
  if (truncate === 'end') return prompt.slice(0, room)
  throw new LanguageError(
    'ContextTooLong',
    `Cannot continue prompt ${index}: it has ${prompt.length} tokens, the model reads ${context} and one of them must be left to answer with`,
    "Shorten it, or choose what to cut: { truncate: 'start' } or { truncate: 'end' }",
  )
}

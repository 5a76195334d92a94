import { type BeamOptions, beamSearch } from './beam-search.js'
import type { Decoder } from './decoder.js'
import { type Ending, generateTokens, type TokenOptions } from './generate-tokens.js'
import type { JsonSchema } from './json-schema.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'
import type { Likelihood } from './sampling.js'
import { schemaConstraint, type TokenTable } from './schema-constraint.js'
import { TextStream } from './text-stream.js'

/** What generation asks of a tokenizer. */
export interface TextCodec {
  /** One more than the largest token. */
  readonly size: number
  encode(text: string): Row
  /** The text of tokens; bytes that are no UTF-8 become U+FFFD. */
  decode(tokens: Row): string
  /** The bytes that each token adds to a text; only answers that keep to a schema need them. */
  readonly bytes?: TokenTable | undefined
}

export interface LanguageModel {
  readonly decoder: Decoder
  readonly tokenizer: TextCodec
  /** Tokens that end a text, beside those that a caller names. */
  readonly endTokens?: readonly number[] | undefined
}

export interface TextOptions extends Omit<TokenOptions, 'until' | 'vocabulary'>, Partial<Omit<BeamOptions, keyof TokenOptions>> {
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: string | readonly string[] | undefined
  /** A JSON schema: the answer is JSON that keeps to it, unless it ends for want of room (`length` or `context`). */
  readonly schema?: JsonSchema | undefined
}

export interface TextPiece {
  readonly kind: 'text'
  /** Which text: sample s of prompt p is row p·samples + s. */
  readonly row: number
  /** What has become certain; never half a character, never part of a stop string. */
  readonly text: string
}

export interface TextToken {
  readonly kind: 'token'
  readonly row: number
  readonly token: number
  readonly logProbability: number
  readonly likeliest: readonly Likelihood[]
}

export interface TextResult {
  readonly kind: 'result'
  readonly row: number
  readonly text: string
  /** How many tokens the model has made. */
  readonly tokens: number
  readonly ending: Ending
  /** Only of a beam search. */
  readonly score?: number
}

const mostStops = 64
const longestStop = 1024

/**
 * Continues texts, or rows of tokens, and says what comes as it comes. Leaving the loop, or the signal, ends it between two tokens.
 *
 *     for await (const event of generateText(model, 'Once upon a time', { maxTokens: 50 }))
 *       if (event.kind === 'text') process.stdout.write(event.text)
 *
 * With `beams` the texts of each prompt come when all are found, the best first.
 *
 * @throws LanguageError as `generateTokens` does
 */
export async function* generateText(
  { decoder, tokenizer, endTokens = [] }: LanguageModel,
  prompts: string | readonly (string | Row)[],
  { stop = [], beams, lengthPenalty, earlyStopping, schema, ...options }: TextOptions = {},
): AsyncGenerator<TextPiece | TextToken | TextResult, void> {
  const stops = checkedStops(stop)
  const rows = (typeof prompts === 'string' ? [prompts] : prompts).map((prompt) =>
    typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt,
  )
  const shared = { ...options, vocabulary: tokenizer.size, endTokens: [...endTokens, ...(options.endTokens ?? [])] }
  if (schema !== undefined && (beams !== undefined || options.constrain))
    throw new LanguageError('InvalidOption', `Cannot keep to a schema with ${beams === undefined ? 'another constraint' : 'beams'}`)
  if (beams !== undefined) {
    yield* searched(decoder, tokenizer, rows, { ...shared, beams, lengthPenalty, earlyStopping }, stops)
    return
  }
  const constraint = schema === undefined ? undefined : schemaConstraint(schema, bytesOf(tokenizer), shared.endTokens)
  const streams = new Map<number, TextStream>()
  const texts = new Map<number, string>()
  const fresh: TextPiece[] = []
  const say = (row: number, text: string): void => {
    if (text === '') return
    texts.set(row, (texts.get(row) ?? '') + text)
    fresh.push({ kind: 'text', row, text })
  }
  const streamOf = (row: number): TextStream => {
    const known = streams.get(row) ?? new TextStream((tokens) => tokenizer.decode(tokens), stops)
    streams.set(row, known)
    return known
  }
  const until = (generated: Row, row: number): boolean => {
    const { text, stopped } = streamOf(row).push(generated.at(-1) as number)
    say(row, text)
    return stopped || (constraint?.ended(generated, row) ?? false)
  }
  for await (const event of generateTokens(decoder, rows, { ...shared, ...(constraint && { constrain: constraint.constrain }), until })) {
    if (event.kind === 'token') {
      const { row, token, logProbability, likeliest } = event
      if (logProbability !== undefined) yield { kind: 'token', row, token, logProbability, likeliest: likeliest ?? [] }
    } else {
      const { row, tokens, ending } = event
      const rest = streamOf(row).end()
      say(row, rest.text)
      yield* fresh.splice(0)
      const whole = ending === 'stop' && !rest.stopped ? 'end' : ending // the schema ended it
      yield { kind: 'result', row, text: texts.get(row) ?? '', tokens: tokens.length, ending: rest.stopped ? 'stop' : whole }
    }
    yield* fresh.splice(0)
  }
}

function bytesOf({ bytes }: TextCodec): TokenTable {
  if (bytes) return bytes
  throw new LanguageError('InvalidSchema', 'Cannot keep to a JSON schema: the tokenizer does not say what bytes its tokens are')
}

async function* searched(
  decoder: Decoder,
  tokenizer: TextCodec,
  rows: readonly Row[],
  options: BeamOptions & Pick<TokenOptions, 'samples'>,
  stops: readonly string[],
): AsyncGenerator<TextResult, void> {
  if (stops.length > 0)
    throw new LanguageError('InvalidOption', 'Cannot search with beams and stop: stop strings need texts that come token by token')
  const { samples = 1, beams } = options
  if (samples > beams)
    throw new LanguageError('InvalidOption', `Cannot give ${samples} samples of each prompt: a search with ${beams} beams finds ${beams}`)
  const found = await beamSearch(decoder, rows, options)
  for (const [p, texts] of found.entries())
    for (const [s, { tokens, score, ending }] of texts.slice(0, samples).entries())
      yield {
        kind: 'result',
        row: p * samples + s,
        text: tokens.length > 0 ? tokenizer.decode(tokens) : '',
        tokens: tokens.length,
        ending,
        score,
      }
}

function checkedStops(stop: string | readonly string[]): readonly string[] {
  const stops = typeof stop === 'string' ? [stop] : stop
  if (stops.length > mostStops)
    throw new LanguageError('InvalidOption', `Cannot stop at ${stops.length} strings: expected at most ${mostStops}`)
  for (const text of stops)
    if (text.length === 0 || text.length > longestStop)
      throw new LanguageError('InvalidOption', `Cannot stop at a string of ${text.length} characters: expected 1 to ${longestStop}`)
  return stops
}

/** The whole text of one prompt. */
export async function completeText(model: LanguageModel, prompt: string | Row, options: TextOptions = {}): Promise<string> {
  for await (const event of generateText(model, [prompt], options)) if (event.kind === 'result') return event.text
  return ''
}

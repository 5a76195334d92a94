import type { Decoder } from './decoder.js'
import { checkTokenOptions, fitted, ownWords, type TokenOptions } from './generate-tokens.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'
import { adjusted, likeliest, logTotal, mostProbable, type Said } from './sampling.js'

export interface BeamOptions
  extends Pick<TokenOptions, 'maxTokens' | 'endTokens' | 'vocabulary' | 'truncate' | 'signal' | 'logitBias' | 'repetitionPenalty'> {
  /** How many unfinished texts are followed at once. */
  readonly beams: number
  /** A text's score is its log-probability divided by its length to this power: above 0 long texts gain. Default 1. */
  readonly lengthPenalty?: number | undefined
  /**
   * When to stop: as soon as there are as many finished texts as beams (true), when the best unfinished one would not do better if it ended
   * now (false), or when it could not do better at any length ('never'). Default false.
   */
  readonly earlyStopping?: boolean | 'never' | undefined
}

export interface BeamText {
  /** What was generated, without the token that ended it. */
  readonly tokens: Row
  readonly score: number
  readonly ending: 'end' | 'length'
}

interface Beam {
  /** What was generated, the end token included. */
  readonly tokens: Row
  /** Sum of log-probabilities. */
  readonly score: number
}

interface Search {
  readonly prompt: Row
  running: readonly Beam[]
  finished: readonly (Beam & { readonly ending: BeamText['ending'] })[]
  done: boolean
}

/**
 * The most probable continuations of each prompt that `beams` parallel attempts find, the best first: `beams` texts per prompt. Follows the
 * reference library step by step, so that scores and order are its own.
 *
 * @throws LanguageError as `generateTokens` does
 */
export async function beamSearch(
  decoder: Decoder,
  prompts: readonly Row[],
  options: BeamOptions,
): Promise<readonly (readonly BeamText[])[]> {
  const { beams, endTokens = [], signal, truncate } = options
  const { maxTokens } = checkTokenOptions(options)
  if (!Number.isInteger(beams) || beams < 1 || beams > 256)
    throw new LanguageError('InvalidOption', `Cannot search with beams ${String(beams)}: expected a whole number from 1 to 256`)
  const searches = prompts.map(
    (prompt, p): Search => ({
      prompt: fitted(prompt, p, decoder.context, truncate),
      running: [{ tokens: [], score: 0 }],
      finished: [],
      done: maxTokens === 0,
    }),
  )
  for (let open = searches.filter(({ done }) => !done); open.length > 0; open = open.filter(({ done }) => !done)) {
    const rows = open.flatMap(({ prompt, running }) => running.map(({ tokens }) => [...prompt, ...tokens]))
    const logits = await decoder.next(rows, { signal })
    const width = logits.shape[1] as number
    let row = 0
    for (const search of open) {
      const limit = Math.min(maxTokens, decoder.context - search.prompt.length)
      const scored = search.running.map((beam) => {
        const own = (logits.data as Float32Array).subarray(row * width, (row + 1) * width)
        row++
        return {
          beam,
          logProbabilities: logProbabilitiesOf(
            own,
            ownWords(decoder, { tokens: [...search.prompt, ...beam.tokens], prompt: search.prompt.length }),
            options,
          ),
        }
      })
      advance(search, scored, { ...options, endTokens, limit })
    }
  }
  return searches.map(({ finished }) =>
    finished.map(({ tokens, score, ending }) => ({ tokens: ending === 'end' ? tokens.slice(0, -1) : tokens, score, ending })),
  )
}

/** As in the reference, penalties change the log-probabilities, which then no longer sum to 1. */
function logProbabilitiesOf(logits: Float32Array, said: Said, options: BeamOptions): Float32Array {
  mostProbable(logits) // says which logit is no number
  const total = logTotal(logits)
  const plain = logits.map((logit) => logit - total)
  const scores = adjusted(plain, said, options)
  if (options.vocabulary !== undefined) scores.fill(Number.NEGATIVE_INFINITY, options.vocabulary)
  return scores
}

interface Scored {
  readonly beam: Beam
  readonly logProbabilities: Float32Array
}

interface Step extends BeamOptions {
  readonly endTokens: readonly number[]
  /** The most tokens that this prompt can be given. */
  readonly limit: number
}

/** One token further for one prompt. */
function advance(search: Search, scored: readonly Scored[], options: Step): void {
  const { beams, endTokens, limit, lengthPenalty = 1, earlyStopping = false } = options
  // Enough that, whatever ends, as many beams can go on as before.
  const wanted = Math.max(2, 1 + endTokens.length) * beams
  const candidates = best(
    scored.flatMap(({ beam, logProbabilities }) =>
      topOf(logProbabilities, wanted).map((token) => ({
        tokens: [...beam.tokens, token],
        score: beam.score + (logProbabilities[token] as number),
      })),
    ),
    wanted,
  )
  const length = (candidates[0] as Beam).tokens.length
  const ends = ({ tokens }: Beam): boolean => endTokens.includes(tokens.at(-1) as number)
  const full = length >= limit
  const ended = candidates.slice(0, beams).filter((beam) => full || ends(beam))
  const { finished } = search
  if (!(earlyStopping === true && finished.length >= beams))
    search.finished = best(
      [
        ...finished,
        ...ended.map((beam) => ({ ...beam, score: beam.score / length ** lengthPenalty, ending: ends(beam) ? 'end' : 'length' }) as const),
      ],
      beams,
    )
  search.running = candidates.filter((beam) => !ends(beam)).slice(0, beams)
  const hypothetical = earlyStopping === 'never' && lengthPenalty > 0 ? limit : length
  const reachable = (search.running[0]?.score ?? Number.NEGATIVE_INFINITY) / hypothetical ** lengthPenalty
  const enough = search.finished.length >= beams
  const worst = search.finished.at(-1)?.score ?? Number.NEGATIVE_INFINITY
  search.done = full || search.running.length === 0 || (enough && (earlyStopping === true || reachable <= worst))
}

/** The highest scores, the first among equals first. */
const best = <T extends { readonly score: number }>(items: readonly T[], count: number): readonly T[] =>
  [...items].sort((a, b) => b.score - a.score).slice(0, count)

const topOf = (scores: Float32Array, count: number): readonly number[] => likeliest(scores, count).map(({ token }) => token)

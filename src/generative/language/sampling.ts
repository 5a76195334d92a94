import { type Key, uniform } from '../../graph/index.js'
import { Heap } from '../../tokenizers/heap.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'

/** How a token is chosen. The steps come in this order, which is that of the reference library. */
export interface SamplingOptions {
  /** Added to the logits of single tokens; −Infinity rules one out. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined
  /** Divides the logits of tokens that the text holds already, prompt included (Keskar et al. 2019, section 4.1); 1 does nothing. */
  readonly repetitionPenalty?: number | undefined
  /** Subtracted from the logits of tokens that have been generated, once each; from −2 to 2. */
  readonly presencePenalty?: number | undefined
  /** Subtracted from the logits of tokens for every time that they have been generated; from −2 to 2. */
  readonly frequencyPenalty?: number | undefined
  /** Divides the logits: 1 draws from the model's own distribution, 0 takes the most probable token. Default 1. */
  readonly temperature?: number | undefined
  /** Only the most probable tokens, and those as probable as the last of them; 0 for all. */
  readonly topK?: number | undefined
  /** Only the most probable tokens that together have this probability (Holtzman et al. 2020); 1 for all. */
  readonly topP?: number | undefined
  /** Only tokens at least this share as probable as the most probable one (Nguyen et al. 2024). */
  readonly minP?: number | undefined
  /** Only the tokens closest to the expected surprise that together have this probability (Meister et al. 2023); 1 for all. */
  readonly typicalP?: number | undefined
}

/** What has been said: penalties look at it. */
export interface Said {
  /** The whole text, prompt first. */
  readonly tokens: Row
  /** How many of them are the prompt. */
  readonly prompt: number
}

type Range = readonly [name: keyof SamplingOptions, least: number, most: number]
const ranges: readonly Range[] = [
  ['repetitionPenalty', Number.MIN_VALUE, Number.MAX_VALUE],
  ['presencePenalty', -2, 2],
  ['frequencyPenalty', -2, 2],
  ['temperature', 0, Number.MAX_VALUE],
  ['topK', 0, Number.MAX_SAFE_INTEGER],
  ['topP', 0, 1],
  ['minP', 0, 1],
  ['typicalP', 0, 1],
]

/** @throws LanguageError for an option out of its range */
export function checkSampling(options: SamplingOptions): void {
  for (const [name, least, most] of ranges) {
    const value = options[name]
    if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) continue
    const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : least === 0 ? 'of 0 or more' : 'above 0'
    throw new LanguageError('InvalidOption', `Cannot sample with ${name} ${String(value)}: expected a number ${range}`)
  }
  if (options.topK !== undefined && !Number.isInteger(options.topK))
    throw new LanguageError('InvalidOption', `Cannot sample with topK ${options.topK}: expected a whole number of tokens`)
}

/** The logits after bias and penalties; the given ones are left as they are. */
export function adjusted(
  logits: Float32Array,
  { tokens, prompt }: Said,
  { logitBias, repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 }: SamplingOptions,
): Float32Array {
  if (!logitBias && repetitionPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return logits
  const scores = logits.slice()
  for (const [token, bias] of Object.entries(logitBias ?? {}))
    if (Number(token) < scores.length) scores[Number(token)] = (scores[Number(token)] as number) + bias
  if (repetitionPenalty !== 1)
    for (const token of new Set(tokens)) {
      const score = scores[token] as number
      scores[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty
    }
  if (presencePenalty !== 0 || frequencyPenalty !== 0) {
    const counts = new Map<number, number>()
    for (const token of tokens.slice(prompt)) counts.set(token, (counts.get(token) ?? 0) + 1)
    for (const [token, count] of counts) scores[token] = (scores[token] as number) - presencePenalty - count * frequencyPenalty
  }
  return scores
}

/** The place of the largest logit. @throws LanguageError if one is no number, or if none is finite */
export function mostProbable(scores: Float32Array): number {
  let best = -1
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number
    if (Number.isNaN(score)) throw unusable(`logit ${i} of ${scores.length} is not a number`)
    if (score > largest) {
      largest = score
      best = i
    }
  }
  if (best < 0) throw unusable('every token is ruled out')
  if (largest === Number.POSITIVE_INFINITY) throw unusable(`logit ${best} of ${scores.length} is infinite`)
  return best
}

const unusable = (problem: string): LanguageError =>
  new LanguageError('InvalidLogits', `Cannot choose a token: ${problem}`, 'Half precision may have overflowed: run the model in float32')

/** Tokens that may come next and their probabilities, which sum to 1. */
export interface Candidates {
  readonly tokens: readonly number[]
  readonly probabilities: readonly number[]
}

/** What is left to draw from after temperature and all cuts. */
export function candidatesOf(
  scores: Float32Array,
  { temperature = 1, topK = 0, topP = 1, minP = 0, typicalP = 1 }: SamplingOptions,
): Candidates {
  const best = mostProbable(scores)
  if (temperature === 0) return { tokens: [best], probabilities: [1] }
  const top = scores[best] as number
  const least = topK > 0 && topK < scores.length ? kthLargest(scores, topK) : Number.NEGATIVE_INFINITY
  let tokens: number[] = []
  let weights: number[] = []
  let total = 0
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number
    if (score < least || score === Number.NEGATIVE_INFINITY) continue
    const weight = Math.exp((score - top) / temperature)
    total += weight
    tokens.push(i)
    weights.push(weight)
  }
  /** Keeps the places for which the test holds. */
  const keep = (test: (weight: number, place: number) => boolean): void => {
    const places = weights.flatMap((weight, place) => (test(weight, place) ? [place] : []))
    tokens = places.map((place) => tokens[place] as number)
    weights = places.map((place) => weights[place] as number)
    total = weights.reduce((sum, weight) => sum + weight, 0)
  }
  if (topP < 1) {
    const whole = total
    // What is rarer than an equal share of the mass to be cut away is cut away, so only the others need an order.
    keep((weight) => weight >= ((1 - topP) * whole) / scores.length)
    const order = weights.map((_, place) => place).sort((a, b) => (weights[b] as number) - (weights[a] as number))
    tokens = order.map((place) => tokens[place] as number)
    weights = order.map((place) => weights[place] as number)
    let before = 0
    keep((weight, place) => {
      const kept = place === 0 || before < topP * whole
      before += weight
      return kept
    })
  }
  if (minP > 0) keep((weight) => weight >= minP) // the largest weight is 1
  if (typicalP < 1) {
    const typical = typicalPlaces(weights, total, typicalP)
    keep((_, place) => typical.has(place))
  }
  return { tokens, probabilities: weights.map((weight) => weight / total) }
}

/** The smallest of the `count` largest elements. */
function kthLargest(scores: Float32Array, count: number): number {
  const smallest = new Heap<number>((a, b) => a < b)
  for (let i = 0; i < count; i++) smallest.push(scores[i] as number)
  let least = smallest.pop() as number
  for (let i = count; i < scores.length; i++) {
    const score = scores[i] as number
    if (score <= least) continue
    smallest.push(score)
    least = smallest.pop() as number
  }
  return least
}

/** The places whose surprise is closest to the expected one and that together have the mass. */
function typicalPlaces(weights: readonly number[], total: number, mass: number): Set<number> {
  const probabilities = weights.map((weight) => weight / total)
  const entropy = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0)
  const distance = probabilities.map((p) => Math.abs(-Math.log(p) - entropy))
  const order = weights.map((_, place) => place).sort((a, b) => (distance[a] as number) - (distance[b] as number))
  let sum = 0
  let last = 0
  while (last < order.length - 1 && sum + (probabilities[order[last] as number] as number) < mass)
    sum += probabilities[order[last++] as number] as number
  const farthest = distance[order[last] as number] as number
  return new Set(order.filter((place) => (distance[place] as number) <= farthest))
}

/** One of the candidates, by one number of the key. */
export function draw({ tokens, probabilities }: Candidates, key: Key): number {
  if (tokens.length === 1) return tokens[0] as number
  const share = uniform(key, [1]).at(0)
  let sum = 0
  for (const [place, probability] of probabilities.entries()) {
    sum += probability
    if (share < sum) return tokens[place] as number
  }
  return tokens.at(-1) as number // the shares fell short of 1 by rounding
}

/** A token and the natural logarithm of its probability, as the model has it before any option. */
export interface Likelihood {
  readonly token: number
  readonly logProbability: number
}

/** log Σ exp, so that a logit less this is a log-probability. */
export function logTotal(logits: Float32Array): number {
  const top = logits[mostProbable(logits)] as number
  let total = 0
  for (const logit of logits) total += Math.exp(logit - top)
  return top + Math.log(total)
}

/** The `count` most probable tokens, the first the most probable. */
export function likeliest(logits: Float32Array, count: number): Likelihood[] {
  if (count === 0) return []
  const total = logTotal(logits)
  const least = count < logits.length ? kthLargest(logits, count) : Number.NEGATIVE_INFINITY
  const found: Likelihood[] = []
  logits.forEach((logit, token) => {
    if (logit >= least) found.push({ token, logProbability: logit - total })
  })
  return found.sort((a, b) => b.logProbability - a.logProbability).slice(0, count)
}

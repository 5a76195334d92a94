import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { key } from '../../graph/index.js'
import { adjusted, candidatesOf, checkSampling, draw, likeliest, type SamplingOptions } from './sampling.js'

interface Stored {
  readonly logits: readonly number[]
  readonly text: readonly number[]
  readonly cases: readonly { readonly options: SamplingOptions; readonly tokens: number[]; readonly probabilities: number[] }[]
}
const stored = JSON.parse(readFileSync(new URL('../../../tests/fixtures/language/sampling.json', import.meta.url), 'utf8')) as Stored
const logits = Float32Array.from(stored.logits)
const said = { tokens: stored.text, prompt: 2 }

describe('candidatesOf()', () => {
  test.each(stored.cases.map((one) => [JSON.stringify(one.options), one] as const))('keeps what the reference keeps: %s', (_, one) => {
    const { tokens, probabilities } = candidatesOf(adjusted(logits, said, one.options), one.options)
    const byToken = new Map(tokens.map((token, i) => [token, probabilities[i] as number]))
    expect([...byToken.keys()].sort((a, b) => a - b)).toEqual(one.tokens)
    for (const [i, token] of one.tokens.entries()) expect(byToken.get(token)).toBeCloseTo(one.probabilities[i] as number, 6)
  })

  test('takes the most probable token at temperature 0, the first among equals', () => {
    expect(candidatesOf(Float32Array.of(1, 3, 3, 2), { temperature: 0, topK: 3 }).tokens).toEqual([1])
  })

  test('keeps one token at least', () => {
    for (const options of [{ topP: 0 }, { minP: 1 }, { typicalP: 0 }, { topK: 1 }])
      expect(candidatesOf(Float32Array.of(0, 5, 1), options).tokens).toEqual([1])
  })

  test('never keeps a token that was ruled out', () => {
    const scores = Float32Array.of(1, Number.NEGATIVE_INFINITY, 2)
    expect(candidatesOf(scores, {}).tokens).toEqual([0, 2])
    expect(candidatesOf(scores, { topK: 3, topP: 0.99 }).tokens.toSorted()).toEqual([0, 2])
  })

  test('says which logit is no number', () => {
    expect(() => candidatesOf(Float32Array.of(1, Number.NaN), {})).toThrow('Cannot choose a token: logit 1 of 2 is not a number')
    expect(() => candidatesOf(Float32Array.of(1, Number.POSITIVE_INFINITY), {})).toThrow('logit 1 of 2 is infinite')
    expect(() => candidatesOf(new Float32Array(2).fill(Number.NEGATIVE_INFINITY), {})).toThrow('every token is ruled out')
  })
})

describe('adjusted()', () => {
  test('leaves the given logits alone', () => {
    const before = logits.slice()
    adjusted(logits, said, { repetitionPenalty: 2, presencePenalty: 1, frequencyPenalty: 1, logitBias: { 3: 4 } })
    expect(logits).toEqual(before)
  })

  test('counts only what was generated for presence and frequency', () => {
    const scores = adjusted(new Float32Array(6), { tokens: [1, 2, 3, 3, 5], prompt: 2 }, { presencePenalty: 0.5, frequencyPenalty: 0.25 })
    expect([...scores]).toEqual([0, 0, 0, -1, 0, -0.75])
  })

  test('adds the bias before the repetition penalty', () => {
    expect([...adjusted(Float32Array.of(1, 1), { tokens: [1], prompt: 1 }, { logitBias: { 1: -3 }, repetitionPenalty: 2 })]).toEqual([
      1, -4,
    ])
  })
})

test('draw() meets the probabilities', () => {
  const candidates = { tokens: [4, 9, 2], probabilities: [0.5, 0.3, 0.2] }
  const counts = new Map<number, number>()
  for (let i = 0; i < 4000; i++) {
    const token = draw(candidates, key(1).child(i))
    counts.set(token, (counts.get(token) ?? 0) + 1)
  }
  for (const [i, token] of candidates.tokens.entries())
    expect((counts.get(token) as number) / 4000).toBeCloseTo(candidates.probabilities[i] as number, 1)
})

test('likeliest() orders log-probabilities', () => {
  const found = likeliest(Float32Array.of(0, Math.log(2), Math.log(5)), 2)
  expect(found.map(({ token }) => token)).toEqual([2, 1])
  expect(found[0]?.logProbability).toBeCloseTo(Math.log(5 / 8), 6)
})

test.each([
  [{ temperature: -1 }, 'Cannot sample with temperature -1: expected a number of 0 or more'],
  [{ topP: 1.5 }, 'Cannot sample with topP 1.5: expected a number from 0 to 1'],
  [{ topK: 2.5 }, 'Cannot sample with topK 2.5: expected a whole number of tokens'],
  [{ repetitionPenalty: 0 }, 'Cannot sample with repetitionPenalty 0: expected a number above 0'],
  [{ presencePenalty: Number.NaN }, 'Cannot sample with presencePenalty NaN: expected a number from -2 to 2'],
])('checkSampling() refuses %j', (options, sentence) => {
  expect(() => checkSampling(options)).toThrow(sentence)
})

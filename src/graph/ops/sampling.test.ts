import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../compile.js'
import { array, type NDArray } from '../ndarray.js'
import { gumbel, key } from '../random/index.js'
import type { Tensor } from '../tensor.js'
import { softmax } from './normalisation.js'
import { gumbelArgMax, minPMask, nucleusMask, topKMask } from './sampling.js'

const mask = compile((probabilities: Tensor, p: Tensor) => nucleusMask(probabilities, p))
const flags = (x: NDArray): boolean[] => [...x.data].map(Boolean)

/** Nucleus sampling as its paper says it: sort, and take classes until their mass reaches p. */
function bySorting(probabilities: readonly number[], p: number): boolean[] {
  const order = probabilities.map((_, i) => i).sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number))
  const kept = new Set<number>()
  let mass = 0
  for (const i of order) {
    if (mass >= p && kept.size > 0) break
    mass += probabilities[i] as number
    kept.add(i)
  }
  return probabilities.map((_, i) => kept.has(i))
}

test('nucleusMask() keeps what sorting keeps', async () => {
  const row = fc.tuple(fc.nat(), fc.double({ min: 0.5, max: 12, noNaN: true }), fc.double({ min: 0.05, max: 0.99, noNaN: true }))
  await fc.assert(
    fc.asyncProperty(row, async ([seed, sharpness, p]) => {
      const logits = gumbel(key(seed), [500])
      const total = [...logits.data].reduce((sum, x) => sum + Math.exp(x * sharpness), 0)
      const probabilities = array([...logits.data].map((x) => Math.exp(x * sharpness) / total))
      const wanted = bySorting([...probabilities.data].map(Number), p)
      expect(flags(await mask(probabilities, array(p)))).toEqual(wanted)
    }),
    { numRuns: 30, seed: 7 },
  )
})

test('nucleusMask() keeps the most probable class for p = 0 and every possible one for p = 1', async () => {
  const probabilities = array([1e-12, 0.3, 0.7 - 1e-7, 0])
  expect(flags(await mask(probabilities, array(0)))).toEqual([false, false, true, false])
  expect(flags(await mask(probabilities, array(1)))).toEqual([true, true, true, false])
})

test('nucleusMask() takes another mass for each row', async () => {
  const probabilities = array([
    [0.6, 0.3, 0.1],
    [0.6, 0.3, 0.1],
  ])
  expect(flags(await mask(probabilities, array([[0.5], [0.95]])))).toEqual([true, false, false, true, true, true])
})

test('topKMask() and minPMask() are true for the classes that may be drawn', async () => {
  const masks = compile((x: Tensor) => [topKMask(x, 2), topKMask(x, 10), minPMask(x, 0.5)])
  const [top, all, likely] = await masks(array([0.2, 0.5, 0.25, 0.05]))
  expect(flags(top as NDArray)).toEqual([false, true, true, false])
  expect(flags(all as NDArray)).toEqual([true, true, true, true])
  expect(flags(likely as NDArray)).toEqual([false, true, true, false])
})

test('gumbelArgMax() draws classes as often as softmax says', async () => {
  const draws = 20_000
  const logits = array([0, 1, 2])
  const program = compile((logits: Tensor, noise: Tensor) => [gumbelArgMax(logits, noise), softmax(logits)])
  const [drawn, probabilities] = await program(logits, gumbel(key(3), [draws, 3]))
  const counts = [0, 0, 0]
  for (const value of (drawn as NDArray).data) counts[Number(value)] = (counts[Number(value)] as number) + 1
  counts.forEach((count, i) => void expect(Math.abs(count / draws - (probabilities as NDArray).at(i))).toBeLessThan(0.012))
})

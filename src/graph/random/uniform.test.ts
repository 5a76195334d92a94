import fc from 'fast-check'
import { expect, test } from 'vitest'
import { key } from './key.js'
import { bernoulli, uniform } from './uniform.js'

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const floats = fc.float({ min: -1e6, max: 1e6, noNaN: true })

test('uniform() draws the numbers it drew when this test was written', () => {
  expect([...uniform(key(7).child('noise'), [4]).data]).toEqual([
    0.2371312379837036, 0.45007455348968506, 0.6860146522521973, 0.7942298054695129,
  ])
})

test('uniform() stays at or above low and below high, whatever rounding says', () => {
  fc.assert(
    fc.property(seeds, floats, floats, (seed, a, b) => {
      fc.pre(a !== b)
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      for (const x of uniform(key(seed), [300], { low, high }).data) expect(x >= low && x < high).toBe(true)
    }),
  )
})

test('uniform() never reaches a high that its numbers would round to', () => {
  const high = 1 + 2 ** -23 // only 1 itself lies below
  expect(new Set(uniform(key(0), [1000], { low: 1, high }).data)).toEqual(new Set([1]))
  expect(Math.max(...uniform(key(0), [1000], { low: -(2 ** -148), high: 0 }).data)).toBeLessThan(0)
})

test('uniform() gives element i the same value in arrays of any size', () => {
  expect(uniform(key(3), [5]).data).toEqual(uniform(key(3), [50, 70]).data.subarray(0, 5))
})

test('uniform() refuses an empty or endless range', () => {
  expect(() => uniform(key(0), [1], { low: 1, high: 1 })).toThrow('Cannot draw float32 numbers from [1, 1): low must be below high')
  expect(() => uniform(key(0), [1], { high: Number.POSITIVE_INFINITY })).toThrow('both finite')
})

test('bernoulli() is always true at 1, never at 0, and nested in between', () => {
  const draw = (p: number) => [...bernoulli(key(4), [1000], p).data]
  expect(new Set(draw(0))).toEqual(new Set([0]))
  expect(new Set(draw(1))).toEqual(new Set([1]))
  const more = draw(0.6)
  draw(0.3).forEach((flag, i) => {
    expect(flag).toBeLessThanOrEqual(more[i] as number)
  })
})

test('bernoulli() refuses what is no probability', () => {
  expect(() => bernoulli(key(0), [1], 1.2)).toThrow('Cannot draw booleans that are true with probability 1.2: it is from 0 to 1')
})

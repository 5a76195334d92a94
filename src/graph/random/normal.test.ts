import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { key } from './key.js'
import { normal, normalBatch, truncatedNormal } from './normal.js'

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const lengths = fc.integer({ min: 0, max: 3000 })

test('normal() draws the numbers it drew when this test was written', () => {
  expect([...normal(key(7).child('noise'), [5]).data]).toEqual([
    -0.408621609210968, -0.5051966905593872, 0.6774624586105347, -0.26813095808029175, 0.7840868234634399,
  ])
})

test.each([
  ['normal()', normal],
  ['truncatedNormal()', truncatedNormal],
])('%s gives element i the same value in arrays of any size and shape', (_, draw) => {
  fc.assert(
    fc.property(seeds, lengths, lengths, (seed, a, b) => {
      const [short, long] = [Math.min(a, b), Math.max(a, b)]
      expect(draw(key(seed), [short]).data).toEqual(draw(key(seed), [1, long]).data.subarray(0, short))
    }),
    { numRuns: 30 },
  )
})

test('normal() shifts and spreads the same standard numbers', () => {
  const standard = normal(key(1), [100]).data
  expect(normal(key(1), [100], { mean: 3, std: 2 }).at(17)).toBeCloseTo(3 + 2 * (standard[17] as number), 6)
  expect([...normal(key(1), [3], { mean: 3, std: 0 }).data]).toEqual([3, 3, 3])
})

test('normal() refuses a negative spread', () => {
  expect(() => normal(key(1), [2], { std: -1 })).toThrow('Cannot draw normal numbers with mean 0 and std -1')
})

describe('normalBatch()', () => {
  const keys = Array.from({ length: 5 }, (_, i) => key(3).child('sample', i))

  test('gives sample k the same noise in a batch of any size', () => {
    const batch = normalBatch(keys, [4, 3, 7])
    expect(batch.shape).toEqual([5, 4, 3, 7])
    keys.forEach((sample, k) => {
      expect(batch.data.subarray(k * 84, (k + 1) * 84)).toEqual(normal(sample, [4, 3, 7]).data)
    })
    expect(normalBatch(keys.slice(0, 2), [4, 3, 7]).data).toEqual(batch.data.subarray(0, 168))
  })

  test('takes odd sizes, and no keys at all', () => {
    expect(normalBatch(keys, [3]).data.subarray(3, 6)).toEqual(normal(keys[1] as (typeof keys)[0], [3]).data)
    expect(normalBatch([], [3]).shape).toEqual([0, 3])
  })
})

describe('truncatedNormal()', () => {
  test('stays within its bounds, which count standard deviations', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: -2, max: 0, noNaN: true }), fc.double({ min: 0.1, max: 2, noNaN: true }), (seed, low, high) => {
        for (const x of truncatedNormal(key(seed), [500], { mean: 5, std: 0.5, low, high }).data) {
          expect(x).toBeGreaterThanOrEqual(Math.fround(5 + 0.5 * low))
          expect(x).toBeLessThanOrEqual(Math.fround(5 + 0.5 * high))
        }
      }),
      { numRuns: 50 },
    )
  })

  test('leaves alone what was inside already', () => {
    const wide = truncatedNormal(key(9), [1000], { low: -8, high: 8 }).data
    const cut = truncatedNormal(key(9), [1000]).data
    wide.forEach((x, i) => {
      if (Math.abs(x) <= 2) expect(cut[i]).toBe(x)
    })
  })

  test('refuses a window that nothing falls into', () => {
    expect(() => truncatedNormal(key(0), [1], { low: 5, high: 6 })).toThrow(
      'Cannot draw normal numbers between 5 and 6 standard deviations',
    )
    expect(() => truncatedNormal(key(0), [1], { low: 2, high: -2 })).toThrow('low must be the smaller')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { integers, permutation } from './integers.js'
import { key } from './key.js'

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

describe('integers()', () => {
  test('draws the numbers it drew when this test was written', () => {
    expect([...integers(key(7), [6], { high: 100 }).data]).toEqual([66, 37, 29, 47, 88, 83])
    expect([...integers(key(7), [2], { high: 2 ** 53 - 1, dtype: 'int64' }).data]).toEqual([5968596212547450n, 3377697682091237n])
  })

  test('stays in its range', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), fc.integer({ min: 1, max: 2 ** 52 }), (seed, low, range) => {
        for (const x of integers(key(seed), [20], { low, high: low + range, dtype: 'int64' }).data) {
          expect(Number(x)).toBeGreaterThanOrEqual(low)
          expect(Number(x)).toBeLessThan(low + range)
        }
      }),
    )
  })

  test('draws the same numbers as int32 and as int64, in arrays of any size', () => {
    const range = { low: -(2 ** 31), high: 2 ** 31 }
    const long = integers(key(2), [999], range)
    expect(Array.from(integers(key(2), [700], { ...range, dtype: 'int64' }).data, Number)).toEqual([...long.data.subarray(0, 700)])
  })

  test('refuses a range that is empty, broken or too wide for its type', () => {
    expect(() => integers(key(0), [1], { low: 4, high: 4 })).toThrow('Cannot draw int32 numbers from [4, 4)')
    expect(() => integers(key(0), [1], { high: 1.5 })).toThrow('whole numbers')
    expect(() => integers(key(0), [1], { high: 2 ** 31 + 1 })).toThrow('that int32 and float64 hold')
  })
})

describe('permutation()', () => {
  test('holds every number once', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 2000 }), (seed, n) => {
        expect([...permutation(key(seed), n).data].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
      { numRuns: 30 },
    )
  })

  test('comes as int64 on request', () => {
    expect(permutation(key(1), 9, { dtype: 'int64' }).data).toEqual(BigInt64Array.from(permutation(key(1), 9).data, BigInt))
  })

  test('refuses a length that is none', () => {
    expect(() => permutation(key(1), -1)).toThrow('whole numbers of 0 or more')
  })
})

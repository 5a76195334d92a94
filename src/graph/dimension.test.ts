import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Dimension, dividedBy, exactQuotient, minus, named, plus, sameSize, times, valueOfSize } from './dimension.js'
import { broadcastShapes, elements, isStaticShape, normaliseAxis, sameShape } from './shape.js'

const [batch, time] = [named('batch'), named('time')]
const sizes = new Map([
  ['batch', 3],
  ['time', 10],
])

describe('NamedSize', () => {
  test('NamedSize prints the same however it was made', () => {
    const made = plus(times(2, batch, time), 3)
    expect(String(made)).toBe('2*batch*time + 3')
    expect(sameSize(made, plus(plus(1, times(time, batch)), plus(times(batch, time), 2)))).toBe(true)
    expect(JSON.stringify([made])).toBe('["2*batch*time + 3"]')
  })

  test('NamedSize becomes a number when the names cancel', () => {
    expect(minus(plus(batch, 2), batch)).toBe(2)
    expect(minus(batch, batch)).toBe(0)
    expect(times(batch, 0)).toBe(0)
    expect(String(times(batch, 1))).toBe('batch')
  })

  test('NamedSize divides exactly where it can, and rounds down where it cannot', () => {
    expect(String(dividedBy(times(6, batch, time), times(2, time)))).toBe('3*batch')
    expect(dividedBy(batch, batch)).toBe(1)
    expect(exactQuotient(plus(times(2, batch), 1), 2)).toBeUndefined()
    const half = dividedBy(plus(time, 1), 4)
    expect(String(half)).toBe('floor((time + 1)/(4))')
    expect(valueOfSize(half, sizes)).toBe(2)
  })

  test('NamedSize refuses plain arithmetic and unknown names', () => {
    expect(() => (batch as unknown as number) + 1).toThrow('Cannot do plain arithmetic with the named size "batch"')
    expect(() => valueOfSize(named('width'), sizes)).toThrow('The named size "width" has no value')
  })

  test('NamedSize computes what numbers compute', () => {
    type Pair = readonly [size: Dimension, value: number]
    const leaf = fc.oneof(
      fc.integer({ min: 0, max: 5 }).map((n): Pair => [n, n]),
      fc.constant<Pair>([batch, 3]),
      fc.constant<Pair>([time, 10]),
    )
    const { tree } = fc.letrec<{ tree: Pair }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie('tree'), tie('tree')).map(([[a, x], [b, y]]): Pair => [plus(a, b), x + y]),
        fc.tuple(tie('tree'), tie('tree')).map(([[a, x], [b, y]]): Pair => [minus(a, b), x - y]),
        fc.tuple(tie('tree'), tie('tree')).map(([[a, x], [b, y]]): Pair => [times(a, b), x * y]),
        fc.tuple(tie('tree'), fc.integer({ min: 1, max: 4 })).map(([[a, x], n]): Pair => [dividedBy(a, n), Math.floor(x / n)]),
      ),
    }))
    fc.assert(
      fc.property(tree, ([size, value]) => {
        expect(valueOfSize(size, sizes) === value).toBe(true) // whichever the sign of zero
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

describe('shapes', () => {
  const fail = (problem: string): never => {
    throw new Error(problem)
  }

  test('broadcastShapes() aligns from the back', () => {
    expect(broadcastShapes([[2, 1, 4], [3, 1], []], fail)).toEqual([2, 3, 4])
    expect(
      broadcastShapes(
        [
          [0, 3],
          [1, 3],
        ],
        fail,
      ),
    ).toEqual([0, 3])
    expect(
      broadcastShapes(
        [
          [batch, 1],
          [1, time],
        ],
        fail,
      ).map(String),
    ).toEqual(['batch', 'time'])
    expect(broadcastShapes([[]], fail)).toEqual([])
    expect(() =>
      broadcastShapes(
        [
          [2, 3],
          [3, 3],
        ],
        fail,
      ),
    ).toThrow('sizes 2 and 3 at axis -2 differ and neither is 1')
    expect(() => broadcastShapes([[0], [2]], fail)).toThrow('sizes 0 and 2 at axis -1 differ and neither is 1')
  })

  test('elements() counts, also with names', () => {
    expect(elements([2, 3, 4])).toBe(24)
    expect(elements([])).toBe(1)
    expect(elements([2, 0])).toBe(0)
    expect(String(elements([batch, 3, time]))).toBe('3*batch*time')
    expect([isStaticShape([1, 2]), isStaticShape([1, batch])]).toEqual([true, false])
    expect([sameShape([batch, 2], [named('batch'), 2]), sameShape([1], [1, 1])]).toEqual([true, false])
  })

  test('normaliseAxis() counts from the back', () => {
    expect([normaliseAxis(-1, 3, 'sum', []), normaliseAxis(2, 3, 'sum', [])]).toEqual([2, 2])
    for (const axis of [3, -4, 0.5, Number.NaN])
      expect(() => normaliseAxis(axis, 3, 'sum', [1, 2, 3])).toThrow(`Cannot sum [1, 2, 3]: axis ${axis} is outside a tensor of 3 axes`)
  })
})

import { describe, expect, test } from 'vitest'
import { fingerprint, numbering } from './fingerprint.js'
import { flatten, mapTree } from './tree.js'

const isNumber = (value: unknown): value is number => typeof value === 'number'
const tree = { b: [1, { c: 2, name: 'x' }], a: 3, none: null, more: undefined, empty: [] }

describe('flatten', () => {
  test('flatten() lists the leaves in the order in which they were written', () => {
    const { leaves, paths } = flatten(tree, isNumber)
    expect(leaves).toEqual([1, 2, 3])
    expect(paths).toEqual(['b.0', 'b.1.c', 'a'])
  })

  test('flatten() rebuilds the same form around other leaves', () => {
    const { rebuild } = flatten(tree, isNumber)
    expect(rebuild(['one', 'two', 'three'])).toEqual({
      b: ['one', { c: 'two', name: 'x' }],
      a: 'three',
      none: null,
      more: undefined,
      empty: [],
    })
    expect(flatten(7, isNumber).rebuild([8])).toBe(8)
  })

  test('flatten() leaves class instances whole', () => {
    const date = new Date(0)
    const { leaves, rebuild } = flatten({ date, at: 1 }, isNumber)
    expect(leaves).toEqual([1])
    expect((rebuild([2]) as { date: Date }).date).toBe(date)
  })

  test('mapTree() changes every leaf and tells its path', () => {
    expect(mapTree({ a: 1, b: [2] }, isNumber, (leaf, path) => `${path}=${leaf}`)).toEqual({ a: 'a=1', b: ['b.0=2'] })
  })
})

describe('fingerprint', () => {
  const number = numbering()
  const print = (value: unknown): string => fingerprint(value, number)

  test('fingerprint() is equal for equal contents', () => {
    expect(print({ a: [1, 'x', 2n], b: null })).toBe(print({ a: [1, 'x', 2n], b: null }))
  })

  test('fingerprint() tells apart what JSON confuses', () => {
    const all = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
      -0,
      null,
      undefined,
      'null',
      'NaN',
      '0',
      0n,
      false,
      true,
      [],
      {},
    ]
    const nested = [
      ...all,
      ...all.map((value) => [value]),
      ...all.map((value) => ({ value })),
      [1, 2],
      ['1,2'],
      [[1], 2],
      { a: 1, b: 2 },
      { a: '1,"b":2' },
    ]
    expect(new Set(nested.map(print)).size).toBe(nested.length)
  })

  test('fingerprint() compares functions and class instances by identity', () => {
    const [f, g, a, b] = [() => 1, () => 1, new Map(), new Map()]
    const [first, again, other, map, same, another] = [f, f, g, a, a, b].map(print)
    expect(again).toBe(first)
    expect(same).toBe(map)
    expect(new Set([first, other, map, another]).size).toBe(4)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Key, key } from './key.js'

const words = ({ low, high }: Key) => [low, high]
const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const names = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger())

test('key() takes seeds up to 2^53 - 1 and keeps every bit of them', () => {
  expect(words(key(Number.MAX_SAFE_INTEGER))).toEqual([0xffffffff, 0x1fffff])
  fc.assert(fc.property(seeds, (seed) => key(seed).high * 2 ** 32 + key(seed).low === seed))
})

test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('key() refuses the seed %d', (seed) => {
  expect(() => key(seed)).toThrow(`Cannot make a random key from the seed ${seed}: a seed is a whole number from 0 to 9007199254740991`)
})

describe('child()', () => {
  test('gives the same key every time, whatever was asked before', () => {
    fc.assert(
      fc.property(seeds, names, names, (seed, a, b) => {
        const root = key(seed)
        const first = words(root.child(a))
        root.child(b)
        expect(words(root.child(a))).toEqual(first)
        expect(words(key(seed).child(a))).toEqual(first)
      }),
    )
  })

  test('follows a path as one step after another', () => {
    fc.assert(
      fc.property(seeds, names, names, (seed, a, b) => {
        expect(words(key(seed).child(a, b))).toEqual(words(key(seed).child(a).child(b)))
      }),
    )
  })

  test('tells apart names that look alike', () => {
    const root = key(0)
    const children = [
      root,
      root.child(1),
      root.child('1'),
      root.child(''),
      root.child('\0'),
      root.child('\0\0'),
      root.child(0),
      root.child(-1),
    ]
    children.push(
      root.child('a', 'b'),
      root.child('b', 'a'),
      root.child('ab'),
      root.child('abcdef'),
      root.child('abcdef\0'),
      root.child(2 ** 32),
    )
    expect(new Set(children.map((child) => String(words(child)))).size).toBe(children.length)
  })

  test('gives 100,000 different keys for 100,000 numbers', () => {
    const root = key(5).child('sample')
    expect(new Set(Array.from({ length: 100_000 }, (_, i) => String(words(root.child(i))))).size).toBe(100_000)
  })

  test('refuses a name that is no whole number', () => {
    expect(() => key(0).child(1.5)).toThrow('Cannot name a child of a random key 1.5: a name is a text or a whole number')
  })
})

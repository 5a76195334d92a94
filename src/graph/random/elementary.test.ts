import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cosine, ln, lnOfWord, sine } from './elementary.js'

test('ln() agrees with Math.log', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      expect(Math.abs(ln(x) - Math.log(x))).toBeLessThan(1e-12 + 1e-14 * Math.abs(Math.log(x)))
    }),
  )
})

test.each([0, 1, 2, 0x7fffffff, 0x80000000, 0xb504f333, 0xb504f334, 0xfffffffe, 0xffffffff])('lnOfWord() is close for word %d', (word) => {
  const exact = Math.log((word + 0.5) / 2 ** 32)
  expect(lnOfWord(word)).toBeLessThan(0)
  expect(Math.abs(lnOfWord(word) - exact)).toBeLessThan(1e-12)
})

test('sine() and cosine() are close on an eighth of a turn either way', () => {
  for (let x = -Math.PI / 4; x <= Math.PI / 4; x += 1e-3) {
    expect(Math.abs(sine(x) - Math.sin(x))).toBeLessThan(1e-11)
    expect(Math.abs(cosine(x) - Math.cos(x))).toBeLessThan(1e-11)
  }
})

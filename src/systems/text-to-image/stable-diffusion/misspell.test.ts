import { expect, test } from 'vitest'
import { key } from '../../../graph/index.js'
import { misspell } from './misspell.js'

const text = 'a purple cylinder on a red cube, metal'
const words = text.split(' ')

test('misspell() changes some words of four letters and more, by one slip after the first letter', () => {
  let changed = 0
  for (let seed = 0; seed < 300; seed++) {
    const typed = misspell(text, key(seed)).split(' ')
    expect(typed).toHaveLength(words.length)
    typed.forEach((word, i) => {
      const meant = words[i] as string
      expect(word.charAt(0)).toBe(meant.charAt(0))
      expect(Math.abs(word.length - meant.length)).toBeLessThanOrEqual(1)
      if (meant.length < 4) expect(word).toBe(meant)
      if (word !== meant) changed++
    })
  }
  const long = words.filter(({ length }) => length >= 4).length
  expect(changed / (300 * long)).toBeGreaterThan(0.2)
  expect(changed / (300 * long)).toBeLessThan(0.4)
})

test('misspell() makes each kind of slip, and the same ones for the same key', () => {
  const typed = Array.from({ length: 200 }, (_, seed) => misspell('cone', key(seed)))
  expect(new Set(typed)).toEqual(new Set(['cone', 'cnoe', 'coen', 'cne', 'coe', 'coone', 'conne']))
  expect(misspell(text, key(7))).toBe(misspell(text, key(7)))
})

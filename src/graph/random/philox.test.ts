import { expect, test } from 'vitest'
import { philox } from './philox.js'

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(' ')

// The known answers published with the paper's reference implementation, Random123.
test.each<{ counter: [number, number, number, number]; key: [number, number]; words: string }>([
  { counter: [0, 0, 0, 0], key: [0, 0], words: '6627e8d5 e169c58d bc57ac4c 9b00dbd8' },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: '408f276d 41c83b0e a20bc7c6 6d5451fd',
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: 'd16cfe09 94fdcceb 5001e420 24126ea1',
  },
])('philox() gives the known answer $words', ({ counter, key, words }) => {
  const out = new Uint32Array(4)
  philox(out, 4, ...key, ...counter)
  expect(hex(out)).toBe(words)
})

test('philox() counts upwards block by block', () => {
  const run = new Uint32Array(12)
  const one = new Uint32Array(4)
  philox(run, 12, 1, 2, 10, 3, 4, 5)
  philox(one, 4, 1, 2, 12, 3, 4, 5)
  expect(run.subarray(8)).toEqual(one)
})

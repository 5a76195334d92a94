import { expect, test } from 'vitest'
import { capacityFor } from './cache-rows.js'

test('capacityFor() grows by a quarter in steps of 256, up to the context', () => {
  expect([1, 256, 257, 513, 1025, 5000].map((tokens) => capacityFor(tokens, 4096))).toEqual([256, 256, 512, 768, 1280, 4096])
})

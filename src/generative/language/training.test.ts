import { expect, test } from 'vitest'
import { key } from '../../graph/index.js'
import { packRows } from './packing.js'
import { shuffledRows } from './training.js'

test('shuffledRows() shows every row once per epoch, each epoch in another order, wherever it starts', () => {
  const rows = packRows(
    Array.from({ length: 5 }, (_, i) => ({ tokens: [i, i, i, i] })),
    3,
  )
  const first = (row: (typeof rows)[number]): number => row[0]?.text.tokens[0] as number
  const at = shuffledRows(rows, 2, key(4))
  const seen = Array.from({ length: 10 }, (_, step) => at(step).map(first)).flat()
  for (let epoch = 0; epoch < 4; epoch++) expect(new Set(seen.slice(5 * epoch, 5 * epoch + 5)).size).toBe(5)
  expect(seen.slice(0, 5)).not.toEqual(seen.slice(5, 10))
  expect(shuffledRows(rows, 2, key(4))(7).map(first)).toEqual(seen.slice(14, 16))
})

import { describe, expect, test } from 'vitest'
import { packedBatch, packRows, type TrainingText } from './packing.js'

const text = (first: number, length: number, learnt?: readonly boolean[]): TrainingText => ({
  tokens: Array.from({ length }, (_, i) => first + i),
  ...(learnt && { learnt }),
})

describe('packRows()', () => {
  test('fills rows with whole texts, and leaves little of them empty', () => {
    const texts = Array.from({ length: 200 }, (_, i) => text(1000 * i, 2 + ((i * 7) % 30)))
    const width = 64
    const rows = packRows(texts, width)
    const used = rows.map((row) => row.reduce((sum, { length }) => sum + length - 1, 0))
    expect(Math.max(...used)).toBeLessThanOrEqual(width)
    expect(used.reduce((a, b) => a + b)).toBe(texts.reduce((sum, { tokens }) => sum + tokens.length - 1, 0))
    expect(used.reduce((a, b) => a + b) / (rows.length * width)).toBeGreaterThan(0.97)
  })

  test('takes a long text apart without losing a pair of neighbours', () => {
    const rows = packRows([text(0, 11)], 4)
    const pairs = rows.flatMap((row) => row.flatMap(({ from, length }) => Array.from({ length: length - 1 }, (_, i) => from + i)))
    expect(pairs.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('leaves out what teaches nothing', () => {
    const only = [false, false, false, false, false, false, true]
    expect(packRows([text(0, 7, only)], 3).flat()).toMatchObject([{ from: 3, length: 4 }])
    expect(() => packRows([text(0, 1), text(0, 3, [true, false, false])], 8)).toThrow(/2 texts: expected tokens that are to be learnt/)
    expect(() => packRows([text(0, 3, [true])], 8)).toThrow(/3 tokens, and for 1/)
  })
})

test('packedBatch() says for every token what comes next, which text it is of, and whether it counts', () => {
  const rows = packRows([text(10, 4), text(20, 3, [false, false, true])], 6)
  const { tokens, targets, weights, segments, positions } = packedBatch(rows, 6, 9)
  expect(Array.from(tokens.data, Number)).toEqual([10, 11, 12, 20, 21, 9])
  expect(Array.from(targets.data, Number)).toEqual([11, 12, 13, 21, 22, 0])
  expect(Array.from(weights.data, Number)).toEqual([1, 1, 1, 0, 1, 0])
  expect(Array.from(segments.data, Number)).toEqual([1, 1, 1, 2, 2, 0])
  expect(Array.from(positions.data, Number)).toEqual([0, 1, 2, 0, 1, 0])
})

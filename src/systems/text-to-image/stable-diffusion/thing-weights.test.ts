import { expect, test } from 'vitest'
import { weightsOf } from './thing-weights.js'

test('weightsOf() lets the cells of things and those around them count three times, up to the edge of the picture', () => {
  const middle = { left: 0.3, right: 0.45, top: 0.55, bottom: 0.6 }
  const outside = { left: -0.5, right: 0.1, top: 0.9, bottom: 1.4 }
  const gone = { left: 1.2, right: 1.5, top: 0.2, bottom: 0.4 }
  expect(weightsOf([[middle, outside, gone], []], 8).toNested()).toEqual([
    [
      [
        ...Array(3).fill(Array(8).fill(1)),
        [1, 3, 3, 3, 3, 1, 1, 1],
        [1, 3, 3, 3, 3, 1, 1, 1],
        [1, 3, 3, 3, 3, 1, 1, 1],
        [3, 3, 1, 1, 1, 1, 1, 1],
        [3, 3, 1, 1, 1, 1, 1, 1],
      ],
    ],
    [Array(8).fill(Array(8).fill(1))],
  ])
})

import { expect, it } from 'vitest'
import { array } from '../../../graph/index.js'
import { resizeLatents } from './resize-latents.js'

it('resizeLatents() goes linearly between the middles of cells, in both directions', () => {
  const latents = array([[[[0, 4]], [[8, 8]]]])
  expect(resizeLatents(latents, [1, 4]).toNested()).toEqual([[[[0, 1, 3, 4]], [[8, 8, 8, 8]]]])
  const column = array([[[[0], [4]]]])
  expect(resizeLatents(column, [4, 1]).toNested()).toEqual([[[[0], [1], [3], [4]]]])
})

it('resizeLatents() leaves what is of the size already', () => {
  const latents = array([
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])
  expect(resizeLatents(latents, [2, 2]).toNested()).toEqual(latents.toNested())
})

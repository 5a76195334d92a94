import type { PictureBox } from '../../../diorama/index.js'
import { array, type NDArray } from '../../../graph/index.js'

/**
 * How much the places of things count beside those of the ground. The words are about the things, which are a third of a picture, and nobody sees
 * which blade of grass stands where.
 */
const thingWeight = 3

/** [pictures, 1, cells, cells]: more for the cells that a box touches, and for those around it, where its shadow begins. */
export function weightsOf(pictures: readonly (readonly PictureBox[])[], cells: number): NDArray {
  const weights = new Float32Array(pictures.length * cells * cells).fill(1)
  const first = (place: number): number => Math.max(0, Math.floor(place * cells - 0.5))
  const last = (place: number): number => Math.min(cells, Math.ceil(place * cells + 0.5)) // this one no more
  for (const [i, boxes] of pictures.entries())
    for (const { left, right, top, bottom } of boxes)
      for (let row = first(top); row < last(bottom); row++) {
        const start = (i * cells + row) * cells
        weights.fill(thingWeight, start + first(left), start + Math.max(first(left), last(right)))
      }
  return array(weights, { shape: [pictures.length, 1, cells, cells] })
}

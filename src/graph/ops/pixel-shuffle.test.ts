import { expect, test } from 'vitest'
import { compile, fill, pixelShuffle, pixelUnshuffle, type Tensor } from '../index.js'

const picture = fill('float32', [1, 1, 2, 4], (i) => i)

test('pixelUnshuffle() puts the pixels of a patch into channels, row by row', async () => {
  const found = await compile((x: Tensor) => pixelUnshuffle(x, 2))(picture)
  expect(found.toNested()).toEqual([[[[0, 2]], [[1, 3]], [[4, 6]], [[5, 7]]]])
})

test('pixelShuffle() undoes it', async () => {
  const pictures = fill('float32', [2, 3, 8, 12], (i) => i)
  expect(await compile((x: Tensor) => pixelShuffle(pixelUnshuffle(x, 4), 4))(pictures)).toEqual(pictures)
})

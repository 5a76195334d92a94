import { expect, test } from 'vitest'
import { array, compile, type Tensor } from '../../graph/index.js'
import { guide, rescaleGuidance } from './guidance.js'

const unwanted = array([[[1, 2]], [[0, 4]]])
const wanted = array([[[2, 4]], [[1, 3]]])

test('guide() goes from the unwanted through the wanted prediction', async () => {
  const guided = await compile((u: Tensor, w: Tensor) => [guide(u, w, 7.5), guide(u, w, 1), guide(u, w, 0)])(unwanted, wanted)
  expect(guided.map((result) => result.toNested())).toEqual([[[[8.5, 17]], [[7.5, -3.5]]], wanted.toNested(), unwanted.toNested()])
})

test('rescaleGuidance() gives each picture the deviation of the wanted prediction', async () => {
  const run = compile((g: Tensor, w: Tensor) => [rescaleGuidance(g, w, 1), rescaleGuidance(g, w, 0.5)])
  const [whole, half] = await run(array([[[3, 9]], [[0, 8]]]), wanted)
  expect(whole?.toNested()).toEqual([[[1, 3]], [[0, 2]]].map((row) => row.map((values) => values.map((value) => expect.closeTo(value, 5)))))
  expect(half?.toNested()).toEqual([[[2, 6]], [[0, 5]]].map((row) => row.map((values) => values.map((value) => expect.closeTo(value, 5)))))
})

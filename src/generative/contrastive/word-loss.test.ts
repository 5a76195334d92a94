import { expect, it } from 'vitest'
import { array, compile, type Tensor } from '../../graph/index.js'
import { given } from '../../nn/index.js'
import { wordLoss } from './word-loss.js'

it('wordLoss() is the mean surprise of the words that occur, each counted once and without those that mark start and end', async () => {
  // Three words and two marks; a picture along the first axis tells the words with logits 10·[0.2, 0.1, 0].
  const weight = array([
    [0.2, 0],
    [0.1, 0],
    [0, 0],
  ])
  const loss = compile((pictures: Tensor, tokens: Tensor) => wordLoss(given({ weight, bias: array([0, 0, 0]) }), pictures, tokens, 3))
  const tokens = array([[3, 0, 2, 0, 4]], { dtype: 'int32' })
  const total = Math.log(Math.exp(2) + Math.exp(1) + 1)
  expect((await loss(array([[1, 0]]), tokens)).item()).toBeCloseTo(total - (2 + 0) / 2, 5)
  await loss.dispose()
})

import { logSoftmax, oneHot, type Tensor } from '../../graph/index.js'
import { linear, type Scope } from '../../nn/index.js'

/** Unit vectors vary too little for a softmax over many words. */
const sharpness = 10

/**
 * How well a picture's embedding tells the words of its caption: a softmax over the vocabulary against those that occur, all alike (Zhao et al. 2025,
 * SuperCLIP, section 3.2). Contrast alone teaches what tells the pictures of a batch apart, which a few loud words do; this asks for every word.
 *
 * @param pictures unit vectors [pictures, width]
 * @param tokens of their captions [pictures, context]
 * @param words how many of the vocabulary's entries count: those that mark start and end of a text come last, and say nothing
 * @returns nats, one number
 */
export function wordLoss(scope: Scope, pictures: Tensor, tokens: Tensor, words: number): Tensor {
  const occurs = oneHot(tokens, words).sum(1).clamp({ max: 1 }) // [pictures, words]
  const target = occurs.div(occurs.sum(1, { keepDims: true }).clamp({ min: 1 }))
  const told = logSoftmax(linear(scope, pictures.mul(sharpness), words), -1)
  return target.mul(told).sum(1).neg().mean()
}

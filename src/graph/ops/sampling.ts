import type { Tensor } from '../tensor.js'
import type { Operand } from './constant.js'
import { full } from './creation.js'
import { sqrt, where } from './elementwise.js'
import { argMax, max, sum, topK } from './reduce.js'

/** Halvings of the threshold's logarithm after which float32 has no number left in between. */
const halvings = 32
const smallest = 1e-38

/**
 * True for the most probable classes (last axis) that together reach the mass `p`, false for the rest (Holtzman et al. 2020,
 * nucleus sampling). Classes of equal probability stay or go together, and the most probable one always stays.
 *
 * Sorting a vocabulary takes longer than the rest of a decoding step; this halves its way to the smallest probability kept.
 */
export function nucleusMask(probabilities: Tensor, p: Operand): Tensor {
  const mass = probabilities.cast('float32')
  let high = max(mass, -1, { keepDims: true })
  let low = full(high.shape, smallest) // with it every class is kept
  for (let i = 0; i < halvings; i++) {
    const middle = sqrt(low).mul(sqrt(high))
    const enough = sum(where(mass.greaterOrEqual(middle), mass, 0), -1, { keepDims: true }).greaterOrEqual(p)
    low = where(enough, middle, low)
    high = where(enough, high, middle)
  }
  return mass.greaterOrEqual(low)
}

/** True for the `count` largest elements of the last axis, and for those equal to the smallest of them. */
export function topKMask(x: Tensor, count: number): Tensor {
  const { values } = topK(x, Math.min(count, x.size(-1)))
  return x.greaterOrEqual(values.slice(-1, -1))
}

/** True where the probability is at least `share` of the largest one of its row (Nguyen et al. 2024, min-p sampling). */
export const minPMask = (probabilities: Tensor, share: Operand): Tensor =>
  probabilities.greaterOrEqual(max(probabilities, -1, { keepDims: true }).mul(share))

/** A draw from softmax(logits) over the last axis, as int64: the largest of the logits plus Gumbel noise of their shape. */
export const gumbelArgMax = (logits: Tensor, noise: Tensor): Tensor => argMax(logits.add(noise))

/** Zeroes the elements where `keep` is false and scales the others up, so that the expectation stays (Srivastava et al. 2014). */
export const dropout = (x: Tensor, keep: Tensor, rate: number): Tensor => where(keep, x.mul(1 / (1 - rate)), 0)

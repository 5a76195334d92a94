import { type DType, isFloat } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { ln, lnOfWord } from './elementary.js'
import { type Key, purposes } from './key.js'
import { eachWords } from './words.js'

/** Standard Gumbel noise, −ln(−ln u): the argmax of logits plus this noise is a draw from their softmax. */
export function gumbel(key: Key, shape: readonly number[]): NDArray<'float32'> {
  const out = new Float32Array(elementCount(shape))
  eachWords(key, purposes.gumbel, out.length, (words, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = -ln(-lnOfWord(words[i] as number))
  })
  return new NDArray('float32', shape, out)
}

/**
 * One class per row of unnormalised log-probabilities [..., classes], as int32 [...], drawn with the Gumbel-max trick; a logit
 * of −∞ rules its class out.
 */
export function categorical(key: Key, logits: NDArray<DType>): NDArray<'int32'> {
  const classes = logits.shape.at(-1)
  if (!classes || !isFloat(logits.dtype)) throw unusable(logits, 'they are floating-point numbers of shape [..., classes]')
  const scores = logits.cast('float32').data
  const noise = gumbel(key, logits.shape).data
  const out = new Int32Array(logits.length / classes)
  for (let row = 0; row < out.length; row++) {
    let best = Number.NEGATIVE_INFINITY
    let choice: number | undefined
    for (let c = 0; c < classes; c++) {
      const score = (scores[row * classes + c] as number) + (noise[row * classes + c] as number)
      if (Number.isNaN(score)) throw unusable(logits, `logit ${c} of row ${row} is not a number`)
      if (score > best) {
        best = score
        choice = c
      }
    }
    if (choice === undefined) throw unusable(logits, `row ${row} rules every class out`)
    out[row] = choice
  }
  return new NDArray('int32', logits.shape.slice(0, -1), out)
}

const unusable = (logits: NDArray<DType>, problem: string) =>
  new GeneraError('random-categorical', `Cannot draw classes from the logits ${logits}: ${problem}`)

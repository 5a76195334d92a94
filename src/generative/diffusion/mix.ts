import { GeneraError, NDArray } from '../../graph/index.js'

/**
 * A weighted sum of arrays of one shape. Every update of every sampler is one: coefficients are computed in double precision, arrays hold
 * single precision. An array whose weight is 0 is not read.
 */
export function mix(...terms: readonly (readonly [weight: number, array: NDArray])[]): NDArray {
  const [[, like]] = terms as readonly [readonly [number, NDArray]]
  const read = terms.flatMap(([weight, array]) => {
    if (array.shape.join() !== like.shape.join())
      throw new GeneraError(
        'diffusion-shape',
        `Cannot add up ${like} and ${array}: the latents, what the model predicts for them and the noise have one shape`,
      )
    return weight === 0 ? [] : [{ weight, data: array.cast('float32').data }]
  })
  const sum = new Float32Array(like.length)
  for (let i = 0; i < sum.length; i++) {
    let total = 0
    for (const { weight, data } of read) total += weight * (data[i] as number)
    sum[i] = total
  }
  return new NDArray('float32', like.shape, sum)
}

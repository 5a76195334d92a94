import {
  normal as drawNormal,
  truncatedNormal as drawTruncated,
  uniform as drawUniform,
  fill,
  type Key,
  type NDArray,
  zeros as zeroArray,
} from '../graph/index.js'

/** Draws the first values of a parameter. */
export type Initialiser = (key: Key, shape: readonly number[]) => NDArray

export const zeros: Initialiser = (_, shape) => zeroArray(shape)
export const ones: Initialiser = (_, shape) => fill('float32', shape, () => 1)
export const constantValue =
  (value: number): Initialiser =>
  (_, shape) =>
    fill('float32', shape, () => value)
export const normal =
  (std: number, mean = 0): Initialiser =>
  (key, shape) =>
    drawNormal(key, shape, { mean, std })
export const truncatedNormal =
  (std: number): Initialiser =>
  (key, shape) =>
    drawTruncated(key, shape, { std })
export const uniform =
  (bound: number): Initialiser =>
  (key, shape) =>
    drawUniform(key, shape, { low: -bound, high: bound })

/** Connections into and out of one unit: [out, in, ...kernel] as PyTorch stores linear and convolution weights. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const [out = 1, into = out, ...kernel] = shape
  const taps = kernel.reduce((a, b) => a * b, 1)
  return { fanIn: into * taps, fanOut: out * taps }
}

/** PyTorch's default for linear and convolution weights: uniform within ±1/√fanIn (He et al. 2015 with a = √5). */
export const kaimingUniform: Initialiser = (key, shape) => uniform(1 / Math.sqrt(fans(shape).fanIn))(key, shape)

/** Their biases: the bound is taken from the weight, so the layer passes the fan-in. */
export const biasUniform = (fanIn: number): Initialiser => uniform(1 / Math.sqrt(fanIn))

/** He et al. 2015 for rectified units: normal with variance 2 / fanIn. */
export const kaimingNormal: Initialiser = (key, shape) => normal(Math.sqrt(2 / fans(shape).fanIn))(key, shape)

/** Glorot & Bengio 2010: uniform with variance 2 / (fanIn + fanOut). */
export const xavierUniform: Initialiser = (key, shape) => {
  const { fanIn, fanOut } = fans(shape)
  return uniform(Math.sqrt(6 / (fanIn + fanOut)))(key, shape)
}

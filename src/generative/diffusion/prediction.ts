import type { NDArray } from '../../graph/index.js'
import { mix } from './mix.js'

/**
 * What a model was trained to predict: the noise (epsilon), the picture (sample), or `v = α·noise - σ·picture`
 * (Salimans & Ho 2022, appendix D), where x = α·picture + σ·noise with α² + σ² = 1.
 */
export type Prediction = 'epsilon' | 'v_prediction' | 'sample'

/** The shares of picture and noise, α² + σ² = 1. */
export interface Level {
  readonly alpha: number
  readonly sigma: number
}

export const levelOfAlphaBar = (alphaBar: number): Level => ({ alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) })

/** The level at which the noise stands to the picture as `ratio` to 1. */
export const levelOfRatio = (ratio: number): Level => {
  const alpha = 1 / Math.sqrt(ratio * ratio + 1)
  return { alpha, sigma: ratio * alpha }
}

/** The picture that a prediction for `x` means. */
export function toPicture(prediction: Prediction, x: NDArray, output: NDArray, { alpha, sigma }: Level): NDArray {
  if (prediction === 'sample') return output
  return prediction === 'epsilon' ? mix([1 / alpha, x], [-sigma / alpha, output]) : mix([alpha, x], [-sigma, output])
}

/** The noise that a prediction for `x` means. */
export function toNoise(prediction: Prediction, x: NDArray, output: NDArray, { alpha, sigma }: Level): NDArray {
  if (prediction === 'epsilon') return output
  return prediction === 'sample' ? mix([1 / sigma, x], [-alpha / sigma, output]) : mix([sigma, x], [alpha, output])
}

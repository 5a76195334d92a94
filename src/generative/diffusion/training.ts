import { array, constant, gather, integers, type Key, minimum, type NDArray, type Tensor } from '../../graph/index.js'
import type { Prediction } from './prediction.js'
import type { NoiseSchedule } from './schedule.js'

/** One time per picture [batch], each as likely as the other. */
export const drawTimes = (key: Key, batch: number, { alphaBar }: NoiseSchedule): NDArray<'int32'> =>
  integers(key, [batch], { high: alphaBar.length })

/** The shares of picture and noise at each picture's time, with as many axes as `like` so that they broadcast over it. */
function sharesAt({ alphaBar }: NoiseSchedule, times: Tensor, like: Tensor): { alpha: Tensor; sigma: Tensor } {
  const at = (table: Float64Array): Tensor =>
    gather(constant(array(table)), times).reshape([times.shape[0] as number, ...like.shape.slice(1).map(() => 1)])
  return { alpha: at(alphaBar.map(Math.sqrt)), sigma: at(alphaBar.map((share) => Math.sqrt(1 - share))) }
}

/** `√ᾱ·picture + √(1 - ᾱ)·noise` (Ho et al. 2020, equation 4) at each picture's time [batch]. */
export function addNoise(schedule: NoiseSchedule, picture: Tensor, noise: Tensor, times: Tensor): Tensor {
  const { alpha, sigma } = sharesAt(schedule, times, picture)
  return picture.mul(alpha).add(noise.mul(sigma))
}

/** What the model should predict. */
export function targetOf(prediction: Prediction, schedule: NoiseSchedule, picture: Tensor, noise: Tensor, times: Tensor): Tensor {
  if (prediction === 'epsilon') return noise
  if (prediction === 'sample') return picture
  const { alpha, sigma } = sharesAt(schedule, times, picture)
  return noise.mul(alpha).sub(picture.mul(sigma))
}

/** Min-SNR weights [batch] (Hang et al. 2023, equation 8 and its forms for noise and v): limit how much easy times count. */
export function minSnrWeights(prediction: Prediction, { alphaBar }: NoiseSchedule, times: Tensor, gamma = 5): Tensor {
  const ratios = alphaBar.map((share) => share / (1 - share))
  const divisor = { epsilon: 0, sample: undefined, v_prediction: 1 }[prediction]
  const snr = gather(constant(array(ratios)), times)
  const limited = minimum(snr, gamma)
  return divisor === undefined ? limited : limited.div(divisor === 0 ? snr : snr.add(divisor))
}

/** The mean squared error, weighted per picture if weights [batch] are given. */
export function denoisingLoss(output: Tensor, target: Tensor, weights?: Tensor): Tensor {
  const error = output.sub(target).square()
  return weights
    ? error
        .mean(error.shape.map((_, i) => i).slice(1))
        .mul(weights)
        .mean()
    : error.mean()
}

/** The mean squared error of [batch, channels, height, width] where each place counts as `weights` [batch, 1, height, width] say. */
export const placedLoss = (output: Tensor, target: Tensor, weights: Tensor): Tensor =>
  output.sub(target).square().mean([1], { keepDims: true }).mul(weights).sum().div(weights.sum())

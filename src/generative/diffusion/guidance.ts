import type { Tensor } from '../../graph/index.js'

/** Classifier-free guidance (Ho & Salimans 2022): away from what an empty or unwanted text predicts, by `scale`. 1 changes nothing. */
export const guide = (unwanted: Tensor, wanted: Tensor, scale: number | Tensor): Tensor => unwanted.add(wanted.sub(unwanted).mul(scale))

/**
 * Gives each guided prediction [batch, ...] the deviation of the unguided one, by the share `amount`, against overexposure (Lin et al. 2024,
 * section 3.4).
 */
export function rescaleGuidance(guided: Tensor, wanted: Tensor, amount: number | Tensor): Tensor {
  const axes = guided.shape.map((_, i) => i).slice(1)
  const deviation = (x: Tensor): Tensor => x.variance(axes, { keepDims: true, correction: 1 }).sqrt()
  const rescaled = guided.mul(deviation(wanted).div(deviation(guided)))
  return guided.add(rescaled.sub(guided).mul(amount))
}

import { axes } from '../axes.js'
import type { Tensor } from '../tensor.js'

/** Patches of pixels as channels, as PyTorch orders them: [batch, channels·patch², height / patch, width / patch]. */
export function pixelUnshuffle(x: Tensor, patch: number): Tensor {
  if (patch === 1) return x
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  return x
    .reshape([batch, channels, height / patch, patch, width / patch, patch])
    .transpose([0, 1, 3, 5, 2, 4])
    .reshape([batch, channels * patch * patch, height / patch, width / patch])
}

/** The way back (Shi et al. 2016): [batch, channels / patch², height·patch, width·patch]. */
export function pixelShuffle(x: Tensor, patch: number): Tensor {
  if (patch === 1) return x
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  const out = channels / (patch * patch)
  return x
    .reshape([batch, out, patch, patch, height, width])
    .transpose([0, 1, 4, 2, 5, 3])
    .reshape([batch, out, height * patch, width * patch])
}

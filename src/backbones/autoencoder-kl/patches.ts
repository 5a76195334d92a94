import { axes, type Tensor } from '../../graph/index.js'

/** Patches of pixels as channels, in the order of PyTorch's pixel_unshuffle: [batch, channels·patch², height / patch, width / patch]. */
export function foldPatches(x: Tensor, patch: number): Tensor {
  if (patch === 1) return x
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  return x
    .reshape([batch, channels, height / patch, patch, width / patch, patch])
    .transpose([0, 1, 3, 5, 2, 4])
    .reshape([batch, channels * patch * patch, height / patch, width / patch])
}

/** The way back. */
export function unfoldPatches(x: Tensor, patch: number): Tensor {
  if (patch === 1) return x
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  const out = channels / (patch * patch)
  return x
    .reshape([batch, out, patch, patch, height, width])
    .transpose([0, 1, 4, 2, 5, 3])
    .reshape([batch, out, height * patch, width * patch])
}

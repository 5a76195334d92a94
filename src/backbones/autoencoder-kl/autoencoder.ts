import { axes, pixelShuffle, pixelUnshuffle, scaledDotProductAttention, silu, type Tensor, upsample } from '../../graph/index.js'
import { conv2d, groupNorm, linear, type Scope } from '../../nn/index.js'
import { residualBlock } from '../unet/residual-block.js'
import type { AutoencoderSize } from './sizes.js'

/** A normal distribution per element of the latents [batch, latent channels, height, width], not yet scaled. */
export interface Moments {
  readonly mean: Tensor
  /** Between -30 and 20. */
  readonly logVariance: Tensor
}

const PIXEL_CHANNELS = 3
/** All norms of the autoencoder; the U-Net has 1e-5. */
const epsilon = 1e-6

/** What the encoder makes of pixels [batch, 3, height, width] from -1 to 1 (Rombach et al. 2022, section 3.1). */
export function encode(scope: Scope, pixels: Tensor, size: AutoencoderSize): Moments {
  const { widths, blocks, groups, latentChannels, quantConvolutions = true, patch = 1 } = size
  const encoder = scope.at('encoder')
  let x = conv2d(encoder.at('conv_in'), pixelUnshuffle(pixels, patch), widths[0] as number, 3, { padding: 1 })
  for (const [level, width] of widths.entries()) {
    const down = encoder.at('down_blocks', level)
    for (let i = 0; i < blocks; i++) x = residualBlock(down.at('resnets', i), x, width, { groups, epsilon })
    if (level === widths.length - 1) continue
    const odd = [0, 1] as const // a row below and a column on the right, none above and on the left
    x = conv2d(down.at('downsamplers', 0, 'conv'), x, width, 3, { stride: 2, padding: [odd, odd] })
  }
  x = middle(encoder.at('mid_block'), x, size)
  x = silu(groupNorm(encoder.at('conv_norm_out'), x, groups, { epsilon }))
  x = conv2d(encoder.at('conv_out'), x, 2 * latentChannels, 3, { padding: 1 })
  if (quantConvolutions) x = conv2d(scope.at('quant_conv'), x, 2 * latentChannels, 1)
  const [mean, logVariance] = x.split(2, 1) as [Tensor, Tensor]
  return { mean, logVariance: logVariance.clamp({ min: -30, max: 20 }) }
}

/** The pixels [batch, 3, height, width], about -1 to 1, of latents that were not scaled or whose scaling was undone. */
export function decode(scope: Scope, latents: Tensor, size: AutoencoderSize): Tensor {
  const { widths, blocks, decoderBlocks = blocks + 1, groups, latentChannels, quantConvolutions = true, patch = 1 } = size
  const decoder = scope.at('decoder')
  const plain = quantConvolutions ? conv2d(scope.at('post_quant_conv'), latents, latentChannels, 1) : latents
  let x = conv2d(decoder.at('conv_in'), plain, widths.at(-1) as number, 3, { padding: 1 })
  x = middle(decoder.at('mid_block'), x, size)
  for (const [i, width] of widths.toReversed().entries()) {
    const up = decoder.at('up_blocks', i)
    for (let j = 0; j < decoderBlocks; j++) x = residualBlock(up.at('resnets', j), x, width, { groups, epsilon })
    if (i < widths.length - 1) x = conv2d(up.at('upsamplers', 0, 'conv'), upsample(x, 2), width, 3, { padding: 1 })
  }
  x = silu(groupNorm(decoder.at('conv_norm_out'), x, groups, { epsilon }))
  return pixelShuffle(conv2d(decoder.at('conv_out'), x, PIXEL_CHANNELS * patch * patch, 3, { padding: 1 }), patch)
}

/** Latents as the U-Net reads them: one draw of the moments with noise of the same shape, or their mean without; scaled. */
export function toLatents({ mean, logVariance }: Moments, { scaling, shift = 0 }: AutoencoderSize, noise?: Tensor): Tensor {
  const drawn = noise ? mean.add(logVariance.mul(0.5).exp().mul(noise)) : mean
  return (shift === 0 ? drawn : drawn.sub(shift)).mul(scaling)
}

/** The way back, before `decode`. */
export function fromLatents(latents: Tensor, { scaling, shift = 0 }: AutoencoderSize): Tensor {
  const plain = latents.mul(1 / scaling)
  return shift === 0 ? plain : plain.add(shift)
}

/** How far the moments are from N(0, 1), per picture [batch]: the Kullback-Leibler divergence in nats. */
export const divergence = ({ mean, logVariance }: Moments): Tensor =>
  mean.square().add(logVariance.exp()).sub(1).sub(logVariance).mul(0.5).sum([1, 2, 3])

function middle(scope: Scope, x: Tensor, { widths, groups }: AutoencoderSize): Tensor {
  const width = widths.at(-1) as number
  x = residualBlock(scope.at('resnets', 0), x, width, { groups, epsilon })
  x = attention(scope.at('attentions', 0), x, groups)
  return residualBlock(scope.at('resnets', 1), x, width, { groups, epsilon })
}

/** Files from before 2023 spell the projections otherwise. */
const olderNames = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' } as const

/** Every place looks at every other, with a single head. */
function attention(scope: Scope, x: Tensor, groups: number): Tensor {
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  const named = (name: keyof typeof olderNames): Scope => scope.at(scope.has(`${name}.weight`) ? name : olderNames[name])
  const tokens = groupNorm(scope.at('group_norm'), x, groups, { epsilon })
    .reshape([batch, channels, height * width])
    .transpose([0, 2, 1]) // [batch, places, channels]
  const [q, k, v] = (['to_q', 'to_k', 'to_v'] as const).map((name) => linear(named(name), tokens, channels).unsqueeze(1))
  const mixed = scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor).squeeze(1)
  const out = linear(named('to_out.0'), mixed, channels)
  return x.add(out.transpose([0, 2, 1]).reshape([batch, channels, height, width]))
}

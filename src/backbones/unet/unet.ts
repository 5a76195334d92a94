import { concat, GeneraError, pixelShuffle, pixelUnshuffle, resize, silu, type Tensor } from '../../graph/index.js'
import { conv2d, embedding, groupNorm, initialisers, linear, type Scope, sinusoids } from '../../nn/index.js'
import { residualBlock } from './residual-block.js'
import type { UnetSize } from './sizes.js'
import { spatialTransformer } from './transformer-block.js'

export interface UnetInputs {
  /** [batch, in channels, height, width]. */
  readonly sample: Tensor
  /** [batch]: the noise level, from 0 to 999 in the published models; it need not be whole. */
  readonly time: Tensor
  /** [batch, tokens, context width]: the text's states. */
  readonly context: Tensor
  /** [batch, pooled width]: the pooled text of XL. */
  readonly pooled?: Tensor | undefined
  /** [batch, 6]: original height and width, top and left of the crop, target height and width, in px. The refiner reads an aesthetic score, its fifth number, in place of the target. */
  readonly numbers?: Tensor | undefined
  /** [batch]: a class, such as an upscaler's noise level. */
  readonly classes?: Tensor | undefined
  /** [batch, guidance width]: the embedded guidance scale of a distilled model (see `guidanceEmbedding`). */
  readonly guidance?: Tensor | undefined
}

/** Added by XL and others to what the U-Net reads; `undefined` where the row has no such input. */
type Extra = 'pooled' | 'numbers' | 'classes' | 'guidance'

/** What the U-Net predicts for the sample [batch, out channels, height, width] (Rombach et al. 2022, section 3.3). */
export function unet(scope: Scope, inputs: UnetInputs, size: UnetSize): Tensor {
  const { sample, context } = inputs
  const { widths, blocks, depth, heads, groups, crossOnly = [], linearProjection = false, patch = 1 } = size
  const [first] = widths as readonly [number]
  const time = silu(timeEmbedding(scope, inputs, size)) // [batch, time width]
  const block = (at: Scope, x: Tensor, width: number): Tensor => residualBlock(at, x, width, { groups, epsilon: 1e-5, time })
  const attend = (
    at: Scope,
    x: Tensor,
    level: number,
    { deep = depth[level] as number, only = crossOnly[level] ?? false } = {},
  ): Tensor => {
    const options = { heads: heads[level] as number, depth: deep, groups, context, linearProjection, crossOnly: only }
    return deep === 0 ? x : spatialTransformer(at, x, options)
  }

  let x = conv2d(scope.at('conv_in'), pixelUnshuffle(sample, patch), first, 3, { padding: 1 })
  const skips = [x]
  for (const [level, width] of widths.entries()) {
    const down = scope.at('down_blocks', level)
    for (let i = 0; i < blocks; i++) {
      x = attend(down.at('attentions', i), block(down.at('resnets', i), x, width), level)
      skips.push(x)
    }
    if (level === widths.length - 1) continue
    x = conv2d(down.at('downsamplers', 0, 'conv'), x, width, 3, { stride: 2, padding: 1 })
    skips.push(x)
  }

  const middle = scope.at('mid_block')
  const coarsest = widths.length - 1
  x = block(middle.at('resnets', 0), x, widths[coarsest] as number)
  x = attend(middle.at('attentions', 0), x, coarsest, { deep: size.middleDepth, only: false })
  x = block(middle.at('resnets', 1), x, widths[coarsest] as number)

  for (const [i, width] of widths.toReversed().entries()) {
    const up = scope.at('up_blocks', i)
    for (let j = 0; j <= blocks; j++) {
      x = block(up.at('resnets', j), concat([x, skips.pop() as Tensor], 1), width)
      x = attend(up.at('attentions', j), x, coarsest - i)
    }
    if (i === coarsest) continue
    const { shape } = skips.at(-1) as Tensor // an odd size was rounded up on the way down
    x = conv2d(up.at('upsamplers', 0, 'conv'), resize(x, shape.slice(2) as readonly number[]), width, 3, { padding: 1 })
  }
  const out = silu(groupNorm(scope.at('conv_norm_out'), x, groups))
  const channels = size.outChannels + (size.detail?.channels ?? 0)
  const answer = pixelShuffle(conv2d(scope.at('conv_out'), out, channels * patch * patch, 3, { padding: 1 }), patch)
  return size.detail ? corrected(scope.at('detail'), answer, { sample, time }, { ...size, detail: size.detail }) : answer
}

/** What folded places were too coarse for. It corrects nothing at first, so that a trained U-Net can be given it later. */
function corrected(
  scope: Scope,
  answer: Tensor,
  { sample, time }: Pick<UnetInputs, 'sample' | 'time'>,
  { outChannels, groups, detail: { width, blocks } }: Required<Pick<UnetSize, 'outChannels' | 'groups' | 'detail'>>,
): Tensor {
  let x = conv2d(scope.at('conv_in'), concat([sample, answer], 1), width, 3, { padding: 1 })
  for (let i = 0; i < blocks; i++) x = residualBlock(scope.at('resnets', i), x, width, { groups, epsilon: 1e-5, time })
  const out = silu(groupNorm(scope.at('conv_norm_out'), x, groups))
  const change = conv2d(scope.at('conv_out'), out, outChannels, 3, { padding: 1, bias: false, initialiser: initialisers.zeros })
  return answer.slice(1, 0, outChannels).add(change)
}

/** The noise level, and whatever else the row reads, as one vector per picture. */
function timeEmbedding(
  scope: Scope,
  inputs: UnetInputs,
  { widths: [first], time: width = (first as number) * 4, added, classes, guidance }: UnetSize,
): Tensor {
  const given = (name: Extra): Tensor => {
    const tensor = inputs[name]
    if (!tensor) throw new GeneraError('unet-input', `Cannot trace the U-Net without "${name}": this size reads it`)
    return tensor
  }
  const mlp = (at: Scope, x: Tensor): Tensor => linear(at.at('linear_2'), silu(linear(at.at('linear_1'), x, width)), width)
  let waves = sinusoids(inputs.time, first as number)
  if (guidance) waves = waves.add(linear(scope.at('time_embedding', 'cond_proj'), given('guidance'), first as number, { bias: false }))
  let time = mlp(scope.at('time_embedding'), waves)
  if (classes) time = time.add(embedding(scope.at('class_embedding'), given('classes'), classes, width))
  if (added) {
    const numbers = sinusoids(given('numbers'), added.sinusoids).flatten(1, 2) // [batch, numbers·sinusoids]
    time = time.add(mlp(scope.at('add_embedding'), concat([given('pooled'), numbers], 1)))
  }
  return time
}

/** The guidance scales [batch] as a distilled model reads them: [batch, width]. */
export const guidanceEmbedding = (scale: Tensor, width: number): Tensor =>
  sinusoids(scale.sub(1).mul(1000), width, { shift: 1, order: 'sines-first' })

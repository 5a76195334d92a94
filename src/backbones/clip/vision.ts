import { axes, concat, gelu, type Tensor } from '../../graph/index.js'
import { conv2d, initialisers, layerNorm, linear, type Scope } from '../../nn/index.js'
import type { ClipVisionSize } from './sizes.js'
import { transformer } from './transformer.js'

export interface ClipVision {
  /** [batch, 1 + patches, width]: the last layer's states, the class token first; no layer norm follows. */
  readonly states: Tensor
  /** [batch, width]: the class token's state after the last layer norm. */
  readonly pooled: Tensor
  /** [batch, projection]: the picture in the space that it shares with texts, not normalised. */
  readonly embedding: Tensor | undefined
}

/**
 * CLIP's image tower: a vision transformer over normalised pixels [batch, 3, height, width]. `skip` leaves the last layers out of
 * the states.
 */
export function clipVision(scope: Scope, pixels: Tensor, size: ClipVisionSize, { skip = 0 }: { skip?: number } = {}): ClipVision {
  const { width, patch, image, projection, stem = [] } = size
  const { batch } = axes(pixels, `batch 3 ${image} ${image}`) as { batch: number }
  const model = scope.at('vision_model')
  const finest = stem.reduce((side, _, level) => side / strideOf(level), patch)
  const patches = conv2d(model.at('embeddings', 'patch_embedding'), stemOf(model.at('embeddings', 'stem'), pixels, stem), width, finest, {
    stride: finest,
    bias: false,
    initialiser: initialisers.normal(0.02),
  })
    .flatten(2, 3)
    .transpose([0, 2, 1]) // [batch, patches, width]
  const first = model.at('embeddings').param('class_embedding', [width], { initialiser: initialisers.normal(width ** -0.5) })
  const all = concat([first.expand([batch, 1, width]), patches], 1)
  const count = (image / patch) ** 2 + 1
  const places = model.at('embeddings', 'position_embedding').param('weight', [count, width], { initialiser: initialisers.normal(0.02) })
  const normal = layerNorm(model.at('pre_layrnorm'), all.add(places)) // the published files spell it so
  const states = transformer(model.at('encoder'), normal, size, { causal: false })
  const pooled = layerNorm(model.at('post_layernorm'), (states[size.layers] as Tensor).pick(1, 0))
  return {
    states: states[size.layers - skip] as Tensor,
    pooled,
    embedding: projection
      ? linear(scope.at('visual_projection'), pooled, projection, { bias: false, initialiser: initialisers.normal(width ** -0.5) })
      : undefined,
  }
}

const strideOf = (level: number): number => (level === 0 ? 4 : 2)

/** Each level: a convolution that makes the picture smaller, and one around which it goes. */
function stemOf(scope: Scope, pixels: Tensor, widths: readonly number[]): Tensor {
  let x = pixels
  for (const [level, width] of widths.entries()) {
    const own = scope.at(level)
    const stride = strideOf(level)
    x = conv2d(own.at('down'), x, width, level === 0 ? stride : 3, { stride, padding: level === 0 ? 0 : 1 })
    x = x.add(conv2d(own.at('conv'), gelu(x), width, 3, { padding: 1 }))
  }
  return x
}

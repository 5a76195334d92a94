import { axes, gelu, scaledDotProductAttention, type Tensor } from '../../graph/index.js'
import { conv2d, groupNorm, layerNorm, linear, type Scope } from '../../nn/index.js'

export interface SpatialTransformerOptions {
  readonly heads: number
  /** Transformer blocks one after the other. */
  readonly depth: number
  readonly groups: number
  /** [batch, tokens, context width]: what the picture attends to. */
  readonly context: Tensor
  /** How the projections around the blocks are stored: linear, or as 1×1 convolutions. */
  readonly linearProjection: boolean
  /** The first attention of each block reads the context, too, instead of the picture. */
  readonly crossOnly: boolean
}

/** Lets every place of [batch, channels, height, width] attend to the others and to the context (Rombach et al. 2022, appendix E.2.1). */
export function spatialTransformer(scope: Scope, x: Tensor, options: SpatialTransformerOptions): Tensor {
  const { depth, groups, linearProjection } = options
  const { batch, channels, height, width } = axes(x, 'batch channels height width')
  const toTokens = (y: Tensor): Tensor => y.reshape([batch, channels, height * width]).transpose([0, 2, 1]) // [batch, places, channels]
  const toSpace = (y: Tensor): Tensor => y.transpose([0, 2, 1]).reshape([batch, channels, height, width])
  const normal = groupNorm(scope.at('norm'), x, groups, { epsilon: 1e-6 })
  let tokens = linearProjection
    ? linear(scope.at('proj_in'), toTokens(normal), channels)
    : toTokens(conv2d(scope.at('proj_in'), normal, channels, 1))
  for (let i = 0; i < depth; i++) tokens = transformerBlock(scope.at('transformer_blocks', i), tokens, options)
  return x.add(
    linearProjection ? toSpace(linear(scope.at('proj_out'), tokens, channels)) : conv2d(scope.at('proj_out'), toSpace(tokens), channels, 1),
  )
}

function transformerBlock(scope: Scope, x: Tensor, { heads, context, crossOnly }: SpatialTransformerOptions): Tensor {
  const self = layerNorm(scope.at('norm1'), x)
  x = x.add(attention(scope.at('attn1'), self, crossOnly ? context : self, heads))
  x = x.add(attention(scope.at('attn2'), layerNorm(scope.at('norm2'), x), context, heads))
  return x.add(gatedFeedForward(scope.at('ff', 'net'), layerNorm(scope.at('norm3'), x)))
}

/** Multi-head attention with diffusers' names: to_q, to_k and to_v without a bias, to_out.0 with one. */
function attention(scope: Scope, x: Tensor, context: Tensor, heads: number): Tensor {
  const { batch, tokens, channels } = axes(x, 'batch tokens channels')
  const project = (from: Tensor, name: string): Tensor =>
    linear(scope.at(name), from, channels, { bias: false })
      .reshape([batch, from.shape[1] as number, heads, channels / heads])
      .transpose([0, 2, 1, 3]) // [batch, heads, tokens, channels / heads]
  const mixed = scaledDotProductAttention(project(x, 'to_q'), project(context, 'to_k'), project(context, 'to_v'))
  return linear(scope.at('to_out', 0), mixed.transpose([0, 2, 1, 3]).reshape([batch, tokens, channels]), channels)
}

/** GEGLU (Shazeer 2020): half of a linear layer's outputs gate the other half, `h·gelu(g)`. */
function gatedFeedForward(scope: Scope, x: Tensor): Tensor {
  const channels = x.size(-1)
  const [hidden, gate] = linear(scope.at(0, 'proj'), x, 8 * channels).split(2, -1) as [Tensor, Tensor]
  return linear(scope.at(2), hidden.mul(gelu(gate)), channels)
}

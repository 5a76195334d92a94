import { silu, type Tensor } from '../../graph/index.js'
import { conv2d, groupNorm, linear, type Scope } from '../../nn/index.js'

export interface ResidualBlockOptions {
  readonly groups: number
  readonly epsilon: number
  /** [batch, time width]: the time's embedding, already through its SiLU; autoencoders have none. */
  readonly time?: Tensor | undefined
}

/** Norm, SiLU and 3×3 convolution twice, with the time added between them, around [batch, channels, height, width]. */
export function residualBlock(scope: Scope, x: Tensor, width: number, { groups, epsilon, time }: ResidualBlockOptions): Tensor {
  let h = conv2d(scope.at('conv1'), silu(groupNorm(scope.at('norm1'), x, groups, { epsilon })), width, 3, { padding: 1 })
  if (time) h = h.add(linear(scope.at('time_emb_proj'), time, width).unsqueeze(-1).unsqueeze(-1))
  h = conv2d(scope.at('conv2'), silu(groupNorm(scope.at('norm2'), h, groups, { epsilon })), width, 3, { padding: 1 })
  return h.add(x.size(1) === width ? x : conv2d(scope.at('conv_shortcut'), x, width, 1))
}

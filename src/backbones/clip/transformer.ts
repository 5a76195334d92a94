import { gelu, quickGelu, type Tensor } from '../../graph/index.js'
import { attention, feedForward, layerNorm, type Scope } from '../../nn/index.js'
import type { ClipTextSize, ClipVisionSize } from './sizes.js'

/** The states of a tower [batch, tokens, width] on the way: first the embeddings, then what each layer makes of the ones before. */
export function transformer(
  scope: Scope,
  x: Tensor,
  { layers, heads, hidden, activation }: ClipTextSize | ClipVisionSize,
  { causal }: { causal: boolean },
): readonly Tensor[] {
  const activate = activation === 'quick-gelu' ? quickGelu : gelu
  const states = [x]
  for (let i = 0; i < layers; i++) {
    const layer = scope.at('layers', i)
    const normal = layerNorm(layer.at('layer_norm1'), x)
    x = x.add(attention(layer.at('self_attn'), normal, normal, { heads, causal }))
    x = x.add(feedForward(layer.at('mlp'), layerNorm(layer.at('layer_norm2'), x), hidden, { activation: activate }))
    states.push(x)
  }
  return states
}

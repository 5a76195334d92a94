import {
  type Attending,
  attending,
  type CausalOptions,
  type CausalOutput,
  joinHeads,
  splitHeads,
  statesToRead,
} from '../../generative/language/causal.js'
import type { Tensor } from '../../graph/index.js'
import { embedding, initialisers, layerNorm, linear, type Scope } from '../../nn/index.js'
import { activations } from '../activation.js'
import type { OptSize } from './sizes.js'

const initialiser = initialisers.normal(0.006)
const biasInitialiser = initialisers.zeros

/** The table of places begins with two rows that no place has, as in the library that the models were trained with. */
const unusedPlaces = 2

/** OPT (Zhang et al. 2022), and Galactica, which is built alike: a decoder with learned positions whose head is the table of words. */
export function opt(scope: Scope, tokens: Tensor, size: OptSize, { past, counts, packed }: CausalOptions = {}): CausalOutput {
  const { vocabulary, context, width, wordWidth, layers, normFirst } = size
  const model = scope.at('model', 'decoder')
  const attention = attending(tokens, { past, packed })
  const between = { bias: false, initialiser }
  const words = embedding(model.at('embed_tokens'), tokens, vocabulary, wordWidth, { initialiser })
  const places = embedding(model.at('embed_positions'), attention.positions.add(unusedPlaces), context + unusedPlaces, width, {
    initialiser,
  })
  let x = (wordWidth === width ? words : linear(model.at('project_in'), words, width, between)).add(places) // [batch, tokens, width]
  for (let i = 0; i < layers; i++) x = layer(model.at('layers', i), x, size, attention)
  if (normFirst) x = layerNorm(model.at('final_layer_norm'), x)
  const states = statesToRead(x, counts)
  const out = wordWidth === width ? states : linear(model.at('project_out'), states, wordWidth, between)
  return { logits: model.at('embed_tokens').project(out, 'weight', vocabulary, { initialiser }), caches: attention.caches }
}

function layer(scope: Scope, x: Tensor, size: OptSize, { attend }: Attending): Tensor {
  const { width, heads, hidden, activation, normFirst, biases: bias } = size
  const options = { bias, initialiser, biasInitialiser }
  /** One part of the layer with its norm, before or behind. */
  const part = (norm: string, inner: (y: Tensor) => Tensor): void => {
    const normal = (y: Tensor): Tensor => layerNorm(scope.at(norm), y)
    x = normFirst ? x.add(inner(normal(x))) : normal(x.add(inner(x)))
  }
  part('self_attn_layer_norm', (y) => {
    const self = scope.at('self_attn')
    const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((name) =>
      splitHeads(linear(self.at(name), y, width, options), heads, width / heads),
    ) as [Tensor, Tensor, Tensor] // [batch, heads, tokens, width / heads]
    return linear(self.at('out_proj'), joinHeads(attend(q, k, v)), width, options)
  })
  part('final_layer_norm', (y) =>
    linear(scope.at('fc2'), activations[activation](linear(scope.at('fc1'), y, hidden, options)), width, options),
  )
  return x
}

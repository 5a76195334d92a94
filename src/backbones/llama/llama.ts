import {
  type Attending,
  attending,
  type CausalOptions,
  type CausalOutput,
  joinHeads,
  splitHeads,
  statesToRead,
} from '../../generative/language/causal.js'
import { rotaryAngles, rotaryEmbedding, type Tensor } from '../../graph/index.js'
import { embedding, initialisers, linear, rmsNorm, type Scope } from '../../nn/index.js'
import { activations } from '../activation.js'
import type { LlamaSize, Projection } from './sizes.js'

const initialiser = initialisers.normal(0.02)

/**
 * Llama (Touvron et al. 2023) and the families that are settings of it: Mistral, Qwen 2, 2.5 and 3, SmolLM. A decoder with
 * root-mean-square norms before its parts, rotary positions, grouped queries and a gated feed-forward.
 */
export function llama(scope: Scope, tokens: Tensor, size: LlamaSize, { past, counts, packed }: CausalOptions = {}): CausalOutput {
  const model = scope.at('model')
  const attention = attending(tokens, { past, packed })
  const angles = rotaryAngles(attention.positions, {
    width: size.headWidth,
    theta: size.theta,
    ...(size.scaling && { scaling: size.scaling }),
  })
  let x = embedding(model.at('embed_tokens'), tokens, size.vocabulary, size.width, { initialiser }) // [batch, tokens, width]
  for (let i = 0; i < size.layers; i++) x = layer(model.at('layers', i), x, { size, attention, angles, index: i })
  const states = statesToRead(rmsNorm(model.at('norm'), x, size), counts)
  const head = size.tied ? model.at('embed_tokens') : scope.at('lm_head')
  return { logits: head.project(states, 'weight', size.vocabulary, { initialiser }), caches: attention.caches }
}

interface Layer {
  readonly size: LlamaSize
  readonly attention: Attending
  /** [batch, tokens, head width / 2] */
  readonly angles: { readonly cos: Tensor; readonly sin: Tensor }
  readonly index: number
}

function layer(scope: Scope, x: Tensor, { size, attention, angles, index }: Layer): Tensor {
  const { heads, keyValueHeads, headWidth, width, biases, queryKeyNorm, window } = size
  const self = scope.at('self_attn')
  const project = (from: Tensor, name: Projection, features: number): Tensor =>
    linear(self.at(name), from, features, { bias: biases.includes(name), initialiser, biasInitialiser: initialisers.zeros })
  const turned = (y: Tensor, norm: string): Tensor => rotaryEmbedding(queryKeyNorm ? rmsNorm(self.at(norm), y, size) : y, angles)

  const normal = rmsNorm(scope.at('input_layernorm'), x, size)
  const q = turned(splitHeads(project(normal, 'q_proj', heads * headWidth), heads, headWidth), 'q_norm')
  const k = turned(splitHeads(project(normal, 'k_proj', keyValueHeads * headWidth), keyValueHeads, headWidth), 'k_norm')
  const v = splitHeads(project(normal, 'v_proj', keyValueHeads * headWidth), keyValueHeads, headWidth)
  const mixed = attention.attend(q, k, v, { window: window && index >= window.from ? window.tokens : undefined })
  x = x.add(project(joinHeads(mixed), 'o_proj', width))
  return x.add(gatedFeedForward(scope.at('mlp'), rmsNorm(scope.at('post_attention_layernorm'), x, size), size))
}

/** `down(activation(gate(x))·up(x))` (Shazeer 2020). */
function gatedFeedForward(scope: Scope, x: Tensor, { hidden, width, activation }: LlamaSize): Tensor {
  const options = { bias: false, initialiser }
  const gate = activations[activation](linear(scope.at('gate_proj'), x, hidden, options))
  return linear(scope.at('down_proj'), gate.mul(linear(scope.at('up_proj'), x, hidden, options)), width, options)
}

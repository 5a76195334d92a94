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
import { embedding, initialisers, type LinearOptions, layerNorm, linear, type Scope } from '../../nn/index.js'
import { activations } from '../activation.js'
import type { Gpt2Size } from './sizes.js'

const initialiser = initialisers.normal(0.02)

/** GPT-2 (Radford et al. 2019): a decoder with layer norms before its parts and learned positions; the head is the table of words. */
export function gpt2(scope: Scope, tokens: Tensor, size: Gpt2Size, { past, counts, packed }: CausalOptions = {}): CausalOutput {
  const attention = attending(tokens, { past, packed })
  const words = embedding(scope.at('wte'), tokens, size.vocabulary, size.width, { initialiser })
  const places = embedding(scope.at('wpe'), attention.positions, size.context, size.width, { initialiser: initialisers.normal(0.01) })
  let x = words.add(places) // [batch, tokens, width]
  for (let i = 0; i < size.layers; i++) x = block(scope.at('h', i), x, size, attention)
  const states = layerNorm(scope.at('ln_f'), x, size)
  const logits = scope.at('wte').project(statesToRead(states, counts), 'weight', size.vocabulary, { initialiser })
  return { logits, caches: attention.caches }
}

function block(scope: Scope, x: Tensor, size: Gpt2Size, { attend }: Attending): Tensor {
  const { width, heads, layers, hidden, activation } = size
  const into = { stored: 'in-out', initialiser, biasInitialiser: initialisers.zeros } as const satisfies LinearOptions
  // What is added to the residual stream starts smaller the more layers add to it (section 2.3).
  const back = { ...into, initialiser: initialisers.normal(0.02 / Math.sqrt(2 * layers)) }
  const normal = layerNorm(scope.at('ln_1'), x, size)
  const [q, k, v] = linear(scope.at('attn', 'c_attn'), normal, 3 * width, into)
    .split(3, -1)
    .map((part) => splitHeads(part, heads, width / heads)) as [Tensor, Tensor, Tensor] // [batch, heads, tokens, width / heads]
  x = x.add(linear(scope.at('attn', 'c_proj'), joinHeads(attend(q, k, v)), width, back))
  const inner = activations[activation](linear(scope.at('mlp', 'c_fc'), layerNorm(scope.at('ln_2'), x, size), hidden, into))
  return x.add(linear(scope.at('mlp', 'c_proj'), inner, width, back))
}

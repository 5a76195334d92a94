import { attending, type CausalOutput, joinHeads, splitHeads, statesToRead } from '../../generative/language/causal.js'
import type { EncoderDecoderNetwork, SecondOptions } from '../../generative/language/encoder-decoder.js'
import {
  constant,
  type Dimension,
  gather,
  type KeyValueCache,
  range,
  scaledDotProductAttention,
  type Tensor,
  where,
} from '../../graph/index.js'
import { embedding, initialisers, linear, rmsNorm, type Scope } from '../../nn/index.js'
import { activations } from '../activation.js'
import { type RelativePositions, relativeBuckets } from './relative-positions.js'
import type { T5Size } from './sizes.js'

/*
 * T5 (Raffel et al. 2020): an encoder and a decoder with root-mean-square norms before their parts, no biases, and attention that knows places by
 * distance alone: the first layer learns what each distance adds to the scores, all others share it. Scores are not divided by √width; the initial
 * values make up for it.
 */

/** What the encoder makes of texts, [batch, tokens, width]; with `counts`, int32 [batch], what stands behind so many tokens is padding. */
export function t5Encoder(scope: Scope, tokens: Tensor, size: T5Size, counts?: Tensor): Tensor {
  const encoder = scope.at('encoder')
  const places = range(tokens.shape[1] as Dimension)
  const first = encoder.at('block', 0, 'layer', 0, 'SelfAttention')
  let mask = distanceBias(first, places.unsqueeze(0), places, size, true) // [1, heads, tokens, tokens]
  if (counts) {
    const real = places.less(counts.cast('int64').unsqueeze(1)).unsqueeze(1).unsqueeze(1) // [batch, 1, 1, tokens]
    mask = mask.add(where(real, 0, -1e9))
  }
  let x = words(scope, tokens, size) // [batch, tokens, width]
  for (let i = 0; i < size.layers; i++) {
    const [attention, feedForward] = [encoder.at('block', i, 'layer', 0), encoder.at('block', i, 'layer', 1)]
    const self = attention.at('SelfAttention')
    const y = rmsNorm(attention.at('layer_norm'), x, size)
    const q = heads(self, 'q', y, size)
    const { key, value } = keysAndValues(self, y, size)
    x = x.add(joined(self, scaledDotProductAttention(q, key, value, { mask, scale: 1 }), size))
    x = x.add(feedForwardOf(feedForward, x, size))
  }
  return rmsNorm(encoder.at('final_layer_norm'), x, size)
}

/** The keys and values that each layer of the decoder reads of the encoder's states: [batch, heads, tokens, head width]. */
export function t5SourceCaches(scope: Scope, states: Tensor, size: T5Size): readonly KeyValueCache[] {
  return Array.from({ length: size.decoderLayers }, (_, i) =>
    keysAndValues(scope.at('decoder', 'block', i, 'layer', 1, 'EncDecAttention'), states, size),
  )
}

/** The decoder over tokens [batch, tokens] of answers to what the source's caches hold. */
export function t5Decoder(
  scope: Scope,
  tokens: Tensor,
  source: readonly KeyValueCache[],
  size: T5Size,
  { past, counts, sourceCounts }: SecondOptions = {},
): CausalOutput {
  const decoder = scope.at('decoder')
  const attention = attending(tokens, { past })
  const keys = range((past ? past.caches[0]?.key : tokens)?.shape[past ? 2 : 1] as Dimension)
  const bias = distanceBias(decoder.at('block', 0, 'layer', 0, 'SelfAttention'), attention.positions, keys, size, false)
  const sourceLength = source[0]?.key.shape[2] as Dimension
  const mask = sourceCounts && range(sourceLength).less(sourceCounts.cast('int64').unsqueeze(1)).unsqueeze(1).unsqueeze(1)
  let x = words(scope, tokens, size) // [batch, tokens, width]
  for (const [i, { key, value }] of source.entries()) {
    const [first, second, third] = [0, 1, 2].map((part) => decoder.at('block', i, 'layer', part)) as [Scope, Scope, Scope]
    const self = first.at('SelfAttention')
    const y = rmsNorm(first.at('layer_norm'), x, size)
    const own = keysAndValues(self, y, size)
    x = x.add(joined(self, attention.attend(heads(self, 'q', y, size), own.key, own.value, { bias, scale: 1 }), size))
    const cross = second.at('EncDecAttention')
    const q = heads(cross, 'q', rmsNorm(second.at('layer_norm'), x, size), size)
    x = x.add(joined(cross, scaledDotProductAttention(q, key, value, { mask, scale: 1 }), size))
    x = x.add(feedForwardOf(third, x, size))
  }
  const states = statesToRead(rmsNorm(decoder.at('final_layer_norm'), x, size), counts)
  const head = size.tied ? scope.at('shared') : scope.at('lm_head')
  const read = size.tied ? states.mul(size.width ** -0.5) : states
  return { logits: head.project(read, 'weight', size.vocabulary, { initialiser: initialisers.normal(1) }), caches: attention.caches }
}

/** Logits of every token of known answers, [batch, answer tokens, vocabulary]: what training compares. */
export function t5(scope: Scope, source: Tensor, answer: Tensor, size: T5Size, options: Omit<SecondOptions, 'past'> = {}): Tensor {
  const states = t5Encoder(scope, source, size, options.sourceCounts)
  return t5Decoder(scope, answer, t5SourceCaches(scope, states, size), size, options).logits
}

/** T5 as generation asks for it. */
export const t5Network = (scope: Scope, size: T5Size): EncoderDecoderNetwork => ({
  read: (tokens, counts) => t5SourceCaches(scope, t5Encoder(scope, tokens, size, counts), size),
  answer: (tokens, source, options) => t5Decoder(scope, tokens, source, size, options),
})

const words = (scope: Scope, tokens: Tensor, { vocabulary, width }: T5Size): Tensor =>
  embedding(scope.at('shared'), tokens, vocabulary, width, { initialiser: initialisers.normal(1) })

/** What distances add to scores: queries at `positions` [batch or 1, tokens], keys at `keys` [keys], gives [batch or 1, heads, tokens, keys]. */
function distanceBias(scope: Scope, positions: Tensor, keys: Tensor, size: T5Size, bothWays: RelativePositions['bothWays']): Tensor {
  const { farthest, buckets, heads: count, width } = size
  const initialiser = initialisers.normal(width ** -0.5)
  const learned = scope.at('relative_attention_bias').param('weight', [buckets, count], { initialiser })
  const perDistance = gather(learned, constant(relativeBuckets({ ...size, bothWays }))) // [2·farthest + 1, heads]
  const distance = keys.sub(positions.unsqueeze(2)).clamp({ min: -farthest, max: farthest }).add(farthest) // [batch, tokens, keys]
  return gather(perDistance, distance).transpose([0, 3, 1, 2])
}

function heads(scope: Scope, name: 'q' | 'k' | 'v', x: Tensor, { heads: count, headWidth, width }: T5Size): Tensor {
  const deviation = name === 'q' ? (width * headWidth) ** -0.5 : width ** -0.5
  const projected = linear(scope.at(name), x, count * headWidth, { bias: false, initialiser: initialisers.normal(deviation) })
  return splitHeads(projected, count, headWidth) // [batch, heads, tokens, head width]
}

const keysAndValues = (scope: Scope, x: Tensor, size: T5Size): KeyValueCache => ({
  key: heads(scope, 'k', x, size),
  value: heads(scope, 'v', x, size),
})

function joined(scope: Scope, mixed: Tensor, { heads: count, headWidth, width }: T5Size): Tensor {
  const initialiser = initialisers.normal((count * headWidth) ** -0.5)
  return linear(scope.at('o'), joinHeads(mixed), width, { bias: false, initialiser })
}

function feedForwardOf(scope: Scope, x: Tensor, size: T5Size): Tensor {
  const { width, hidden, activation, gated } = size
  const part = scope.at('DenseReluDense')
  const y = rmsNorm(scope.at('layer_norm'), x, size)
  const into = { bias: false, initialiser: initialisers.normal(width ** -0.5) }
  const inner = activations[activation](linear(part.at(gated ? 'wi_0' : 'wi'), y, hidden, into))
  const gate = gated ? inner.mul(linear(part.at('wi_1'), y, hidden, into)) : inner
  return linear(part.at('wo'), gate, width, { bias: false, initialiser: initialisers.normal(hidden ** -0.5) })
}

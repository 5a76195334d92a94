import { z } from 'zod'
import { activation, count, only, share, size } from '../config-fields.js'
import type { Gpt2Size } from './sizes.js'

/** GPT-2's config.json, as far as it decides which numbers are computed. */
export const gpt2Config = z
  .object({
    vocab_size: size.default(50_257),
    n_positions: size.default(1024),
    n_embd: size.default(768),
    n_layer: count.default(12),
    n_head: size.default(12),
    n_inner: size.nullable().default(null),
    activation_function: activation.default('gelu-tanh'),
    layer_norm_epsilon: share.default(1e-5),
    scale_attn_weights: only(true),
    scale_attn_by_inverse_layer_idx: only(false),
    tie_word_embeddings: only(true),
    add_cross_attention: only(false),
  })
  .transform(
    (config): Gpt2Size => ({
      vocabulary: config.vocab_size,
      context: config.n_positions,
      width: config.n_embd,
      layers: config.n_layer,
      heads: config.n_head,
      hidden: config.n_inner ?? 4 * config.n_embd,
      activation: config.activation_function,
      epsilon: config.layer_norm_epsilon,
    }),
  )

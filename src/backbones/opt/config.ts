import { z } from 'zod'
import { activation, count, only, size } from '../config-fields.js'
import type { OptSize } from './sizes.js'

/** OPT's config.json, as far as it decides which numbers are computed. */
export const optConfig = z
  .object({
    vocab_size: size.default(50_272),
    hidden_size: size.default(768),
    word_embed_proj_dim: size.nullish(),
    ffn_dim: size.default(3072),
    num_hidden_layers: count.default(12),
    num_attention_heads: size.default(12),
    max_position_embeddings: size.default(2048),
    activation_function: activation.default('relu'),
    do_layer_norm_before: z.boolean().default(true),
    _remove_final_layer_norm: only(false),
    enable_bias: z.boolean().default(true),
    layer_norm_elementwise_affine: only(true),
    tie_word_embeddings: only(true),
  })
  .transform(
    (config): OptSize => ({
      vocabulary: config.vocab_size,
      context: config.max_position_embeddings,
      width: config.hidden_size,
      wordWidth: config.word_embed_proj_dim ?? config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      hidden: config.ffn_dim,
      activation: config.activation_function,
      normFirst: config.do_layer_norm_before,
      biases: config.enable_bias,
    }),
  )

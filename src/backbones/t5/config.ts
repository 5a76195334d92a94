import { z } from 'zod'
import { activation, count, share, size } from '../config-fields.js'
import type { T5Size } from './sizes.js'

/** The feed-forward's kind: an activation, perhaps behind "gated-". T5 1.1 writes gelu where it means the approximation. */
const feedForward = z.string().transform((told, context) => {
  const gated = told.startsWith('gated-')
  const name = told === 'gated-gelu' ? 'gelu_new' : gated ? told.slice('gated-'.length) : told
  const { data } = activation.safeParse(name)
  if (data) return { gated, activation: data }
  context.addIssue({ code: 'custom', message: 'expected an activation such as relu, or gated- and an activation' })
  return z.NEVER
})

/** T5's config.json, as far as it decides which numbers are computed. */
export const t5Config = z
  .object({
    vocab_size: size.default(32_128),
    d_model: size.default(512),
    d_kv: size.default(64),
    d_ff: size.default(2048),
    num_layers: count.default(6),
    num_decoder_layers: count.nullish(),
    num_heads: size.default(8),
    relative_attention_num_buckets: size.min(4).max(4096).multipleOf(4).default(32),
    relative_attention_max_distance: size.max(65_536).default(128),
    layer_norm_epsilon: share.default(1e-6),
    feed_forward_proj: feedForward.default({ gated: false, activation: 'relu' }),
    tie_word_embeddings: z.boolean().default(true),
    /** What the library writes from version 5 on, where tie_word_embeddings is always true. */
    scale_decoder_outputs: z.boolean().nullish(),
    decoder_start_token_id: z.int().min(0).nullish(),
    pad_token_id: z.int().min(0).nullish(),
  })
  .refine((config) => config.relative_attention_max_distance > config.relative_attention_num_buckets / 2, {
    path: ['relative_attention_max_distance'],
    message: 'expected more than half of relative_attention_num_buckets',
  })
  .transform(
    (config): T5Size => ({
      vocabulary: config.vocab_size,
      width: config.d_model,
      layers: config.num_layers,
      decoderLayers: config.num_decoder_layers ?? config.num_layers,
      heads: config.num_heads,
      headWidth: config.d_kv,
      hidden: config.d_ff,
      ...config.feed_forward_proj,
      buckets: config.relative_attention_num_buckets,
      farthest: config.relative_attention_max_distance,
      epsilon: config.layer_norm_epsilon,
      tied: config.tie_word_embeddings && (config.scale_decoder_outputs ?? true),
      startToken: config.decoder_start_token_id ?? config.pad_token_id ?? 0,
    }),
  )

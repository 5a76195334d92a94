import { z } from 'zod'
import type { RotaryScaling } from '../../graph/index.js'
import { activation, count, share, size } from '../config-fields.js'
import type { LlamaSize, Projection } from './sizes.js'

const positive = z.number().gt(0).lt(1e12)

/** The angles in either spelling: `rope_scaling` beside `rope_theta` (transformers 4), or `rope_parameters` with all of it (5). */
const rope = z
  .object({
    rope_type: z.string().optional(),
    /** What older files call it. */
    type: z.string().optional(),
    rope_theta: positive.optional(),
    factor: positive.optional(),
    low_freq_factor: positive.optional(),
    high_freq_factor: positive.optional(),
    original_max_position_embeddings: size.optional(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    attention_factor: z.null({ error: 'only null is built' }).optional(),
    mscale: z.null({ error: 'only null is built' }).optional(),
    mscale_all_dim: z.null({ error: 'only null is built' }).optional(),
    truncate: z.literal(true, { error: 'only true is built' }).optional(),
    partial_rotary_factor: z.literal(1, { error: 'only 1 is built' }).optional(),
  })
  .nullish()
type Rope = z.output<typeof rope>

const families = ['llama', 'mistral', 'qwen2', 'qwen3'] as const
type Family = (typeof families)[number]

/** What the files of a family leave out. */
const defaults: Readonly<Record<Family, { biases: readonly Projection[]; epsilon: number }>> = {
  llama: { biases: [], epsilon: 1e-6 },
  mistral: { biases: [], epsilon: 1e-6 },
  qwen2: { biases: ['q_proj', 'k_proj', 'v_proj'], epsilon: 1e-6 },
  qwen3: { biases: [], epsilon: 1e-6 },
}

/** The config.json of Llama, Mistral, Qwen 2, Qwen 3 and SmolLM, as far as it decides which numbers are computed. */
export const llamaConfig = z
  .object({
    model_type: z.enum(families),
    vocab_size: size,
    hidden_size: size,
    intermediate_size: size,
    num_hidden_layers: count,
    num_attention_heads: size,
    num_key_value_heads: size.nullish(),
    head_dim: size.nullish(),
    hidden_act: activation.default('silu'),
    max_position_embeddings: size.default(2048),
    rms_norm_eps: share.optional(),
    rope_theta: positive.default(10_000),
    rope_scaling: rope,
    rope_parameters: rope,
    attention_bias: z.boolean().nullish(),
    mlp_bias: z.literal(false, { error: 'only false is built' }).nullish(),
    sliding_window: size.nullish(),
    use_sliding_window: z.boolean().nullish(),
    max_window_layers: z.int().min(0).nullish(),
    tie_word_embeddings: z.boolean().default(false),
  })
  .superRefine((config, context) => {
    const { rope_scaling, rope_parameters } = config
    const problem = ropeProblem(rope_parameters ?? rope_scaling)
    if (problem) context.addIssue({ code: 'custom', path: [rope_parameters ? 'rope_parameters' : 'rope_scaling'], message: problem })
  })
  .transform((config): LlamaSize => {
    const { model_type: family, rope_parameters: parameters, rope_scaling: older } = config
    const heads = config.num_attention_heads
    const scaling = scalingOf(parameters ?? older, config.max_position_embeddings)
    const window = windowOf(config)
    // Llama's switch is for all four projections; Qwen 2's three are always there.
    const biases: readonly Projection[] =
      config.attention_bias && family !== 'qwen2' ? ['q_proj', 'k_proj', 'v_proj', 'o_proj'] : defaults[family].biases
    return {
      vocabulary: config.vocab_size,
      context: config.max_position_embeddings,
      width: config.hidden_size,
      layers: config.num_hidden_layers,
      heads,
      keyValueHeads: config.num_key_value_heads ?? heads,
      headWidth: config.head_dim ?? (family === 'qwen3' ? 128 : config.hidden_size / heads),
      hidden: config.intermediate_size,
      activation: config.hidden_act,
      epsilon: config.rms_norm_eps ?? defaults[family].epsilon,
      theta: parameters?.rope_theta ?? config.rope_theta,
      ...(scaling && { scaling }),
      biases,
      ...(family === 'qwen3' && { queryKeyNorm: true }),
      ...(window && { window }),
      tied: config.tie_word_embeddings,
    }
  })

const kindOf = (given: Rope): string => given?.rope_type ?? given?.type ?? 'default'

/** What is missing or not built. */
function ropeProblem(given: Rope): string | undefined {
  const kind = kindOf(given)
  if (kind === 'default') return undefined
  if (!['linear', 'llama3', 'yarn'].includes(kind)) return `built are the types default, linear, llama3 and yarn, found "${kind}"`
  if (!given?.factor) return `the type ${kind} needs a factor`
  if (kind === 'llama3' && !(given.low_freq_factor && given.high_freq_factor && given.original_max_position_embeddings))
    return 'the type llama3 needs low_freq_factor, high_freq_factor and original_max_position_embeddings'
  return undefined
}

function scalingOf(given: Rope, context: number): RotaryScaling | undefined {
  const kind = kindOf(given)
  if (!given || kind === 'default') return undefined
  const factor = given.factor as number
  if (kind === 'linear') return { kind, factor }
  const trainedLength = given.original_max_position_embeddings ?? context
  if (kind === 'llama3')
    return {
      kind,
      factor,
      lowFrequencyFactor: given.low_freq_factor as number,
      highFrequencyFactor: given.high_freq_factor as number,
      trainedLength,
    }
  return { kind: 'yarn', factor, trainedLength, fastTurns: given.beta_fast ?? 32, slowTurns: given.beta_slow ?? 1 }
}

/** Mistral's window holds in all layers; Qwen's only if it is switched on, and not in the first layers. */
function windowOf(config: {
  model_type: Family
  sliding_window?: number | null | undefined
  use_sliding_window?: boolean | null | undefined
  max_window_layers?: number | null | undefined
}): LlamaSize['window'] {
  const { model_type: family, sliding_window: tokens } = config
  if (!tokens || family === 'llama') return undefined
  if (family === 'mistral') return { tokens, from: 0 }
  return config.use_sliding_window ? { tokens, from: config.max_window_layers ?? 28 } : undefined
}

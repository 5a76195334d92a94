import { z } from 'zod'
import type { SamplerName } from '../../../generative/index.js'
import type { StableDiffusionSettings } from './settings.js'

/*
 * The configurations of the diffusers library, as far as they decide which numbers a model computes. A key that is left out has the library's
 * default; keys that decide nothing here are not looked at. Files may be foreign, so every number has a bound.
 */
const width = z.int().min(1).max(16_384)
const few = z.int().min(0).max(128)
const levels = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(8)
/** One number for all levels, or one for each. */
const each = (item: z.ZodInt) => z.union([item, levels(item)])

export const unetConfig = z
  .object({
    in_channels: few.default(4),
    out_channels: few.default(4),
    block_out_channels: levels(width).default([320, 640, 1280, 1280]),
    layers_per_block: few.default(2),
    down_block_types: levels(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])).default([
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'DownBlock2D',
    ]),
    transformer_layers_per_block: each(few).default(1),
    attention_head_dim: each(few).default(8),
    cross_attention_dim: width.default(1280),
    norm_num_groups: width.default(32),
    use_linear_projection: z.boolean().default(false),
    sample_size: width.default(64),
    addition_embed_type: z.literal('text_time', { error: 'only "text_time" and null are built' }).nullable().default(null),
    addition_time_embed_dim: width.nullable().default(null),
    projection_class_embeddings_input_dim: width.nullable().default(null),
    time_cond_proj_dim: width.nullable().default(null),
    num_class_embeds: z.null({ error: 'only null is built: this is an upscaler' }).default(null),
  })
  .transform((config) => {
    const widths = config.block_out_channels
    const perLevel = (value: number | number[]): number[] => (typeof value === 'number' ? widths.map(() => value) : value)
    const deep = perLevel(config.transformer_layers_per_block)
    const depth = config.down_block_types.map((type, level) => (type === 'DownBlock2D' ? 0 : (deep[level] ?? 1)))
    return {
      /** Height and width of the latents that the model was trained with. */
      cells: config.sample_size,
      /** What XL adds to the time: a vector of this width, in which each number takes so many places. */
      added: config.addition_embed_type && {
        width: config.projection_class_embeddings_input_dim ?? 0,
        sinusoids: config.addition_time_embed_dim ?? 256,
      },
      size: {
        inChannels: config.in_channels,
        outChannels: config.out_channels,
        widths,
        blocks: config.layers_per_block,
        depth,
        middleDepth: deep.at(-1) ?? 1,
        heads: perLevel(config.attention_head_dim),
        context: config.cross_attention_dim,
        groups: config.norm_num_groups,
        linearProjection: config.use_linear_projection,
        ...(config.time_cond_proj_dim && { guidance: config.time_cond_proj_dim }),
      },
    }
  })

export const autoencoderConfig = z
  .object({
    block_out_channels: levels(width).default([64]),
    layers_per_block: few.default(1),
    latent_channels: few.default(4),
    norm_num_groups: width.default(32),
    scaling_factor: z.number().gt(0).default(0.18215),
    shift_factor: z.number().nullable().default(null),
    use_quant_conv: z.boolean().default(true),
    use_post_quant_conv: z.boolean().default(true),
  })
  .transform((config) => ({
    latentChannels: config.latent_channels,
    widths: config.block_out_channels,
    blocks: config.layers_per_block,
    groups: config.norm_num_groups,
    scaling: config.scaling_factor,
    shift: config.shift_factor ?? 0,
    quantConvolutions: config.use_quant_conv && config.use_post_quant_conv,
  }))

/** What configurations say where the token that ends a text is the last of the vocabulary. */
const legacyEnd = 2

export const textConfig = z
  .object({
    vocab_size: z
      .int()
      .min(1)
      .max(2 ** 20)
      .default(49_408),
    max_position_embeddings: z.int().min(3).max(4096).default(77),
    hidden_size: width.default(512),
    num_hidden_layers: few.default(12),
    num_attention_heads: few.default(8),
    intermediate_size: z.int().min(1).max(65_536).default(2048),
    hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    projection_dim: width.default(512),
    eos_token_id: z
      .int()
      .min(0)
      .max(2 ** 20)
      .default(49_407),
  })
  .transform((config) => ({
    vocabulary: config.vocab_size,
    context: config.max_position_embeddings,
    end: config.eos_token_id === legacyEnd ? ('largest' as const) : config.eos_token_id,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    hidden: config.intermediate_size,
    activation: config.hidden_act === 'gelu' ? ('gelu' as const) : ('quick-gelu' as const),
    projection: config.projection_dim,
  }))

/** Classes whose name tells how a model is best run: consistency models, and models distilled by an adversary, whose steps end at the noisiest one. */
const consistency = 'LCMScheduler'
const ancestral = 'EulerAncestralDiscreteScheduler'
const plain = 'EulerDiscreteScheduler'

export const schedulerConfig = z
  .object({
    _class_name: z.string().default(''),
    original_inference_steps: z.int().min(1).max(1000).default(50),
    prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
    beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
    beta_start: z.number().default(0.0001),
    beta_end: z.number().default(0.02),
    num_train_timesteps: z.int().min(2).max(10_000).default(1000),
    rescale_betas_zero_snr: z.boolean().default(false),
    timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).optional(),
    steps_offset: z.int().min(0).max(1000).default(0),
    set_alpha_to_one: z.boolean().default(true),
    trained_betas: z.null({ error: 'only null is built' }).default(null),
  })
  .transform((config): Pick<StableDiffusionSettings, 'prediction' | 'schedule' | 'sampling'> & { readonly distilled?: Distilled } => ({
    ...distilledBy(config),
    prediction: config.prediction_type,
    schedule: {
      betas: config.beta_schedule,
      betaStart: config.beta_start,
      betaEnd: config.beta_end,
      trainSteps: config.num_train_timesteps,
      zeroTerminalSnr: config.rescale_betas_zero_snr,
    },
    sampling: {
      ...(config.timestep_spacing && { spacing: config.timestep_spacing }),
      stepsOffset: config.steps_offset,
      setAlphaToOne: config.set_alpha_to_one,
      ...(config._class_name === consistency && { originalSteps: config.original_inference_steps }),
    },
  }))

/** How a model is run that was distilled for few steps. */
interface Distilled {
  readonly scheduler: SamplerName
  readonly steps: number
  readonly guidanceScale: number
}

/**
 * Nothing in the files of a Turbo says what it is. Of published models those are the ones whose scheduler is Euler's method with trailing steps for
 * a model that predicts noise and never saw noise alone.
 */
function distilledBy(config: {
  readonly _class_name: string
  readonly timestep_spacing?: string | undefined
  readonly prediction_type: string
  readonly rescale_betas_zero_snr: boolean
}): { readonly distilled?: Distilled } {
  if (config._class_name === consistency) return { distilled: { scheduler: 'lcm', steps: 4, guidanceScale: 8.5 } }
  const turbo = config.timestep_spacing === 'trailing' && config.prediction_type === 'epsilon' && !config.rescale_betas_zero_snr
  if (turbo && config._class_name === ancestral) return { distilled: { scheduler: 'euler-ancestral', steps: 4, guidanceScale: 0 } }
  if (turbo && config._class_name === plain) return { distilled: { scheduler: 'euler', steps: 4, guidanceScale: 0 } }
  return {}
}

const single = ['StableDiffusionPipeline', 'StableDiffusionImg2ImgPipeline', 'StableDiffusionInpaintPipeline'] as const
const xl = ['StableDiffusionXLPipeline', 'StableDiffusionXLImg2ImgPipeline', 'StableDiffusionXLInpaintPipeline'] as const

/** Which classes a pipeline is made of. Only those with text encoders of CLIP and a U-Net are Stable Diffusion as it is built here. */
export const pipelineConfig = z
  .object({
    _class_name: z.enum([
      ...single,
      'StableDiffusionInpaintPipelineLegacy',
      'LatentConsistencyModelPipeline',
      'LatentConsistencyModelImg2ImgPipeline',
      ...xl,
    ]),
    force_zeros_for_empty_prompt: z.boolean().default(true),
    text_encoder: z.array(z.string().nullable()).max(2).optional(),
  })
  .transform((config) => ({
    xl: xl.some((name) => name === config._class_name),
    emptyIsZero: config.force_zeros_for_empty_prompt,
    /** Of XL: whether the second text tower is the only one, as in the refiner. */
    secondAlone: config.text_encoder?.[0] === null,
  }))

import { z } from 'zod'
import { GeneraError } from '../../../graph/index.js'
import { printable } from '../../../weights/checkpoint-error.js'
import { type StableDiffusionSize, stableDiffusionSizes } from './sizes.js'

/*
 * What a single file says about itself, in the metadata of its header. Tensors alone do not tell how a model is to be run: what it
 * predicts, with which noise it was trained, which tokens it reads. The file may be foreign, so every number has a bound.
 */
const width = z.int().min(1).max(16_384)
const few = z.int().min(0).max(128)
const levels = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(8).readonly()

const textSize = z.strictObject({
  vocabulary: z
    .int()
    .min(1)
    .max(2 ** 20),
  context: z.int().min(3).max(4096),
  end: z.union([z.literal('largest'), z.int().min(0)]),
  width,
  layers: few.min(1),
  heads: few.min(1),
  hidden: z.int().min(1).max(65_536),
  activation: z.enum(['quick-gelu', 'gelu']),
  projection: width.exactOptional(),
})

const unetSize = z.strictObject({
  inChannels: few.min(1),
  outChannels: few.min(1),
  widths: levels(width),
  blocks: few.min(1).max(16),
  depth: levels(few),
  middleDepth: few,
  heads: levels(few.min(1)),
  context: width,
  time: width.exactOptional(),
  groups: width,
  linearProjection: z.boolean().exactOptional(),
  patch: z.int().min(1).max(16).exactOptional(),
  detail: z.strictObject({ width, blocks: few.min(1).max(16), channels: few }).exactOptional(),
})

const autoencoderSize = z.strictObject({
  latentChannels: few.min(1),
  widths: levels(width),
  blocks: few.min(1).max(16),
  decoderBlocks: few.min(1).max(16).exactOptional(),
  groups: width,
  scaling: z.number().gt(0),
  shift: z.number().exactOptional(),
  quantConvolutions: z.boolean().exactOptional(),
  patch: z.int().min(1).max(16).exactOptional(),
})

const size = z.strictObject({
  text: textSize,
  states: z.strictObject({ skip: few.exactOptional(), finalNorm: z.boolean().exactOptional() }).exactOptional(),
  unet: unetSize,
  autoencoder: autoencoderSize,
  native: z.int().min(8).max(4096),
})

const schedule = z.strictObject({
  betas: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).exactOptional(),
  betaStart: z.number().exactOptional(),
  betaEnd: z.number().exactOptional(),
  trainSteps: z.int().min(2).max(10_000).exactOptional(),
  zeroTerminalSnr: z.boolean().exactOptional(),
})

const sampling = z.strictObject({
  spacing: z.enum(['leading', 'linspace', 'trailing']).exactOptional(),
  stepsOffset: z.int().min(0).max(1000).exactOptional(),
  setAlphaToOne: z.boolean().exactOptional(),
  /** Of consistency models: the steps that they were distilled with. */
  originalSteps: z.int().min(1).max(1000).exactOptional(),
})

const settings = z.strictObject({
  prediction: z.enum(['epsilon', 'v_prediction', 'sample']),
  schedule,
  sampling,
  guidanceScale: z.number().min(0).max(100),
  tokenizer: z.string().regex(/^[\w-]{1,100}\.json$/),
  size,
})

/** How a checkpoint is to be run. */
export interface StableDiffusionSettings extends Omit<z.output<typeof settings>, 'size'> {
  readonly size: StableDiffusionSize
}

/** What the embedded checkpoint is trained with, and what a file that says less is taken to mean. */
export const dioramaSettings: StableDiffusionSettings = {
  prediction: 'v_prediction',
  schedule: {},
  sampling: {},
  guidanceScale: 7.5,
  tokenizer: 'diorama-tokenizer.json',
  size: stableDiffusionSizes['stable-diffusion-diorama'],
}

const identity = { format: 'genera-1', system: 'stable-diffusion' } as const
const plain = ['prediction', 'tokenizer'] as const

/** Settings as safetensors metadata, in which every value is text. */
export const settingsMetadata = (given: StableDiffusionSettings): Record<string, string> => ({
  ...identity,
  ...Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, plain.some((each) => each === name) ? String(value) : JSON.stringify(value)]),
  ),
})

/**
 * The settings in a file's metadata.
 *
 * @throws GeneraError if the file is none of ours, or says what cannot be
 */
export function readSettings(metadata: ReadonlyMap<string, string>, file: string): StableDiffusionSettings {
  const fault = (expected: string, found: string, hint?: string) =>
    new GeneraError('CheckpointSettings', `Cannot load ${printable(file)}: expected ${expected}, found ${printable(found)}`, hint)
  for (const [name, wanted] of Object.entries(identity)) {
    const found = metadata.get(name)
    if (found !== wanted)
      throw fault(
        `the metadata "${name}" to be "${wanted}"`,
        found === undefined ? 'none' : `"${found}"`,
        'This is no checkpoint that genera train stable-diffusion has made',
      )
  }
  const told: Record<string, unknown> = {}
  for (const name of Object.keys(settings.shape)) {
    const written = metadata.get(name)
    if (written === undefined) continue
    try {
      told[name] = plain.some((each) => each === name) ? written : JSON.parse(written)
    } catch {
      throw fault(`the metadata "${name}" to be JSON`, `"${written}"`)
    }
  }
  const { data, error } = settings.safeParse({ ...dioramaSettings, ...told })
  if (data) return data
  const [issue] = error.issues
  throw fault('metadata that describe a model', `"${issue?.path.join('.')}": ${issue?.message}`)
}

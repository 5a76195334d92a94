import type { z } from 'zod'
import { files } from '#files'
import { autoencoderKL } from '../../../backbones/index.js'
import { longestConfig, readConfig } from '../../../backbones/read-config.js'
import type { CheckpointChoice } from '../../../contract/index.js'
import { noiseSchedule, type SamplerName } from '../../../generative/index.js'
import { GeneraError } from '../../../graph/index.js'
import { checkCheckpoint, fromCheckpoint, type Scope } from '../../../nn/index.js'
import { type ClipTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import type { Checkpoint } from '../../../weights/index.js'
import { autoencoderConfig, pipelineConfig, schedulerConfig, textConfig, unetConfig } from './diffusers-config.js'
import { asStored, pointable, type StableDiffusionModel, unneeded } from './model.js'
import { type AnyNetworkName, networksOf, type StableDiffusionSize } from './sizes.js'

/** What published pipelines are run with. */
const guidanceScales = { single: 7.5, xl: 5 } as const
/** XL's refiner changes details of a picture and keeps the rest. */
const refinerStrength = 0.3
/** XL reads the states before the last layer as they are. */
const penultimate = { skip: 1, finalNorm: false } as const

/**
 * Opens a folder of the diffusers library: `model_index.json`, and a folder for each part. The names of its tensors are those that the networks
 * ask for, so nothing is converted.
 */
export async function openDiffusers(choice: CheckpointChoice): Promise<StableDiffusionModel> {
  const at = (part: string, name: string) => files.within(files.within(choice.location, part), name)
  const index = files.within(choice.location, 'model_index.json')
  const pipeline = await configOf(pipelineConfig, index)
  const { distilled, ...settings } = await configOf(schedulerConfig, at('scheduler', 'scheduler_config.json'))
  const { schedule, ...sampling } = settings
  const size = await sizeOf(pipeline, at, index)
  const networks = networksOf(size)
  const scopeOf = async (name: AnyNetworkName): Promise<Scope> => {
    const part = name === 'text_encoder' ? (size.textName ?? name) : name
    const file = await pointable(await choice.open(part), files.within(choice.location, part))
    const naming = { drop: droppedBy(file) }
    checkCheckpoint(asStored(networks[name] ?? networks.text_encoder, file), file, { ...naming, ignore: unneeded })
    return fromCheckpoint(file, naming)
  }
  const tokenizer = await openTokenizer(files.within(choice.location, size.textName ? 'tokenizer_2' : 'tokenizer'))
  const refines = size.unet.added?.numbers === 5
  return {
    name: choice.name,
    scopes: {
      text_encoder: await scopeOf('text_encoder'),
      ...(size.second && { text_encoder_2: await scopeOf('text_encoder_2') }),
      unet: await scopeOf('unet'),
      vae: await scopeOf('vae'),
    },
    size,
    tokenizer,
    ...(size.second && { secondTokenizer: await secondTokenizer(choice, tokenizer) }),
    schedule: noiseSchedule(schedule),
    settings: { ...sampling, guidanceScale: distilled?.guidanceScale ?? guidanceScales[pipeline.xl ? 'xl' : 'single'] },
    ...((distilled || refines) && {
      defaults: {
        ...(distilled && { scheduler: distilled.scheduler, steps: distilled.steps }),
        ...(refines && { strength: refinerStrength }),
      },
    }),
    emptyIsZero: pipeline.xl && pipeline.emptyIsZero,
    notes: distilledNotes(choice.name, distilled?.scheduler),
  }
}

const turbo = /turbo|lightning|hyper|distil/i

/** That a model was distilled is told by its scheduler alone, and by its name where it has one that says so. */
const distilledNotes = (name: string, scheduler: SamplerName | undefined): readonly string[] =>
  scheduler === undefined || scheduler === 'lcm' || turbo.test(name)
    ? []
    : [
        'The scheduler of this checkpoint is that of a model distilled for few steps without guidance: if it is none, pass steps and guidanceScale',
      ]

/** Versions of the transformers library from 5.6 on leave the middle out of a text tower's names. */
const droppedBy = (file: Checkpoint): string => (file.has('embeddings.token_embedding.weight') ? 'text_model.' : '')

async function sizeOf(
  { xl, secondAlone }: z.output<typeof pipelineConfig>,
  at: (part: string, name: string) => string,
  index: string,
): Promise<StableDiffusionSize> {
  const { size: unet, cells, added } = await configOf(unetConfig, at('unet', 'config.json'))
  const autoencoder = await configOf(autoencoderConfig, at('vae', 'config.json'))
  const native = cells * autoencoderKL.downsampling(autoencoder)
  if (xl !== (added !== null))
    throw fault(
      index,
      xl
        ? 'a U-Net with "addition_embed_type": "text_time", as XL has it'
        : 'a pipeline of XL, since its U-Net reads sizes and a text as a whole',
      xl ? 'none' : 'another',
    )
  if (!added) return { text: withoutProjection(await configOf(textConfig, at('text_encoder', 'config.json'))), unet, autoencoder, native }
  const second = await configOf(textConfig, at('text_encoder_2', 'config.json'))
  const { projection } = second
  const numbers = (added.width - projection) / added.sinusoids
  if (numbers !== 5 && numbers !== 6)
    throw fault(
      at('unet', 'config.json'),
      `"projection_class_embeddings_input_dim" to be ${projection}, the text's projection, and 5 or 6 numbers of ${added.sinusoids}`,
      String(added.width),
    )
  const rest = {
    states: penultimate,
    unet: { ...unet, added: { pooled: projection, numbers, sinusoids: added.sinusoids } },
    autoencoder,
    native,
  }
  if (secondAlone) return { text: second, textName: 'text_encoder_2', ...rest }
  return { text: withoutProjection(await configOf(textConfig, at('text_encoder', 'config.json'))), second, ...rest }
}

/** The first tower is read for its states; a projection that its file has is not needed. */
const withoutProjection = ({ projection: _, ...text }: z.output<typeof textConfig>): StableDiffusionSize['text'] => text

/** Both towers of XL read the same tokens; only what fills the rest of a window differs. */
async function secondTokenizer({ location }: CheckpointChoice, first: ClipTokenizer): Promise<ClipTokenizer> {
  const place = files.within(location, 'tokenizer_2')
  const second = await openTokenizer(place)
  const facts = ({ vocabulary, context, start, end }: ClipTokenizer) =>
    `${vocabulary} tokens in windows of ${context}, from ${start} to ${end}`
  if (facts(second) !== facts(first)) throw fault(place, `${facts(first)}, as the first tokenizer has them`, facts(second))
  return second
}

const fault = (file: string, expected: string, found: string): GeneraError =>
  new GeneraError('CheckpointSettings', `Cannot load ${file}: expected ${expected}, found ${found}`)

export async function configOf<Config extends z.ZodType>(schema: Config, location: string): Promise<z.output<Config>> {
  const file = await files.open(location)
  if (file.size > longestConfig) throw fault(file.name, 'a configuration of at most a megabyte', `${file.size.toLocaleString('en')} bytes`)
  return readConfig(schema, new TextDecoder().decode(await file.read(0, file.size)), file.name)
}

import { files } from '#files'
import type { CheckpointChoice } from '../../../contract/index.js'
import { type NoiseSchedule, noiseSchedule } from '../../../generative/index.js'
import { checkCheckpoint, fromCheckpoint, type Parameters, type Scope } from '../../../nn/index.js'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import { type Checkpoint, exists, openCheckpoint, writeSafetensors } from '../../../weights/index.js'
import { readSettings, type StableDiffusionSettings, settingsMetadata } from './settings.js'
import { type NetworkName, networkNames, networksOf, type StableDiffusionSize } from './sizes.js'

/** A checkpoint that is ready to be run, whatever its layout on disk. No weight is in memory yet. */
export interface StableDiffusionModel {
  readonly name: string
  readonly scopes: Readonly<Record<NetworkName, Scope>>
  readonly size: StableDiffusionSize
  readonly tokenizer: ClipTokenizer
  readonly schedule: NoiseSchedule
  readonly settings: Omit<StableDiffusionSettings, 'size' | 'tokenizer' | 'schedule'>
}

/** Tensors that a text tower's file may hold and that the pictures do not need. */
const unneeded = (name: string): boolean => /(?:^|\.)(?:text_projection\.weight|position_ids|logit_scale)$/.test(name)

/**
 * Opens a single file, in which the names of each network stand below its own (`unet.conv_in.weight`), and checks its tensors against
 * the networks in both directions.
 *
 * @throws CheckpointError, MissingParametersError or WeightShapeError; GeneraError for metadata that describe no model
 */
export async function openStableDiffusion(choice: CheckpointChoice): Promise<StableDiffusionModel> {
  const file = await pointable(await choice.open(), choice.location)
  const { size: stored, tokenizer: tokenizerName, schedule, ...settings } = readSettings(file.metadata, file.file)
  const tokenizer = await tokenizerBeside(choice.location, tokenizerName)
  const size = { ...stored, text: { ...stored.text, vocabulary: tokenizer.vocabulary, context: tokenizer.context } }
  const networks = networksOf(size)
  const whole = (scope: Scope) => {
    for (const name of networkNames) networks[name](scope.at(name))
  }
  checkCheckpoint(whole, file, { ignore: unneeded })
  const root = fromCheckpoint(file)
  const scopes = { text_encoder: root.at('text_encoder'), unet: root.at('unet'), vae: root.at('vae') }
  return { name: choice.name, scopes, size, tokenizer, schedule: noiseSchedule(schedule), settings }
}

/** Programs point into the file, except where the platform cannot (in browsers): there it is read whole. */
async function pointable(file: Checkpoint, location: string): Promise<Checkpoint> {
  const [first] = file.names
  return first === undefined || file.info(first).region ? file : openCheckpoint(location, { inMemory: true })
}

/** A tokenizer lies beside its checkpoint, or is one that comes with genera. */
async function tokenizerBeside(location: string, name: string): Promise<ClipTokenizer> {
  const own = files.beside(location, name)
  return openTokenizer((await exists(own)) ? own : embeddedTokenizer(name.replace(/-tokenizer\.json$/, '')))
}

/**
 * Writes three trained networks as one file, in half precision as embedded checkpoints are.
 *
 * @param networks parameters under the names that each network asks for
 */
export async function writeStableDiffusion(
  path: string,
  networks: Readonly<Record<NetworkName, Parameters>>,
  settings: StableDiffusionSettings,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = networkNames.flatMap((network) =>
    Object.entries(networks[network]).map(([name, value]) => [`${network}.${name}`, value] as const),
  )
  await writeSafetensors(path, entries, { dtype: 'float16', metadata: { ...metadata, ...settingsMetadata(settings) } })
}

import { files } from '#files'
import type { CheckpointChoice } from '../../../contract/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import { checkCheckpoint, fromCheckpoint, type Parameters, type Scope } from '../../../nn/index.js'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import { type Checkpoint, exists, inEightBits, writeSafetensors } from '../../../weights/index.js'
import { openDiffusers } from './diffusers.js'
import { pointable, type StableDiffusionModel, unneeded } from './model.js'
import { readSettings, type StableDiffusionSettings, settingsMetadata } from './settings.js'
import { openLdm } from './single-file.js'
import { familyOf } from './single-file-family.js'
import { type NetworkName, networkNames, networksOf } from './sizes.js'

/**
 * Opens a checkpoint in any layout: one file of genera's own or of the original code, or a folder as the diffusers library keeps it.
 *
 * @throws ForeignCheckpointError for another kind of model, CheckpointError, MissingParametersError or WeightShapeError; GeneraError for settings that describe no model
 */
export async function openStableDiffusion(choice: CheckpointChoice): Promise<StableDiffusionModel> {
  if (await files.list(choice.location)) return { ...(await openDiffusers(choice)), published: true }
  const file = await choice.open()
  const family = file.metadata.has('system') ? undefined : familyOf(file)
  return family ? openLdm(file, family, choice) : openOwn(file, choice)
}

/** The names of each network stand below its own (`unet.conv_in.weight`); the rest is in the metadata. */
async function openOwn(opened: Checkpoint, choice: CheckpointChoice): Promise<StableDiffusionModel> {
  const file = await pointable(opened, choice.location)
  const { size: stored, tokenizer: tokenizerName, schedule, ...settings } = readSettings(file.metadata, file.file)
  const tokenizer = await tokenizerBeside(choice.location, tokenizerName)
  const { vocabulary, context } = tokenizer
  const size = { ...stored, text: { ...stored.text, vocabulary, context } }
  const networks = networksOf(size)
  const whole = (scope: Scope) => {
    for (const name of networkNames) networks[name](scope.at(name))
  }
  checkCheckpoint(whole, file, { ignore: unneeded })
  const root = fromCheckpoint(file)
  const scopes = { text_encoder: root.at('text_encoder'), unet: root.at('unet'), vae: root.at('vae') }
  return { name: choice.name, scopes, size, tokenizer, schedule: noiseSchedule(schedule), settings }
}

/** A tokenizer lies beside its checkpoint, or is one that comes with genera. */
async function tokenizerBeside(location: string, name: string): Promise<ClipTokenizer> {
  const own = files.beside(location, name)
  return openTokenizer((await exists(own)) ? own : embeddedTokenizer(name.replace(/-tokenizer\.json$/, '')))
}

/**
 * What reads a network's input and what makes its output: in 8 bits, they alone would make nearly all of the difference that is to be seen (of the
 * U-Net's loss 0.4 % in place of 0.1 %, of a decoded picture 51 dB in place of 62).
 */
const delicate = (name: string): boolean => /\.(?:conv_in|conv_out|quant_conv|post_quant_conv)\./.test(name)

/**
 * Writes three trained networks as one file: matrices and kernels in 8 bits, for which models are small enough to come with a program, the rest in
 * half precision.
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
  await writeSafetensors(path, inEightBits(entries, delicate), {
    dtype: 'float16',
    metadata: { ...metadata, ...settingsMetadata(settings) },
  })
}

import type { z } from 'zod'
import { files } from '#files'
import { autoencoderKL } from '../../../backbones/index.js'
import { readConfig } from '../../../backbones/read-config.js'
import type { CheckpointChoice } from '../../../contract/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import { GeneraError } from '../../../graph/index.js'
import { checkCheckpoint, fromCheckpoint, type Scope } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { autoencoderConfig, pipelineConfig, schedulerConfig, textConfig, unetConfig } from './diffusers-config.js'
import { asStored, pointable, type StableDiffusionModel, unneeded } from './model.js'
import { type NetworkName, networksOf } from './sizes.js'

/** What published pipelines are run with. */
const guidanceScale = 7.5
/** Configurations are a few kilobytes. */
const longestConfig = 2 ** 20

/**
 * Opens a folder of the diffusers library: `model_index.json`, and a folder for each part. The names of its tensors are those that the networks
 * ask for, so nothing is converted.
 */
export async function openDiffusers(choice: CheckpointChoice): Promise<StableDiffusionModel> {
  const at = (part: string, name: string) => files.within(files.within(choice.location, part), name)
  await configOf(pipelineConfig, files.within(choice.location, 'model_index.json'))
  const { size: unet, cells } = await configOf(unetConfig, at('unet', 'config.json'))
  const autoencoder = await configOf(autoencoderConfig, at('vae', 'config.json'))
  const text = await configOf(textConfig, at('text_encoder', 'config.json'))
  const { schedule, ...sampling } = await configOf(schedulerConfig, at('scheduler', 'scheduler_config.json'))
  const size = { text, unet, autoencoder, native: cells * autoencoderKL.downsampling(autoencoder) }
  const networks = networksOf(size)
  const scopeOf = async (name: NetworkName): Promise<Scope> => {
    const file = await pointable(await choice.open(name), files.within(choice.location, name))
    checkCheckpoint(asStored(networks[name], file), file, { ignore: unneeded })
    return fromCheckpoint(file)
  }
  return {
    name: choice.name,
    scopes: { text_encoder: await scopeOf('text_encoder'), unet: await scopeOf('unet'), vae: await scopeOf('vae') },
    size,
    tokenizer: await openTokenizer(files.within(choice.location, 'tokenizer')),
    schedule: noiseSchedule(schedule),
    settings: { ...sampling, guidanceScale },
  }
}

async function configOf<Config extends z.ZodType>(schema: Config, location: string): Promise<z.output<Config>> {
  const file = await files.open(location)
  if (file.size > longestConfig)
    throw new GeneraError(
      'CheckpointSettings',
      `Cannot load ${file.name}: expected a configuration of at most a megabyte, found ${file.size.toLocaleString('en')} bytes`,
    )
  return readConfig(schema, new TextDecoder().decode(await file.read(0, file.size)), file.name)
}

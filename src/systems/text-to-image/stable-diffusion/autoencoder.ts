import { files } from '#files'
import { autoencoderKL } from '../../../backbones/index.js'
import { chooseCheckpoint } from '../../../contract/index.js'
import { GeneraError, placeholder } from '../../../graph/index.js'
import { checkCheckpoint, fromCheckpoint, type Scope } from '../../../nn/index.js'
import { printable } from '../../../weights/checkpoint-error.js'
import { type Checkpoint, exists, openCheckpoint } from '../../../weights/index.js'
import { configOf } from './diffusers.js'
import { autoencoderConfig } from './diffusers-config.js'
import { asStored, pointable, type StableDiffusionModel } from './model.js'
import { autoencoderFile } from './single-file-autoencoder.js'

const { decode, downsampling, encode } = autoencoderKL
type AutoencoderSize = autoencoderKL.AutoencoderSize

/**
 * A model with another autoencoder: a folder of diffusers (that of the autoencoder, or of a whole pipeline), or a file in the names of diffusers or of
 * the original code. What latents are scaled by is in no file, only in a folder's configuration: elsewhere it is as before.
 *
 * @throws GeneraError for an autoencoder of other latents; MissingParametersError, WeightShapeError or CheckpointError
 */
export async function withAutoencoder(model: StableDiffusionModel, location: string | undefined): Promise<StableDiffusionModel> {
  if (location === undefined) return model
  const own = model.size.autoencoder
  const choice = await chooseCheckpoint('stable-diffusion', {}, location)
  const { file, size } = await opened(choice.location, own)
  const facts = (each: AutoencoderSize) => `${each.latentChannels} channels for ${downsampling(each)} × ${downsampling(each)} pixels`
  if (facts(size) !== facts(own))
    throw new GeneraError(
      'Autoencoder',
      `Cannot use the autoencoder ${printable(location)} with ${printable(model.name)}: expected latents of ${facts(own)}, found ${facts(size)}`,
      'Use one that was made for this kind of checkpoint',
    )
  checkCheckpoint(asStored(bothWays(size), file), file, { ignore: (name) => name.startsWith('loss.') || name.startsWith('model_ema.') })
  return { ...model, scopes: { ...model.scopes, vae: fromCheckpoint(file) }, size: { ...model.size, autoencoder: size } }
}

const bothWays = (size: AutoencoderSize) => (scope: Scope) => {
  const pixels = downsampling(size)
  encode(scope, placeholder([1, 3, pixels, pixels]), size)
  decode(scope, placeholder([1, size.latentChannels, 1, 1]), size)
}

async function opened(location: string, own: AutoencoderSize): Promise<{ readonly file: Checkpoint; readonly size: AutoencoderSize }> {
  const names = await files.list(location)
  if (!names) return autoencoderFile(await pointable(await openCheckpoint(location), location), own)
  const inside = files.within(location, 'vae')
  const folder = !names.includes('config.json') && (await exists(inside)) ? inside : location
  const size = await configOf(autoencoderConfig, files.within(folder, 'config.json'))
  return { file: await pointable(await openCheckpoint(folder), folder), size }
}

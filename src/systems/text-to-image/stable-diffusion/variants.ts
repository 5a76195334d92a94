import { chooseCheckpoint, type GeneratorContext, type GeneratorEvent } from '../../../contract/index.js'
import type { Runtime } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import { withAutoencoder } from './autoencoder.js'
import { openStableDiffusion } from './checkpoint.js'
import { withEmbeddings } from './embeddings.js'
import type { StableDiffusionInput } from './input.js'
import { openLora, parseLora, withLoras } from './lora.js'
import type { StableDiffusionModel } from './model.js'
import { compileNetworks } from './networks.js'
import { type Runnable, stableDiffusionPipeline } from './pipeline.js'
import { RecentlyUsed, type Use } from './recently-used.js'

/** Programs hold weights: only the last variant stays, next to those in use. */
const keptVariants = 1

type Extras = Pick<StableDiffusionInput, 'loras' | 'embeddings' | 'vae'>

/** A model with the files that a request adds to it. */
export async function withExtras(model: StableDiffusionModel, { loras = [], embeddings = [], vae }: Extras): Promise<StableDiffusionModel> {
  if (loras.length === 0 && embeddings.length === 0 && vae === undefined) return model
  const opened = await Promise.all(
    loras
      .map(parseLora)
      .filter(({ weight }) => weight !== 0)
      .map((choice) => openLora(choice, model)),
  )
  const { scopes } = model
  const changed = {
    ...scopes,
    unet: withLoras(scopes.unet, 'unet', opened),
    text_encoder: withLoras(scopes.text_encoder, 'text_encoder', opened),
    ...(scopes.text_encoder_2 && { text_encoder_2: withLoras(scopes.text_encoder_2, 'text_encoder_2', opened) }),
  }
  return withAutoencoder(await withEmbeddings({ ...model, scopes: changed }, embeddings), vae)
}

/** The generator of one checkpoint: its networks are compiled once for each set of files that requests add to it. */
export function variantsOf(model: StableDiffusionModel, runtime: Runtime) {
  const free = ({ networks }: Runnable) => networks.dispose()
  const kept = new RecentlyUsed<Runnable>(keptVariants, free)
  const refiners = new RecentlyUsed<Runnable>(keptVariants, free)
  const runnable = (model: StableDiffusionModel): Runnable => ({ model, networks: compileNetworks(model, runtime) })
  async function refinerAt(location: string): Promise<Use<Runnable>> {
    const refiner = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, location))
    return refiners.take(location, () => runnable(refiner))
  }
  async function* generate(input: StableDiffusionInput, context: GeneratorContext): AsyncGenerator<GeneratorEvent<Image>, void> {
    const variant = await withExtras(model, input)
    const { loras = [], embeddings = [], vae, refiner } = input
    const use = kept.take(JSON.stringify([loras, embeddings, vae]), () => runnable(variant))
    let refining: Use<Runnable> | undefined
    try {
      refining = refiner === undefined ? undefined : await refinerAt(refiner)
      yield* stableDiffusionPipeline(variant, use.value.networks, refining?.value)(input, context)
    } finally {
      await use.release()
      await refining?.release()
    }
  }
  const dispose = async () => {
    await kept.clear()
    await refiners.clear()
  }
  return Object.assign(generate, { dispose })
}

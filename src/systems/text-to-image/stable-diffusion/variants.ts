import type { GeneratorContext, GeneratorEvent } from '../../../contract/index.js'
import type { Runtime } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import { withEmbeddings } from './embeddings.js'
import type { StableDiffusionInput } from './input.js'
import { openLora, parseLora, withLoras } from './lora.js'
import type { StableDiffusionModel } from './model.js'
import { compileNetworks } from './networks.js'
import { stableDiffusionPipeline } from './pipeline.js'
import { RecentlyUsed } from './recently-used.js'

/** Programs hold weights: only the last variant stays, next to those in use. */
const keptVariants = 1

type Extras = Pick<StableDiffusionInput, 'loras' | 'embeddings'>

/** A model with the files that a request adds to it. */
export async function withExtras(model: StableDiffusionModel, { loras = [], embeddings = [] }: Extras): Promise<StableDiffusionModel> {
  if (loras.length === 0 && embeddings.length === 0) return model
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
  }
  return withEmbeddings({ ...model, scopes: changed }, embeddings)
}

/** The generator of one checkpoint: its networks are compiled once for each set of files that requests add to it. */
export function variantsOf(model: StableDiffusionModel, runtime: Runtime) {
  const kept = new RecentlyUsed<ReturnType<typeof compileNetworks>>(keptVariants, (networks) => networks.dispose())
  async function* generate(input: StableDiffusionInput, context: GeneratorContext): AsyncGenerator<GeneratorEvent<Image>, void> {
    const variant = await withExtras(model, input)
    const { loras = [], embeddings = [] } = input
    const use = kept.take(JSON.stringify([loras, embeddings]), () => compileNetworks(variant, runtime))
    try {
      yield* stableDiffusionPipeline(variant, use.value)(input, context)
    } finally {
      await use.release()
    }
  }
  return Object.assign(generate, { dispose: () => kept.clear() })
}

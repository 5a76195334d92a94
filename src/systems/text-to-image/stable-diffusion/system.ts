import { cards, defineSystem, image } from '../../../contract/index.js'
import { input } from './input.js'
import { stagesOf } from './sampling.js'
import { parametersByNetwork, stableDiffusionSizes } from './sizes.js'
import { stages } from './stages.js'

const embedded = 'stable-diffusion-diorama'
const hub = Object.keys(stableDiffusionSizes).filter((name) => name !== embedded)

/**
 * Latent diffusion: a U-Net removes noise from latents of a picture, told by a text encoder what is to be seen, and an autoencoder
 * makes pixels of them.
 *
 *     const [{ value }] = await stableDiffusion.make({ prompt: 'a red cube left of a shiny blue sphere at sunset', seed: 7 })
 */
export const stableDiffusion = defineSystem({
  card: cards['stable-diffusion'],
  input,
  output: image(),
  checkpoints: { embedded, hub },
  plan: stagesOf,
  // Late, because faces that only list systems import this file.
  async load(checkpoint, runtime) {
    const [{ openStableDiffusion }, { variantsOf }] = await Promise.all([import('./checkpoint.js'), import('./variants.js')])
    return variantsOf(await openStableDiffusion(checkpoint), runtime)
  },
  train: stages,
  async *evaluate(context) {
    const { evaluateStableDiffusion } = await import('./evaluate.js')
    yield* evaluateStableDiffusion(context)
  },
  parameters: (checkpoint = embedded) => {
    const size = Object.entries(stableDiffusionSizes).find(([name]) => name === (checkpoint === 'embedded' ? embedded : checkpoint))?.[1]
    return size ? parametersByNetwork(size) : {}
  },
})

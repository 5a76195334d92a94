import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialise, type Parameters } from '../../src/nn/index.js'
import { writeStableDiffusion } from '../../src/systems/text-to-image/stable-diffusion/checkpoint.js'
import { dioramaSettings, type StableDiffusionSettings } from '../../src/systems/text-to-image/stable-diffusion/settings.js'
import { type NetworkName, networksOf, type StableDiffusionSize } from '../../src/systems/text-to-image/stable-diffusion/sizes.js'
import { openTokenizer } from '../../src/tokenizers/index.js'

/** Three networks that know nothing, and that any machine runs in a moment: pictures of 32×32 from latents of 8×8. */
export const tinySize = {
  text: { vocabulary: 0, context: 0, end: 'largest', width: 8, layers: 1, heads: 2, hidden: 16, activation: 'gelu' },
  unet: {
    inChannels: 4,
    outChannels: 4,
    widths: [8, 16],
    blocks: 1,
    depth: [0, 1],
    middleDepth: 1,
    heads: [2, 2],
    context: 8,
    groups: 4,
    linearProjection: true,
  },
  autoencoder: { latentChannels: 4, widths: [8, 8, 8], blocks: 1, decoderBlocks: 1, groups: 4, scaling: 1 },
  native: 32,
} as const satisfies StableDiffusionSize

export interface TinyCheckpoint {
  readonly size?: Partial<StableDiffusionSize>
  readonly settings?: Partial<Omit<StableDiffusionSettings, 'size'>>
  /** Changes the weights before they are written. */
  readonly change?: (networks: Record<NetworkName, Parameters>) => Partial<Record<NetworkName, Parameters>>
}

const folder = mkdtempSync(join(tmpdir(), 'genera-stable-diffusion-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let written = 0

/** Writes one and gives its location; the folder goes when the tests are over. */
export async function tinyCheckpoint({ size, settings, change = (networks) => networks }: TinyCheckpoint = {}): Promise<string> {
  const { vocabulary, context } = await openTokenizer()
  const chosen: StableDiffusionSize = { ...tinySize, text: { ...tinySize.text, vocabulary, context }, ...size }
  const models = networksOf(chosen)
  const networks = {
    text_encoder: initialise(models.text_encoder, { seed: 1 }),
    unet: initialise(models.unet, { seed: 2 }),
    vae: initialise(models.vae, { seed: 3 }),
  }
  const path = join(folder, `tiny-${written++}.safetensors`)
  await writeStableDiffusion(path, { ...networks, ...change(networks) }, { ...dioramaSettings, ...settings, size: chosen })
  return path
}

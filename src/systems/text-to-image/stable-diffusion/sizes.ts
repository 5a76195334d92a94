import { clipSizes } from '../../../backbones/clip/sizes.js'
import {
  autoencoderKL,
  type ClipTextOptions,
  type ClipTextSize,
  clipText,
  clipTextSizes,
  type UnetSize,
  unet,
  unetSizes,
} from '../../../backbones/index.js'
import { placeholder } from '../../../graph/index.js'
import { type ParameterInfo, parametersOf, type Scope } from '../../../nn/index.js'

const { autoencoderSizes, decode, downsampling, encode } = autoencoderKL

/** The three networks of latent diffusion, and the pictures that they were trained on. */
export interface StableDiffusionSize {
  readonly text: ClipTextSize
  /** Which of the text tower's states the U-Net attends to. */
  readonly states?: ClipTextOptions
  readonly unet: UnetSize
  readonly autoencoder: autoencoderKL.AutoencoderSize
  /** Height and width in px. */
  readonly native: number
}

const { projection: _, ...dioramaText } = clipSizes.diorama.text // the U-Net reads states, not the space shared with pictures
const version1 = { text: clipTextSizes['clip-vit-l'], unet: unetSizes['sd-1.5'], autoencoder: autoencoderSizes.sd, native: 512 } as const

/** Under the names that checkpoints are chosen by. */
export const stableDiffusionSizes = {
  'stable-diffusion-diorama': { text: dioramaText, unet: unetSizes.diorama, autoencoder: autoencoderSizes.diorama, native: 128 },
  'CompVis/stable-diffusion-v1-4': version1,
  'stable-diffusion-v1-5/stable-diffusion-v1-5': version1,
  'stable-diffusion-v1-5/stable-diffusion-inpainting': { ...version1, unet: unetSizes['sd-1.5-inpainting'] },
  'stabilityai/stable-diffusion-2-1': { ...version1, text: clipTextSizes['openclip-h'], unet: unetSizes['sd-2.1'], native: 768 },
} as const satisfies Record<string, StableDiffusionSize>

/** The names of the networks: scopes in a single file, and keys of `genera show`. Diffusers calls its folders so. */
export const networkNames = ['text_encoder', 'unet', 'vae'] as const
export type NetworkName = (typeof networkNames)[number]

/** Each network as a function of its scope alone, which is all that a listing or a check of a file needs. */
export function networksOf({ text, unet: size, autoencoder, native }: StableDiffusionSize): Record<NetworkName, (scope: Scope) => unknown> {
  const cells = Math.ceil(native / downsampling(autoencoder))
  return {
    text_encoder: (scope) => clipText(scope, placeholder([1, text.context], 'int32'), text),
    unet: (scope) =>
      unet(
        scope,
        {
          sample: placeholder([1, size.inChannels, cells, cells]),
          time: placeholder([1]),
          context: placeholder([1, text.context, size.context]),
        },
        size,
      ),
    vae: (scope) => {
      encode(scope, placeholder([1, 3, native, native]), autoencoder)
      decode(scope, placeholder([1, autoencoder.latentChannels, cells, cells]), autoencoder)
    },
  }
}

/** Names and shapes by network. */
export function parametersByNetwork(size: StableDiffusionSize): Record<NetworkName, ReadonlyMap<string, ParameterInfo>> {
  const networks = networksOf(size)
  return { text_encoder: parametersOf(networks.text_encoder), unet: parametersOf(networks.unet), vae: parametersOf(networks.vae) }
}

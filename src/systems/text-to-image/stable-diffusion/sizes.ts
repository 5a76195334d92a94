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
  /** Which of the text towers' states the U-Net attends to. */
  readonly states?: ClipTextOptions
  /** XL's second text tower: its states stand beside those of the first, and its projection tells the U-Net of the text as a whole. */
  readonly second?: ClipTextSize
  /** The name of the only text tower where it is not `text_encoder`: XL's refiner has the second one alone. */
  readonly textName?: 'text_encoder_2'
  readonly unet: UnetSize
  readonly autoencoder: autoencoderKL.AutoencoderSize
  /** Height and width in px. */
  readonly native: number
}

const { projection: _, ...dioramaText } = clipSizes.diorama.text // the U-Net reads states, not the space shared with pictures
/** XL reads the states before the last layer as they are. */
const penultimate = { skip: 1, finalNorm: false } as const
const xl = {
  text: clipTextSizes['clip-vit-l'],
  second: clipTextSizes['openclip-bigg'],
  states: penultimate,
  unet: unetSizes.sdxl,
  autoencoder: autoencoderSizes.sdxl,
  native: 1024,
} as const
const version1 = { text: clipTextSizes['clip-vit-l'], unet: unetSizes['sd-1.5'], autoencoder: autoencoderSizes.sd, native: 512 } as const

/** Under the names that checkpoints are chosen by. */
export const stableDiffusionSizes = {
  'stable-diffusion-diorama': { text: dioramaText, unet: unetSizes.diorama, autoencoder: autoencoderSizes.diorama, native: 128 },
  'CompVis/stable-diffusion-v1-4': version1,
  'stable-diffusion-v1-5/stable-diffusion-v1-5': version1,
  'stable-diffusion-v1-5/stable-diffusion-inpainting': { ...version1, unet: unetSizes['sd-1.5-inpainting'] },
  'stabilityai/stable-diffusion-2-1': { ...version1, text: clipTextSizes['openclip-h'], unet: unetSizes['sd-2.1'], native: 768 },
  'stabilityai/sd-turbo': { ...version1, text: clipTextSizes['openclip-h'], unet: unetSizes['sd-2.1'] },
  'SimianLuo/LCM_Dreamshaper_v7': { ...version1, unet: unetSizes['lcm-sd-1.5'] },
  'stabilityai/stable-diffusion-xl-base-1.0': xl,
  'stabilityai/stable-diffusion-xl-refiner-1.0': {
    text: clipTextSizes['openclip-bigg'],
    textName: 'text_encoder_2',
    states: penultimate,
    unet: unetSizes['sdxl-refiner'],
    autoencoder: autoencoderSizes.sdxl,
    native: 1024,
  },
  'stabilityai/sdxl-turbo': { ...xl, native: 512 },
} as const satisfies Record<string, StableDiffusionSize>

/** The names of the networks that every size has: scopes in a single file, and keys of `genera show`. Diffusers calls its folders so. */
export const networkNames = ['text_encoder', 'unet', 'vae'] as const
export type NetworkName = (typeof networkNames)[number]
/** With the second text tower, which only XL has. */
export type AnyNetworkName = NetworkName | 'text_encoder_2'
export type ByNetwork<Value> = Readonly<Record<NetworkName, Value>> & { readonly text_encoder_2?: Value }

type Network = (scope: Scope) => unknown

/** Each network as a function of its scope alone, which is all that a listing or a check of a file needs. */
export function networksOf({ text, second, unet: size, autoencoder, native }: StableDiffusionSize): ByNetwork<Network> {
  const cells = Math.ceil(native / downsampling(autoencoder))
  return {
    text_encoder: (scope) => clipText(scope, placeholder([1, text.context], 'int32'), text),
    ...(second && { text_encoder_2: (scope) => clipText(scope, placeholder([1, second.context], 'int32'), second) }),
    unet: (scope) =>
      unet(
        scope,
        {
          sample: placeholder([1, size.inChannels, cells, cells]),
          time: placeholder([1]),
          context: placeholder([1, text.context, size.context]),
          ...(size.added && { pooled: placeholder([1, size.added.pooled]), numbers: placeholder([1, size.added.numbers]) }),
          ...(size.guidance && { guidance: placeholder([1, size.guidance]) }),
        },
        size,
      ),
    vae: (scope) => {
      encode(scope, placeholder([1, 3, native, native]), autoencoder)
      decode(scope, placeholder([1, autoencoder.latentChannels, cells, cells]), autoencoder)
    },
  }
}

/** Names and shapes by network, under the names that a published checkpoint has for them. */
export function parametersByNetwork(size: StableDiffusionSize): Readonly<Record<string, ReadonlyMap<string, ParameterInfo>>> {
  const entries = Object.entries(networksOf(size)).map(
    ([name, network]) => [name === 'text_encoder' ? (size.textName ?? name) : name, parametersOf(network)] as const,
  )
  return Object.fromEntries(entries)
}

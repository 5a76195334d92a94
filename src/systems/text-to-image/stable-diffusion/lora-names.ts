import { parametersOf } from '../../../nn/index.js'
import { unetName } from './single-file-names.js'
import { networksOf, type StableDiffusionSize } from './sizes.js'

/** Networks that a LoRA can change. */
export const adaptedNetworks = ['unet', 'text_encoder', 'text_encoder_2'] as const
export type AdaptedNetwork = (typeof adaptedNetworks)[number]

/** What the tensors of one adapted matrix are called in the file, by what they are. */
export interface LoraTensors {
  /** [rank, in, …taps]: A. */
  down?: string
  /** [out, rank, …ones]: B. */
  up?: string
  /** [rank, rank, …taps], where a convolution is taken apart twice. */
  mid?: string
  /** A single number. */
  alpha?: string
}

export interface LoraListing {
  /** By the matrix as the file spells it, in any of the forms below. */
  readonly matrices: ReadonlyMap<string, LoraTensors>
  /** Tensors that belong to other ways of adapting a model. */
  readonly others: readonly string[]
}

const parts = { A: 'down', B: 'up', down: 'down', up: 'up', mid: 'mid' } as const

/**
 * The tensors of a LoRA, by matrix. Three families of names are in use, each with more than one generation:
 *
 *     unet.down_blocks.0.….attn1.to_q.lora_A.weight        diffusers and PEFT; also .lora.down, .lora_linear_layer.down, lora_A.default
 *     unet.down_blocks.0.….attn1.processor.to_q_lora.down.weight    diffusers before 0.22
 *     lora_unet_down_blocks_0_…_attn1_to_q.lora_down.weight         kohya, with .alpha beside
 */
export function listLora(names: readonly string[]): LoraListing {
  const matrices = new Map<string, LoraTensors>()
  const others: string[] = []
  for (const name of names) {
    const [, matrix, kind] =
      /^(.+?)(?:\.lora_|\.lora\.|\.lora_linear_layer\.|_lora\.)(A|B|down|up|mid)(?:\.default)?(?:\.weight)?$/.exec(name) ??
      /^(.+)\.(alpha)$/.exec(name) ??
      []
    if (matrix === undefined) {
      others.push(name)
      continue
    }
    const tensors = matrices.get(matrix) ?? {}
    tensors[kind === 'alpha' ? 'alpha' : parts[kind as keyof typeof parts]] = name
    matrices.set(matrix, tensors)
  }
  return { matrices, others }
}

/** A matrix of a model, and its shape [out, in, …taps]. */
export interface Place {
  readonly network: AdaptedNetwork
  /** The full name of its parameter. */
  readonly name: string
  readonly shape: readonly number[]
}

/** Every spelling of a model's matrices that is in use, to the matrix. */
export function placesOf(size: StableDiffusionSize): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  const networks = networksOf(size)
  for (const network of adaptedNetworks)
    for (const [name, { shape }] of parametersOf(networks[network] ?? (() => undefined))) {
      if (!name.endsWith('.weight') || shape.length < 2) continue
      const place = { network, name, shape }
      for (const spelling of spellingsOf(network, name.slice(0, -'.weight'.length), size)) places.set(spelling, place)
    }
  return places
}

function spellingsOf(network: AdaptedNetwork, matrix: string, { unet, textName }: StableDiffusionSize): string[] {
  const flat = (text: string) => text.replaceAll('.', '_')
  if (network !== 'unet') {
    const tower = network === 'text_encoder' ? (textName ?? network) : network
    const short = tower === 'text_encoder' ? ['lora_te', 'lora_te1'] : ['lora_te2']
    const inside = matrix.replace(/^text_model\./, '') // newer versions of transformers leave the middle out
    const older = matrix.replace(/\.([qkv])_proj$/, '.to_$1').replace(/\.out_proj$/, '.to_out')
    const dotted = [...new Set([matrix, inside, older])].map((each) => `${tower}.${each}`)
    return [...dotted, ...short.map((each) => `${each}_${flat(matrix)}`)]
  }
  // Before 0.22 the attentions' processors held the matrices, and the last projection had no index.
  const processor = matrix.replace(/\.(to_[qkv]|to_out)(?:\.0)?$/, '.processor.$1')
  const original = unetName(`${matrix}.weight`, unet).replace(/\.weight$/, '')
  const dotted = [...new Set([matrix, processor])]
  return [
    ...dotted.flatMap((each) => [each, `unet.${each}`, `base_model.model.${each}`]),
    `lora_unet_${flat(matrix)}`,
    `lora_unet_${flat(original)}`,
  ]
}

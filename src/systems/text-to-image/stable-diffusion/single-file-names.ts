import type { Checkpoint } from '../../../weights/index.js'
import type { AnyNetworkName, StableDiffusionSize } from './sizes.js'

/**
 * The generations of single files, told by their text encoders: CLIP under the names of transformers (1.x), OpenCLIP under its own (2.x), one after the
 * other (XL), the second alone (XL's refiner).
 */
export type SingleFileFamily = '1.x' | '2.x' | 'xl' | 'xl-refiner'

/** What a file of the original code ("LDM") calls a parameter. */
export interface StoredPart {
  readonly name: string
  /** Which of its equal parts along the first axis, where one tensor holds several parameters. */
  readonly part?: { readonly index: number; readonly of: number }
  /** Whether the matrix lies the other way round. */
  readonly transposed?: boolean
}

/** Where the networks stand in a file of the original code. */
export const singleFilePrefixes = { unet: 'model.diffusion_model.', vae: 'first_stage_model.' } as const

/** Where a text tower stands, and under which names. */
export interface StoredTower {
  readonly prefix: string
  readonly openClip: boolean
}

const towers = {
  text_encoder: [
    { prefix: 'cond_stage_model.model.', openClip: true },
    { prefix: 'cond_stage_model.transformer.', openClip: false },
    { prefix: 'conditioner.embedders.0.transformer.', openClip: false },
    { prefix: 'conditioner.embedders.0.model.', openClip: true },
  ],
  text_encoder_2: [{ prefix: 'conditioner.embedders.1.model.', openClip: true }],
} as const satisfies Record<string, readonly StoredTower[]>

const tokenTables = ['token_embedding.weight', 'embeddings.token_embedding.weight', 'text_model.embeddings.token_embedding.weight']

/** The text tower of a file. */
export function towerOf(file: Checkpoint, network: keyof typeof towers): StoredTower {
  const known: readonly StoredTower[] = towers[network]
  const [first] = towers[network] // its names are then reported as missing
  return known.find(({ prefix }) => tokenTables.some((name) => file.has(prefix + name))) ?? first
}

/** A parameter as the networks ask for it (the names of diffusers and transformers) to its place in a file of the original code. */
export function storedInSingleFile(network: AnyNetworkName, name: string, size: StableDiffusionSize, file: Checkpoint): StoredPart {
  if (network === 'unet') return { name: singleFilePrefixes.unet + unetName(name, size.unet) }
  if (network === 'vae') return { name: singleFilePrefixes.vae + autoencoderName(name, size.autoencoder.widths.length) }
  const { prefix, openClip } = towerOf(file, network)
  if (openClip) {
    const { name: inside, ...part } = openClipName(name)
    return { name: prefix + inside, ...part }
  }
  // Files that were merged by some tools lack the middle of the prefix.
  const whole = file.has(`${prefix}text_model.embeddings.token_embedding.weight`)
  return { name: prefix + (whole ? name : name.replace(/^text_model\./, '')) }
}

const residual = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
} as const

const outside: Readonly<Record<string, string>> = {
  conv_in: 'input_blocks.0.0',
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_norm_out: 'out.0',
  conv_out: 'out.2',
  'mid_block.resnets.0': 'middle_block.0',
  'mid_block.attentions.0': 'middle_block.1',
  'mid_block.resnets.1': 'middle_block.2',
}

/** The original code counts blocks through all levels. */
export function unetName(name: string, { blocks, depth }: StableDiffusionSize['unet']): string {
  const [, way, levelText, kind, indexText, rest = ''] =
    /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(name) ?? []
  if (way === undefined) {
    const [place = '', stored] = Object.entries(outside).find(([place]) => name.startsWith(`${place}.`)) ?? []
    return stored === undefined ? name : `${stored}.${residualName(name.slice(place.length + 1))}`
  }
  const [level, index, each] = [Number(levelText), Number(indexText), blocks + 1]
  if (kind === 'downsamplers') return `input_blocks.${(level + 1) * each}.0.${rest.replace(/^conv\b/, 'op')}`
  if (kind === 'upsamplers') {
    const behindAttention = depth[depth.length - 1 - level] !== 0
    return `output_blocks.${level * each + blocks}.${behindAttention ? 2 : 1}.${rest}`
  }
  const block = way === 'down' ? `input_blocks.${1 + level * each + index}` : `output_blocks.${level * each + index}`
  return kind === 'resnets' ? `${block}.0.${residualName(rest)}` : `${block}.1.${rest}`
}

const residualName = (rest: string): string => {
  const [layer = '', ...others] = rest.split('.')
  return layer in residual ? [residual[layer as keyof typeof residual], ...others].join('.') : rest
}

const attention = { group_norm: 'norm', to_q: 'q', to_k: 'k', to_v: 'v', 'to_out.0': 'proj_out' } as const

/** @param levels of the autoencoder; the original code counts those of the decoder from the finest */
export const autoencoderName = (name: string, levels: number): string =>
  name
    .replace(/^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)/, 'encoder.down.$1.block.$2')
    .replace(/^encoder\.down_blocks\.(\d+)\.downsamplers\.0/, 'encoder.down.$1.downsample')
    .replace(/^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)/, (_, level, block) => `decoder.up.${levels - 1 - level}.block.${block}`)
    .replace(/^decoder\.up_blocks\.(\d+)\.upsamplers\.0/, (_, level) => `decoder.up.${levels - 1 - level}.upsample`)
    .replace(/mid_block\.resnets\.(\d+)/, (_, block) => `mid.block_${Number(block) + 1}`)
    .replace(
      /mid_block\.attentions\.0\.(group_norm|to_q|to_k|to_v|to_out\.0)/,
      (_, part) => `mid.attn_1.${attention[part as keyof typeof attention]}`,
    )
    .replace('conv_shortcut', 'nin_shortcut')
    .replace('conv_norm_out', 'norm_out')

const openClipLayers: readonly (readonly [RegExp, string])[] = [
  [/^text_model\.embeddings\.token_embedding\.weight$/, 'token_embedding.weight'],
  [/^text_model\.embeddings\.position_embedding\.weight$/, 'positional_embedding'],
  [/^text_model\.final_layer_norm\./, 'ln_final.'],
  [/^text_model\.encoder\.layers\./, 'transformer.resblocks.'],
  [/\.layer_norm([12])\./, '.ln_$1.'],
  [/\.mlp\.fc1\./, '.mlp.c_fc.'],
  [/\.mlp\.fc2\./, '.mlp.c_proj.'],
  [/\.self_attn\.out_proj\./, '.attn.out_proj.'],
]

/** OpenCLIP keeps queries, keys and values in one matrix, one after the other. */
export function openClipName(name: string): StoredPart {
  if (name === 'text_projection.weight') return { name: 'text_projection', transposed: true }
  const stored = openClipLayers.reduce((text, [from, to]) => text.replace(from, to), name)
  const [, before, projection = '', kind] = /^(.*)\.self_attn\.([qkv])_proj\.(weight|bias)$/.exec(stored) ?? []
  return before === undefined
    ? { name: stored }
    : { name: `${before}.attn.in_proj_${kind}`, part: { index: 'qkv'.indexOf(projection), of: 3 } }
}

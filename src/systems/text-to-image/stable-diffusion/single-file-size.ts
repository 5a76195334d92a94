import type { Checkpoint } from '../../../weights/index.js'
import { autoencoderName, type SingleFileFamily, type StoredTower, singleFilePrefixes, towerOf } from './single-file-names.js'
import type { StableDiffusionSize } from './sizes.js'

/** All that is published has these, and no tensor tells them. */
const groups = 32
const headWidth = 64
const headsOf1 = 8
const scaling = 0.18215
const scalingXl = 0.13025
/** Places that each of XL's numbers takes. */
const sinusoids = 256

/**
 * The sizes of a single file's networks, read off the shapes of its tensors. A tensor that is missing makes a size of 0, which the check of the
 * names then reports.
 *
 * @param native height and width in px that the model was trained with
 */
export function sizeOf(file: Checkpoint, family: SingleFileFamily, native: number): StableDiffusionSize {
  const xl = family === 'xl' || family === 'xl-refiner'
  const text = textOf(file, towerOf(file, 'text_encoder'))
  const second = family === 'xl' ? textOf(file, towerOf(file, 'text_encoder_2')) : undefined
  const unet = unetOf(file, family)
  const pooled = (second ?? text).projection
  const told = dimension(file, `${singleFilePrefixes.unet}label_emb.0.0.weight`, 1)
  const numbers = Math.max(0, Math.floor((told - (pooled ?? 0)) / sinusoids))
  return {
    text: family === '2.x' ? penultimate(withoutProjection(text)) : family === 'xl-refiner' ? text : withoutProjection(text),
    ...(second && { second }),
    ...(xl && { states: { skip: 1, finalNorm: false } }),
    ...(family === 'xl-refiner' && { textName: 'text_encoder_2' as const }),
    unet: { ...unet, ...(xl && { added: { pooled: pooled ?? 0, numbers, sinusoids } }) },
    autoencoder: autoencoderOf(file, inOriginal, { groups, scaling: xl ? scalingXl : scaling }),
    native,
  }
}

type TextSize = StableDiffusionSize['text']
const withoutProjection = ({ projection: _, ...text }: TextSize): TextSize => text
/** Of 2.x the U-Net reads the states before the last layer, and the last layer not at all. */
const penultimate = (text: TextSize): TextSize => ({ ...text, layers: Math.max(1, text.layers - 1) })

const inOriginal = (name: string): string => singleFilePrefixes.vae + autoencoderName(name, 0) // of the encoder, whose levels are counted alike

const dimension = (file: Checkpoint, name: string, axis: number): number => (file.has(name) ? (file.info(name).shape[axis] ?? 1) : 0)

/** How many of `name(0)`, `name(1)` … there are. A file may be foreign: nobody has as many levels or layers as this. */
function countOf(file: Checkpoint, name: (index: number) => string, most = 128): number {
  let count = 0
  while (count < most && file.has(name(count))) count++
  return count
}

function textOf(file: Checkpoint, { prefix, openClip }: StoredTower): TextSize {
  if (openClip) {
    const at = (name: string) => prefix + name
    const width = dimension(file, at('token_embedding.weight'), 1)
    return {
      vocabulary: dimension(file, at('token_embedding.weight'), 0),
      context: dimension(file, at('positional_embedding'), 0),
      end: 'largest',
      width,
      layers: countOf(file, (i) => at(`transformer.resblocks.${i}.ln_1.weight`)),
      heads: Math.max(1, width / headWidth),
      hidden: dimension(file, at('transformer.resblocks.0.mlp.c_fc.weight'), 0),
      activation: 'gelu',
      ...(file.has(at('text_projection')) && { projection: dimension(file, at('text_projection'), 1) }),
    }
  }
  const middle = file.has(`${prefix}text_model.embeddings.token_embedding.weight`) ? 'text_model.' : ''
  const at = (name: string) => prefix + middle + name
  const width = dimension(file, at('embeddings.token_embedding.weight'), 1)
  return {
    vocabulary: dimension(file, at('embeddings.token_embedding.weight'), 0),
    context: dimension(file, at('embeddings.position_embedding.weight'), 0),
    end: 'largest',
    width,
    layers: countOf(file, (i) => at(`encoder.layers.${i}.layer_norm1.weight`)),
    heads: Math.max(1, width / headWidth),
    hidden: dimension(file, at('encoder.layers.0.mlp.fc1.weight'), 0),
    activation: 'quick-gelu',
  }
}

function unetOf(file: Checkpoint, family: SingleFileFamily): StableDiffusionSize['unet'] {
  const at = (name: string) => singleFilePrefixes.unet + name
  const depthAt = (place: string) => countOf(file, (i) => at(`${place}.transformer_blocks.${i}.norm1.weight`))
  const widths: number[] = []
  const depth: number[] = []
  let blocks = 0
  let inLevel = 0
  const places = countOf(file, (i) =>
    at(`input_blocks.${i}.0.${i === 0 ? 'weight' : file.has(at(`input_blocks.${i}.0.op.weight`)) ? 'op.weight' : 'in_layers.2.weight'}`),
  )
  for (let i = 1; i < places; i++) {
    if (file.has(at(`input_blocks.${i}.0.op.weight`))) {
      inLevel = 0
      continue
    }
    if (inLevel++ === 0) {
      widths.push(dimension(file, at(`input_blocks.${i}.0.out_layers.3.weight`), 0))
      depth.push(depthAt(`input_blocks.${i}.1`))
    }
    blocks = Math.max(blocks, inLevel)
  }
  const [attending = 'middle_block.1'] = Array.from({ length: places }, (_, i) => `input_blocks.${i}.1`).filter((place) =>
    file.has(at(`${place}.proj_in.weight`)),
  )
  const linearProjection = file.has(at(`${attending}.proj_in.weight`)) && file.info(at(`${attending}.proj_in.weight`)).shape.length === 2
  return {
    inChannels: dimension(file, at('input_blocks.0.0.weight'), 1),
    outChannels: dimension(file, at('out.2.weight'), 0),
    widths,
    blocks,
    depth,
    middleDepth: depthAt('middle_block.1'),
    heads: widths.map((width) => (family === '1.x' ? headsOf1 : Math.max(1, width / headWidth))),
    context: dimension(file, at(`${attending}.transformer_blocks.0.attn2.to_k.weight`), 1),
    groups,
    linearProjection,
  }
}

/**
 * The sizes of an autoencoder, wherever it stands.
 *
 * @param stored the name of a tensor in the file, by that of diffusers
 * @param known what no tensor tells
 */
export function autoencoderOf(
  file: Checkpoint,
  stored: (name: string) => string,
  { groups, scaling, shift }: Pick<StableDiffusionSize['autoencoder'], 'groups' | 'scaling' | 'shift'>,
): StableDiffusionSize['autoencoder'] {
  const first = (level: number) => stored(`encoder.down_blocks.${level}.resnets.0.conv1.weight`)
  const levels = countOf(file, first, 8)
  return {
    latentChannels: dimension(file, stored('decoder.conv_in.weight'), 1),
    widths: Array.from({ length: levels }, (_, level) => dimension(file, first(level), 0)),
    blocks: countOf(file, (i) => stored(`encoder.down_blocks.0.resnets.${i}.conv1.weight`), 16),
    groups,
    scaling,
    ...(shift !== undefined && { shift }),
    ...(file.has(stored('quant_conv.weight')) ? {} : { quantConvolutions: false }),
  }
}

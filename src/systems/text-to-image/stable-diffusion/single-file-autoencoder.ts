import type { autoencoderKL } from '../../../backbones/index.js'
import { GeneraError } from '../../../graph/index.js'
import { printable, quoted } from '../../../weights/checkpoint-error.js'
import type { Checkpoint } from '../../../weights/index.js'
import { autoencoderName, type StoredPart, singleFilePrefixes } from './single-file-names.js'
import { autoencoderOf } from './single-file-size.js'
import { viewAt } from './single-file-view.js'

type AutoencoderSize = autoencoderKL.AutoencoderSize

/**
 * A file that holds an autoencoder, alone or among others, under the names of diffusers or of the original code: as the networks ask for it, with its
 * sizes read off its tensors.
 *
 * @param own the autoencoder that it stands in for: what no tensor tells is as there
 * @throws GeneraError for a file that holds none
 */
export function autoencoderFile(file: Checkpoint, own: AutoencoderSize): { readonly file: Checkpoint; readonly size: AutoencoderSize } {
  const prefix = ['', singleFilePrefixes.vae, 'vae.'].find((each) => file.has(`${each}encoder.conv_in.weight`))
  if (prefix === undefined)
    throw new GeneraError(
      'Autoencoder',
      `Cannot use ${printable(file.file)} as an autoencoder: expected its tensor "encoder.conv_in.weight", found ${file.names.length} others (first ${quoted(file.names[0] ?? '')})`,
      'Autoencoders with a Kullback-Leibler term are read, in the layout of diffusers or of the original code; tiny ones (TAESD) are not',
    )
  const original = file.has(`${prefix}encoder.down.0.block.0.conv1.weight`)
  const size = autoencoderOf(file, (name) => prefix + (original ? autoencoderName(name, 0) : name), own)
  const places = new Map<string, StoredPart>()
  const within = file.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const plain = original
    ? within.map((name) => [diffusersName(name, size.widths.length), name] as const)
    : within.map((name) => [name, name] as const)
  for (const [name, stored] of plain) places.set(name, { name: prefix + stored })
  return { file: viewAt(file, places), size }
}

const attention = { norm: 'group_norm', q: 'to_q', k: 'to_k', v: 'to_v', proj_out: 'to_out.0' } as const

/** The way back from `autoencoderName`. */
export const diffusersName = (name: string, levels: number): string =>
  name
    .replace(/^encoder\.down\.(\d+)\.block\.(\d+)/, 'encoder.down_blocks.$1.resnets.$2')
    .replace(/^encoder\.down\.(\d+)\.downsample/, 'encoder.down_blocks.$1.downsamplers.0')
    .replace(/^decoder\.up\.(\d+)\.block\.(\d+)/, (_, level, block) => `decoder.up_blocks.${levels - 1 - level}.resnets.${block}`)
    .replace(/^decoder\.up\.(\d+)\.upsample/, (_, level) => `decoder.up_blocks.${levels - 1 - level}.upsamplers.0`)
    .replace(/mid\.block_(\d+)/, (_, block) => `mid_block.resnets.${Number(block) - 1}`)
    .replace(/mid\.attn_1\.(norm|q|k|v|proj_out)\b/, (_, part) => `mid_block.attentions.0.${attention[part as keyof typeof attention]}`)
    .replace('nin_shortcut', 'conv_shortcut')
    .replace('norm_out', 'conv_norm_out')

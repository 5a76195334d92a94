import { GeneraError } from '../../../graph/index.js'
import { printable, quoted } from '../../../weights/checkpoint-error.js'
import type { Checkpoint } from '../../../weights/index.js'
import type { SingleFileFamily } from './single-file-names.js'

/** A file of weights that is no Stable Diffusion as it is built here. */
export class ForeignCheckpointError extends GeneraError {
  override readonly name = 'ForeignCheckpointError'
  constructor(
    /** What the file is. */
    readonly found: string,
    file: string,
    hint?: string,
  ) {
    super('ForeignCheckpoint', `Cannot load ${printable(file)}: expected Stable Diffusion 1.x, 2.x or XL, found ${found}`, hint)
  }
}

interface Foreign {
  readonly found: string
  readonly hint?: string
  /** Whether a file of these names is one. */
  readonly is: (has: (part: string | RegExp) => boolean) => boolean
}

const notBuilt = 'It is not built yet'
const folder = 'Pass the folder in which model_index.json and the folders of all parts lie'

/** Files that are taken for Stable Diffusion, by tensors that only they have; the most telling first. */
const foreign: readonly Foreign[] = [
  {
    found: 'a LoRA, which changes a model and is none itself',
    hint: 'Pass it beside a checkpoint: --lora FILE:0.8, or the option loras of the library',
    is: (has) => has(/[._]lora[._](?:A|B|down|up|linear_layer|mid)\b|\.lora\.(?:down|up)\.|\.(?:hada|lokr)_w\d|_lora\.(?:down|up)\./),
  },
  {
    found: 'a textual inversion, which is a word and no model',
    hint: 'Pass it beside a checkpoint: --embedding FILE, or the option embeddings of the library',
    is: (has) => has(/^(?:string_to_param\.|emb_params$|clip_[lg]$)/),
  },
  {
    found: 'a ControlNet',
    hint: notBuilt,
    is: (has) => has(/^(?:control_model|controlnet_cond_embedding|net)\..*\b(?:zero_convs|conv_in)\b|^controlnet_/),
  },
  { found: 'a motion module of AnimateDiff', hint: notBuilt, is: (has) => has(/motion_modules\./) },
  { found: 'an IP-Adapter', hint: notBuilt, is: (has) => has(/^(?:ip_adapter|image_proj)\./) },
  { found: 'Stable Diffusion 3', hint: notBuilt, is: (has) => has(/(?:^|\.)joint_blocks\.\d+\./) },
  {
    found: 'FLUX',
    hint: notBuilt,
    is: (has) => has(/(?:^|\.)double_blocks\.\d+\.(?:img|txt)_attn/) || has(/(?:^|\.)single_transformer_blocks\.\d+\./),
  },
  { found: 'Stable Cascade', hint: notBuilt, is: (has) => has(/(?:^|\.)(?:clip_txt_mapper|down_blocks\.\d+\.\d+\.channelwise)\./) },
  {
    found: 'a model of films',
    hint: notBuilt,
    is: (has) => has(/(?:^|\.)(?:patchify_proj|head\.modulation)|temporal_transformer|time_stack\./),
  },
  {
    found: 'the U-Net alone',
    hint: folder,
    is: (has) => has('conv_in.weight') && has(/^down_blocks\.\d+\.attentions\.\d+\.transformer_blocks\./),
  },
  { found: 'a text encoder alone', hint: folder, is: (has) => has(/^text_model\.encoder\.layers\.0\./) && !has(/^(?:unet|vae)\./) },
  {
    found: 'an autoencoder (VAE) alone',
    hint: folder,
    is: (has) => has(/^(?:first_stage_model\.)?(?:encoder|decoder)\.(?:conv_in|mid\.|mid_block\.)/) && !has(/^model\.diffusion_model\./),
  },
]

/** Models of the same names whose U-Net reads something else beside the latents, by the number of its input channels. */
const otherInputs: Readonly<Record<number, string>> = {
  5: 'a model that reads depth',
  7: 'the ×4 upscaler',
  8: 'a model that edits by instruction (InstructPix2Pix), or an upscaler of latents',
}

/** By the parts that their text encoders have. */
const families: readonly (readonly [SingleFileFamily, ...RegExp[]])[] = [
  ['1.x', /^cond_stage_model\.transformer\./],
  ['2.x', /^cond_stage_model\.model\./],
  ['xl', /^conditioner\.embedders\.0\.transformer\./, /^conditioner\.embedders\.1\.model\./],
  ['xl-refiner', /^conditioner\.embedders\.0\.model\./],
]

/**
 * Which generation of Stable Diffusion a single file holds, in the layout of the original code; undefined for a file that is nothing known.
 *
 * @throws ForeignCheckpointError that names what the file is, if it is something else
 */
export function familyOf(file: Checkpoint): SingleFileFamily | undefined {
  const has = (part: string | RegExp): boolean => (typeof part === 'string' ? file.has(part) : file.names.some((name) => part.test(name)))
  const other = foreign.find(({ is }) => is(has))
  if (other) throw new ForeignCheckpointError(other.found, file.file, other.hint)
  const first = 'model.diffusion_model.input_blocks.0.0.weight'
  if (!file.has(first)) return undefined
  const channels = file.info(first).shape[1] as number
  const reads = otherInputs[channels]
  if (reads) throw new ForeignCheckpointError(reads, file.file, notBuilt)
  const family = families.find(([, ...parts]) => parts.every(has))?.[0]
  const missing = [...(family ? [] : ['text encoder']), ...(has(/^first_stage_model\.decoder\./) ? [] : ['autoencoder'])]
  if (family === undefined || missing.length > 0)
    throw new ForeignCheckpointError(
      `${missing.length === 2 ? 'its U-Net alone' : `one without its ${missing[0]}`}${has(/^(?:lpw|bert|cond_stage_model|conditioner)\./) && !family ? ` (first ${quoted(file.names[0] ?? '')})` : ''}`,
      file.file,
      'Look for the full file of the same model, or for its folder in the layout of diffusers',
    )
  return family
}

import type { NoiseSchedule, SamplerName } from '../../../generative/index.js'
import { Scope } from '../../../nn/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'
import { type Checkpoint, openCheckpoint } from '../../../weights/index.js'
import type { StableDiffusionSettings } from './settings.js'
import type { ByNetwork, StableDiffusionSize } from './sizes.js'

/** What reading a prompt needs of a tokenizer. */
export type PromptTokenizer = Pick<
  ClipTokenizer,
  'vocabulary' | 'context' | 'start' | 'end' | 'padding' | 'tokens' | 'decode' | 'window' | 'encode'
>

/** How a checkpoint is run best, where that is not as most are. */
export interface RunDefaults {
  readonly scheduler?: SamplerName
  readonly steps?: number
  readonly strength?: number
}

/** A checkpoint that is ready to be run, whatever its layout on disk. No weight is in memory yet. */
export interface StableDiffusionModel {
  readonly name: string
  readonly scopes: ByNetwork<Scope>
  readonly size: StableDiffusionSize
  readonly tokenizer: PromptTokenizer
  /** Of XL's second text tower. It has the same vocabulary, and fills windows otherwise. */
  readonly secondTokenizer?: PromptTokenizer
  readonly schedule: NoiseSchedule
  readonly settings: Omit<StableDiffusionSettings, 'size' | 'tokenizer' | 'schedule'>
  /** What a request that says nothing of these is run with. */
  readonly defaults?: RunDefaults
  /** Whether no negative prompt means zeros in place of the states of an empty text, as XL's base was trained. */
  readonly emptyIsZero?: boolean
  /** Whether it is in a published layout: then prompts are read as their users write them, with weights in brackets and at any length. */
  readonly published?: boolean
  /** What whoever runs it should know, such as what the file left open. */
  readonly notes?: readonly string[]
}

/** Tensors that a text tower's file may hold and that the pictures do not need. */
export const unneeded = (name: string): boolean => /(?:^|\.)(?:text_projection\.weight|position_ids|logit_scale)$/.test(name)

/** Programs point into the file, except where that cannot be (in browsers, and at tensors that have to be converted): there it is read whole. */
export async function pointable(file: Checkpoint, location: string): Promise<Checkpoint> {
  return file.names.every((name) => file.info(name).region) ? file : openCheckpoint(location, { inMemory: true })
}

/** A network that finds in its scope what the file has: some files spell a name as the library did when they were made. */
export const asStored =
  (network: (scope: Scope) => unknown, file: Checkpoint) =>
  ({ source, path }: Scope): unknown =>
    network(new Scope({ parameter: (request) => source.parameter(request), has: (name) => file.has(name) }, path))

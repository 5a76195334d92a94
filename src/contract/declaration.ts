import type { z } from 'zod'
import type { Device, Runtime } from '../graph/index.js'
import type { ParameterInfo } from '../nn/index.js'
import type { TrainingEvent } from '../training/index.js'
import type { Card } from './card.js'
import type { SystemId } from './cards.js'
import type { CheckpointChoice, Checkpoints } from './checkpoint-choice.js'
import type { EvaluationEvent, EvaluatorEvent, GenerationEvent, GeneratorEvent, Report, Result, Stage } from './events.js'
import type { Field, JsonSchema } from './fields.js'
import type { Modality } from './modalities.js'

/** What a generator is told beside its input. */
export interface GeneratorContext {
  /** One for each result, drawn or given. Systems without a field `seed` get a single 0. */
  readonly seeds: readonly [number, ...number[]]
  /** To be looked at between steps: `signal.throwIfAborted()`. */
  readonly signal: AbortSignal
}

/** A loaded model that is ready to work. `dispose` gives back what the garbage collector cannot. */
export interface Generator<Input, Output> {
  (input: Input, context: GeneratorContext): AsyncIterable<GeneratorEvent<Output>>
  dispose?(): Promise<void> | void
}

export interface TrainingOptions {
  /** The user's own data: a folder of pictures as `folder` of the media reads it, or JSON Lines of texts; Diorama if it is not given. */
  readonly data?: string
  /** A checkpoint of the system whose weights the stages start from, in place of chance. */
  readonly from?: string
  /** The folder where all stages of a system put what they make, and find what earlier ones made. */
  readonly output: string
  /** In place of the stage's own number. */
  readonly steps?: number
  /** The highest one of the run, in place of the stage's own. */
  readonly learningRate?: number
  readonly seed?: number
  readonly signal?: AbortSignal
  readonly runtime?: Runtime
  /** Told from time to time what is done before the first step, which may take minutes. */
  readonly onPreparation?: (preparation: Preparation) => void
}

/** What a stage does before its first step: so many of all the scenes that it renders, say. */
export interface Preparation {
  /** "rendering scenes" */
  readonly what: string
  readonly done: number
  readonly total: number
}

/** What a stage says: what the training loop says, and at its end the files that it has written. */
export type StageEvent = Exclude<TrainingEvent, { kind: 'done' }> | { readonly kind: 'done'; readonly files: readonly string[] }

/** `genera train SYSTEM STAGE`: one run, which goes on from its own checkpoint if `output` holds one. */
export interface TrainingStage {
  readonly name: string
  readonly summary: string
  /** Whether it runs only when it is named, since it is no part of the way to a whole model. */
  readonly alone?: boolean
  run(options: TrainingOptions): AsyncIterable<StageEvent>
}

export interface EvaluationContext<Input, Output> {
  /** With the checkpoint and the runtime that are being evaluated. */
  make(input: Input): Promise<readonly [Result<Output>, ...Result<Output>[]]>
  readonly checkpoint: CheckpointChoice
  readonly runtime: Runtime
  readonly signal: AbortSignal
  /** How many cases of each kind, for a quick look; all of them if it is not given. */
  readonly limit?: number
}

/** A system as its author writes it down: one value, from which every face is derived. */
export interface SystemDeclaration<Input extends z.ZodObject, Output extends z.ZodType> {
  /** `cards['stable-diffusion']`. */
  readonly card: Card & { readonly id: SystemId }
  /** What it can be asked for. Fields of modalities are `text()`, `image()` and so on; `seed()` and `count()` say how many results. */
  readonly input: Input
  /** A modality, or an object of several. */
  readonly output: Output
  readonly checkpoints: Checkpoints
  /** The stages of the work and their sizes, known before anything is loaded. */
  plan(input: z.output<Input>, seeds: readonly number[]): readonly Stage[]
  load(checkpoint: CheckpointChoice, runtime: Runtime): Promise<Generator<z.output<Input>, z.output<Output>>>
  readonly train?: readonly [TrainingStage, ...TrainingStage[]]
  evaluate?(context: EvaluationContext<z.input<Input>, z.output<Output>>): AsyncIterable<EvaluatorEvent>
  /** Names and shapes by network, of the embedded size or of the published one that is named. */
  parameters?(checkpoint?: string): Readonly<Record<string, ReadonlyMap<string, ParameterInfo>>>
}

export interface GenerateOptions {
  readonly signal?: AbortSignal | undefined
  /** `embedded`, which is the default, a file or folder, or a repository of the hub: `owner/name`, `hf://owner/name@revision/file`. */
  readonly checkpoint?: string | URL | undefined
  /** One of your own, or the shared one of a device. */
  readonly runtime?: Runtime | Device | 'auto' | undefined
}

/** A system as everybody else uses it. */
export interface System<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  readonly id: SystemId
  readonly card: Card & { readonly id: SystemId }
  readonly input: Input
  readonly output: Output
  readonly checkpoints: Checkpoints
  /** The options one by one, for flags, forms and help. */
  readonly fields: readonly Field[]
  readonly inputSchema: JsonSchema
  /** What comes out: one modality under the name `value`, or each part of the output under its own. */
  readonly outputs: readonly { readonly name: string; readonly modality: Modality }[]
  readonly train: readonly TrainingStage[]
  /** Whether `evaluate` measures anything. */
  readonly evaluates: boolean

  /**
   * Works, and says how it goes: the plan first, then progress and previews, the results last.
   *
   * @throws InputError, CheckpointMissingError; what `signal` was aborted with
   */
  generate(input: z.input<Input>, options?: GenerateOptions): AsyncGenerator<GenerationEvent<z.output<Output>>, void>
  /** The results alone: `const [{ value }] = await system.make({ prompt })`. */
  make(input: z.input<Input>, options?: GenerateOptions): Promise<readonly [Result<z.output<Output>>, ...Result<z.output<Output>>[]]>
  /** Measures, and ends with one report. */
  evaluate(options?: GenerateOptions & { readonly limit?: number }): AsyncGenerator<EvaluationEvent, void>
  /** The report alone. */
  measure(options?: GenerateOptions & { readonly limit?: number }): Promise<Report>
  parameters(checkpoint?: string): Readonly<Record<string, ReadonlyMap<string, ParameterInfo>>>
  /** Gives back the memory of every loaded checkpoint that is not in use. */
  dispose(): Promise<void>
}

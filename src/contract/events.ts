import type { Json, Provenance } from '../media/provenance.js'

/** A part of the work whose size is known beforehand. */
export interface Stage {
  /** As a progress bar names it: "denoise". */
  readonly stage: string
  /** Steps, or whatever the stage counts. */
  readonly total: number
}

/** Comes first: all that will happen. The first stage is `load`, after `fetch` (in bytes) where a checkpoint has to be fetched. */
export interface PlanEvent {
  readonly kind: 'plan'
  readonly stages: readonly Stage[]
  /** To be fetched before anything can run, and not begun yet: whoever stops here fetches nothing. Nought where the checkpoint is at hand. */
  readonly bytes: number
}

export interface ProgressEvent {
  readonly kind: 'progress'
  readonly stage: string
  /** Of `total`; it never falls. */
  readonly done: number
  readonly total: number
}

/** What a result looks like so far; text comes in pieces that grow. */
export interface PreviewEvent<Value> {
  readonly kind: 'preview'
  /** Which result it will be, from 0. */
  readonly index: number
  readonly value: Value
}

/** What a generator gives back: one value for each seed, in their order. */
export interface Made<Value> {
  readonly value: Value
  /** Further facts, such as the confidence of a transcript. */
  readonly facts?: Readonly<Record<string, Json>>
}

export interface Result<Value> extends Made<Value> {
  readonly seed: number
  /** Enough to make this one again. */
  readonly provenance: Provenance
}

/** Comes last, once. */
export interface ResultEvent<Value> {
  readonly kind: 'result'
  readonly results: readonly [Result<Value>, ...Result<Value>[]]
}

/** What `generate` yields. */
export type GenerationEvent<Value> = PlanEvent | ProgressEvent | PreviewEvent<Value> | ResultEvent<Value>

/** What the generator of a system yields; `defineSystem` adds the plan, the seeds and the provenance. */
export type GeneratorEvent<Value> =
  | ProgressEvent
  | PreviewEvent<Value>
  | { readonly kind: 'result'; readonly results: readonly Made<Value>[] }

/** A measured number, with the least (or, where lower is better, the most) that it must be. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit?: string
  readonly threshold?: number
  /** Higher, if it is not said. */
  readonly better?: 'higher' | 'lower'
}

export interface Report {
  readonly system: string
  readonly checkpoint: string
  /** `passed` only where there is a threshold. */
  readonly figures: readonly (Figure & { readonly passed?: boolean })[]
}

export type EvaluationEvent = ProgressEvent | { readonly kind: 'report'; readonly report: Report }

/** What the `evaluate` of a system yields. */
export type EvaluatorEvent = ProgressEvent | { readonly kind: 'report'; readonly figures: readonly Figure[] }

import type { DType } from '../dtype.js'
import { NDArray } from '../ndarray.js'
import type { Device, Loadable, RuntimeOptions, SessionOptions } from './runtime.js'

/** An array on its way through the pipe. */
export interface WireArray {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: NDArray['data']
}

/** An array that stays in the child, by its number there. */
export interface WireResident {
  readonly resident: number
  readonly dtype: DType
  readonly shape: readonly number[]
}

export type WireValue = WireArray | WireResident
export type WireDestination = 'fetch' | 'keep' | { readonly resident: number }

/** What the child can be asked, and what it answers. */
export interface Calls {
  start: { ask: { device: Device; options: RuntimeOptions; maxMemory: number | undefined }; answer: { name: string; device: Device } }
  /** Starts a runtime, tries it, and says how many milliseconds the trial took. */
  measure: { ask: { device: Device }; answer: number }
  load: { ask: { model: Loadable; options: SessionOptions }; answer: number }
  run: {
    ask: { session: number; inputs: readonly WireValue[]; destinations: readonly WireDestination[] }
    answer: readonly WireValue[]
  }
  unload: { ask: { session: number }; answer: undefined }
  upload: { ask: { array: WireArray }; answer: WireResident }
  read: { ask: { resident: number }; answer: WireArray }
  drop: { ask: { resident: number }; answer: undefined }
}

export type CallName = keyof Calls

export type Question = { [K in CallName]: { readonly id: number; readonly call: K; readonly ask: Calls[K]['ask'] } }[CallName]

/** Errors cross the pipe as their parts, so that the parent throws one of the same class. */
export interface Failure {
  readonly running: string
  readonly problem: string
  readonly hint: string | undefined
}

export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure })

export const toWire = ({ dtype, shape, data }: NDArray): WireArray => ({ dtype, shape, data })
export const fromWire = ({ dtype, shape, data }: WireArray): NDArray => new NDArray(dtype, shape, data)

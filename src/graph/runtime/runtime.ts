import type { DType } from '../dtype.js'
import { GeneraError } from '../errors.js'
import type { NDArray } from '../ndarray.js'
import type { Target } from '../node.js'
import type { EmittedModel, Port } from '../onnx/emitter.js'

export type Device = Target['device']

const devices: ReadonlySet<string> = new Set<Device>(['cpu', 'wasm', 'webgpu', 'cuda', 'coreml', 'dml'])

export const isDevice = (name: string): name is Device => devices.has(name)

/** An array that lives where the runtime keeps it: in this process, in another one, or on a GPU. */
export interface Resident {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Copies the elements into this process. */
  read(): Promise<NDArray>
  /** Gives the memory back; reading afterwards is an error. */
  dispose(): void
}

export type Value = NDArray | Resident

/**
 * Where an output of a run goes: `fetch` copies it into this process, `keep` leaves it with the runtime, and a resident
 * array receives the elements in place.
 */
export type Destination = 'fetch' | 'keep' | Resident

/** What a runtime needs to know of an emitted model. */
export interface Loadable extends Pick<EmittedModel, 'bytes' | 'external' | 'folder' | 'files'> {
  readonly inputs: readonly Pick<Port, 'name' | 'dtype'>[]
  readonly outputs: readonly Pick<Port, 'name' | 'dtype'>[]
}

/** A loaded program. */
export interface Session {
  /** Inputs and destinations stand in the order of the model's ports. */
  run(inputs: readonly Value[], destinations: readonly Destination[]): Promise<readonly Value[]>
  dispose(): Promise<void>
}

/** The small interface behind which every engine stands. */
export interface Runtime {
  /** For people: `onnxruntime-node cpu, 2 threads`. */
  readonly name: string
  readonly device: Device
  load(model: Loadable, options?: SessionOptions): Promise<Session>
  /** Hands an array over to the runtime. */
  upload(array: NDArray): Promise<Resident>
  dispose(): Promise<void>
}

export interface SessionOptions {
  /** Said in errors: what the program is. */
  readonly label?: string
  /** ONNX Runtime's own graph optimisations; the emitted graph is already fused, so 'basic' is usually enough. */
  readonly optimise?: 'none' | 'basic' | 'extended' | 'all'
  /** How many of the first outputs stay with the runtime from run to run: a GPU then keeps them in its own memory. */
  readonly resident?: number
  /**
   * Before the second run all inner arrays are laid out in one block, which suits programs that run thousands of times (the default). A large
   * network holds less memory without.
   */
  readonly planMemory?: boolean
}

export interface RuntimeOptions {
  /** Threads within one operator. Left out: in Node those that `GENERA_THREADS` names, or else one per physical core. */
  readonly threads?: number
  /** Keep threads spinning between operators: fastest alone on a machine, unkind beside others. */
  readonly spin?: boolean
  /**
   * Where the page finds ONNX Runtime's `.wasm` and `.mjs` files: a folder's URL (`'/ort/'`), or the two files. Left out: beside
   * the script that holds onnxruntime-web, where bundlers put them. They are never fetched from another host on their own.
   */
  readonly wasmPaths?: string | { readonly wasm?: string; readonly mjs?: string }
}

/** The engine failed: the message says what it was running and what it said. */
export class RuntimeError extends GeneraError {
  override readonly name: string = 'RuntimeError'
  constructor(
    readonly running: string,
    readonly problem: string,
    hint?: string,
    options?: { cause?: unknown },
  ) {
    super('runtime', `Cannot run ${running}: ${problem}`, hint, options)
  }
}

/** The process or the device that ran the program is gone. A new runtime can be started; what lived in it is lost. */
export class RuntimeLostError extends RuntimeError {
  override readonly name = 'RuntimeLostError'
}

import { isNDArray, type NDArray } from './ndarray.js'
import { inPlacePairs } from './passes/in-place.js'
import { type CallShape, callShape, type DynamicSizes, isValue, type Program, traceProgram } from './program.js'
import type { Destination, Resident, Runtime, Session, SessionOptions, Value } from './runtime/runtime.js'
import { sharedRuntime } from './runtime/shared.js'
import type { Tensor } from './tensor.js'
import { flatten, type Static } from './tree.js'

/** A tree of tensors as it looks from outside the program: arrays at the leaves. */
export type Concrete<T> = T extends Tensor
  ? NDArray
  : T extends Static | ((...args: never[]) => unknown)
    ? T
    : { [K in keyof T]: Concrete<T[K]> }

type ConcreteArgs<Args extends readonly unknown[]> = { [K in keyof Args]: Concrete<Args[K]> }

export interface CompileOptions extends SessionOptions {
  /** Where to run; the process-wide runtime when left out. */
  readonly runtime?: Runtime | Promise<Runtime>
  readonly dynamic?: DynamicSizes
  /** Use ONNX Runtime's fused kernels. Off only to compare them with their fallback. */
  readonly fuse?: boolean
}

interface Loaded extends Program {
  readonly session: Session
}

/** Programs by signature: each is traced and loaded once, however many calls wait for it. */
class ProgramCache {
  readonly #loaded = new Map<string, Promise<Loaded>>()
  constructor(
    readonly fn: (...args: never[]) => unknown,
    readonly options: CompileOptions,
  ) {}

  get size(): number {
    return this.#loaded.size
  }

  get(args: readonly unknown[], stateSize = 0): { arrays: readonly Value[]; program: Promise<Loaded>; signature: string } {
    const call = callShape(args, this.options.dynamic)
    const known = this.#loaded.get(call.signature)
    if (known) return { arrays: call.arrays, program: known, signature: call.signature }
    const program = this.#load(call, stateSize)
    this.#loaded.set(call.signature, program)
    program.catch(() => this.#loaded.delete(call.signature)) // a failed load must not poison the next call
    return { arrays: call.arrays, program, signature: call.signature }
  }

  async #load(call: CallShape, stateSize: number): Promise<Loaded> {
    const runtime = await this.runtime()
    const program = traceProgram(this.fn, call, { device: runtime.device, fuse: this.options.fuse ?? true }, stateSize)
    const resident = stateSize - program.passed.filter(Boolean).length
    return { ...program, session: await runtime.load(program.model, { ...this.options, resident }) }
  }

  async runtime(): Promise<Runtime> {
    return this.options.runtime ?? sharedRuntime()
  }

  async dispose(): Promise<void> {
    const programs = [...this.#loaded.values()]
    this.#loaded.clear()
    for (const program of programs) await (await program.catch(() => undefined))?.session.dispose()
  }
}

/** A program: call it with arrays where the traced function takes tensors. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: ConcreteArgs<Args>): Promise<Concrete<Result>>
  /** How many signatures have been traced so far. */
  readonly signatures: number
  /** Gives the memory of all its sessions back. */
  dispose(): Promise<void>
}

/**
 * Makes a program of a function on tensors. It is traced once per signature: the shapes and element types of the arrays, and
 * the values of everything else among the arguments.
 *
 *     const double = compile((x: Tensor) => x.mul(2))
 *     await double(array([1, 2, 3]))                      // 2, 4, 6
 */
export function compile<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  const cache = new ProgramCache(fn as (...args: never[]) => unknown, options)
  const call = async (...args: ConcreteArgs<Args>): Promise<Concrete<Result>> => {
    const { arrays, program } = cache.get(args)
    const { session, outputs, rebuild } = await program
    return rebuild(
      await session.run(
        arrays,
        outputs.map(() => 'fetch'),
      ),
    ) as Concrete<Result>
  }
  return Object.defineProperties(call, {
    signatures: { get: () => cache.size },
    dispose: { value: () => cache.dispose() },
  }) as Compiled<Args, Result>
}

/** A program with a state that stays where the runtime keeps it. Calls run one after another. */
export interface Stateful<State, Args extends readonly unknown[], Result> {
  run(...args: ConcreteArgs<Args>): Promise<Concrete<Result>>
  /** Copies the state out. */
  read(): Promise<Concrete<State>>
  /** Replaces the state; another shape (a larger key/value cache) is another signature. */
  write(state: Concrete<State>): Promise<void>
  readonly signatures: number
  dispose(): Promise<void>
}

/**
 * Makes a program of a function that takes a state and returns the next one: parameters and optimiser moments, a key/value
 * cache, latents. The state is uploaded once; a run writes the next state over the old one where no reader can notice, and
 * into a second set of buffers otherwise, so nothing is copied or allocated per call.
 *
 *     const counter = stateful((count: Tensor, by: Tensor) => [count.add(by), count] as const, scalar(0))
 */
export function stateful<State, Args extends readonly unknown[], Result>(
  fn: (state: State, ...args: Args) => readonly [next: State, result: Result],
  initial: Concrete<State>,
  options: CompileOptions = {},
): Stateful<State, Args, Result> {
  const cache = new ProgramCache(fn as (...args: never[]) => unknown, options)
  const overwritten = new Map<Program, readonly boolean[]>()
  /** The state as the runtime holds it: a tree of residents, once the first run has uploaded it. */
  let current: unknown = initial
  let spare: (Resident | undefined)[] = []
  let queue: Promise<unknown> = Promise.resolve()

  const upload = async (state: unknown): Promise<unknown> => {
    const runtime = await cache.runtime()
    const { leaves, rebuild } = flatten<Value>(state, isValue)
    return rebuild(await Promise.all(leaves.map((value) => (isNDArray(value) ? runtime.upload(value) : value))))
  }
  const drop = (): void => {
    for (const value of [...flatten<Value>(current, isValue).leaves, ...spare]) if (value && !isNDArray(value)) value.dispose()
    spare = []
  }
  /** Runs take turns, because each needs the state that the last one left. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const turn = queue.then(task, task)
    queue = turn.catch(() => undefined)
    return turn
  }

  const run = async (args: ConcreteArgs<Args>): Promise<Concrete<Result>> => {
    current = await upload(current)
    const state = flatten<Resident>(current, isValue as (value: unknown) => value is Resident).leaves
    const { arrays, program: loading } = cache.get([current, ...args], state.length)
    const program = await loading
    const inPlace = overwritten.get(program) ?? inPlacePairs(program.inputs, program.outputs, state.length)
    overwritten.set(program, inPlace)
    const computed = program.outputs.flatMap((_, i) => (program.passed[i] ? [] : [i]))
    const destinations = computed.map((i): Destination => {
      if (i >= state.length) return 'fetch'
      const { dtype, shape } = program.outputs[i] as Tensor
      if (inPlace[i]) return state[i] as Resident
      const other = spare[i]
      if (other?.dtype === dtype && other.shape.join() === shape.join()) return other
      other?.dispose()
      return 'keep'
    })
    const values: Value[] = [...state]
    for (const [k, value] of (await program.session.run(arrays, destinations)).entries()) values[computed[k] as number] = value
    spare = state.map((old, i) => (values[i] === old ? spare[i] : old))
    const [next, result] = program.rebuild(values) as [unknown, Concrete<Result>]
    current = next
    return result
  }

  return {
    run: (...args) => inTurn(() => run(args)),
    read: () =>
      inTurn(async () => {
        const { leaves, rebuild } = flatten<Value>(current, isValue)
        return rebuild(await Promise.all(leaves.map((value) => (isNDArray(value) ? value : value.read())))) as Concrete<State>
      }),
    write: (state) =>
      inTurn(async () => {
        drop()
        current = state
      }),
    get signatures() {
      return cache.size
    },
    dispose: () =>
      inTurn(async () => {
        drop()
        await cache.dispose()
      }),
  }
}

import { isNDArray, type NDArray } from './ndarray.js'
import { inPlacePairs } from './passes/in-place.js'
import { callShape, type DynamicSizes, type Program, traceProgram } from './program.js'
import type { Destination, Resident, Runtime, Session, SessionOptions, Value } from './runtime/runtime.js'
import { sharedRuntime } from './runtime/shared.js'
import type { Tensor } from './tensor.js'
import { flatten, type Static } from './tree.js'

/** A tree of tensors as it looks from outside the program: arrays at the leaves. */
export type Concrete<T> = T extends Tensor ? NDArray : T extends Static ? T : { [K in keyof T]: Concrete<T[K]> }

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

  get(args: readonly unknown[]): { arrays: readonly NDArray[]; program: Promise<Loaded>; signature: string } {
    const call = callShape(args, this.options.dynamic)
    const known = this.#loaded.get(call.signature)
    if (known) return { arrays: call.arrays, program: known, signature: call.signature }
    const program = this.#load(call)
    this.#loaded.set(call.signature, program)
    program.catch(() => this.#loaded.delete(call.signature)) // a failed load must not poison the next call
    return { arrays: call.arrays, program, signature: call.signature }
  }

  async #load(call: ReturnType<typeof callShape>): Promise<Loaded> {
    const runtime = await this.runtime()
    const program = traceProgram(this.fn, call, { device: runtime.device, fuse: this.options.fuse ?? true })
    return { ...program, session: await runtime.load(program.model, this.options) }
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
  let shape: unknown = initial
  let current: Promise<Resident[]> | undefined
  let spare: (Resident | undefined)[] = []
  let queue: Promise<unknown> = Promise.resolve()

  const upload = async (state: unknown): Promise<Resident[]> => {
    const runtime = await cache.runtime()
    return Promise.all(flatten<NDArray>(state, isNDArray).leaves.map((array) => runtime.upload(array)))
  }
  const drop = async (): Promise<void> => {
    for (const resident of [...((await current) ?? []), ...spare]) resident?.dispose()
    current = undefined
    spare = []
  }
  /** Runs take turns, because each needs the state that the last one left. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const turn = queue.then(task, task)
    queue = turn.catch(() => undefined)
    return turn
  }

  const run = async (args: ConcreteArgs<Args>): Promise<Concrete<Result>> => {
    const { arrays, program: loading } = cache.get([shape, ...args])
    const program = await loading
    current ??= upload(shape)
    const state = await current
    const count = state.length
    const inPlace = overwritten.get(program) ?? inPlacePairs(program.inputs, program.outputs, count)
    overwritten.set(program, inPlace)
    const destinations = program.outputs.map((_, i): Destination => {
      if (i >= count) return 'fetch'
      return inPlace[i] ? (state[i] as Resident) : (spare[i] ?? 'keep')
    })
    const values = await program.session.run([...state, ...arrays.slice(count)], destinations)
    const next = values.slice(0, count) as Resident[]
    spare = state.map((old, i) => (next[i] === old ? undefined : old))
    current = Promise.resolve(next)
    const [, result] = program.rebuild([...next, ...values.slice(count)] as Value[]) as [unknown, Concrete<Result>]
    return result
  }

  return {
    run: (...args) => inTurn(() => run(args)),
    read: () =>
      inTurn(async () => {
        const residents = await (current ?? upload(shape))
        current = Promise.resolve(residents)
        return flatten<NDArray>(shape, isNDArray).rebuild(
          await Promise.all(residents.map((resident) => resident.read())),
        ) as Concrete<State>
      }),
    write: (state) =>
      inTurn(async () => {
        await drop()
        shape = state
      }),
    get signatures() {
      return cache.size
    },
    dispose: () =>
      inTurn(async () => {
        await drop()
        await cache.dispose()
      }),
  }
}

import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web'
import { isNDArray, type NDArray, zeros } from '../ndarray.js'
import { endOutput, endsThere, isEnd, withEndOutput } from './end-output.js'
import { engineError } from './engine-error.js'
import { Ferry, livesOnDevice } from './ferry.js'
import { Held, held, toArray } from './held.js'
import {
  type Destination,
  type Device,
  type Loadable,
  type Runtime,
  RuntimeError,
  type Session,
  type SessionOptions,
  type Value,
} from './runtime.js'

/** What the Node and the browser builds of ONNX Runtime have in common. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>
  }
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor
}

export interface EngineOptions {
  readonly name: string
  readonly device: Device
  readonly session: InferenceSession.SessionOptions
  /** Where kept outputs live, and whether a run can write over an array: only where the engine shares this process' memory. */
  readonly memory: 'shared' | 'copied' | 'device'
  /** The engine cannot start a call before the last one has ended. */
  readonly oneAtATime?: boolean
  /** The engine copies what it hands out, unless it ends at an output that it cannot hand out. */
  readonly handsOutCopies?: boolean
  /** How bytes outside the model reach the engine on this platform. */
  readonly external: (model: Loadable, label: string) => InferenceSession.SessionOptions
}

/** A runtime over one build of ONNX Runtime. */
export function engine(
  ort: OrtModule,
  { name, device, session: base, memory, oneAtATime = false, handsOutCopies = false, external }: EngineOptions,
): Runtime {
  const sessions = new Set<Session>()
  const inTurn = oneAtATime ? turnsOf(ort) : atOnce
  const create = (bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> =>
    inTurn(() => ort.InferenceSession.create(bytes, merged(base, options)))
  const ferry = new Ferry(device, create, (session, feeds) => inTurn(() => session.run(feeds)))
  const hold = (tensor: OrtTensor, dtype: Held['dtype']): Held => new Held(tensor, dtype, (from) => ferry.toHost(from, dtype))

  return {
    name,
    device,
    async load(model, options = {}) {
      const { label = 'a program' } = options
      const locations = memory === 'device' ? outputLocations(model, options) : {}
      const ends = handsOutCopies && (await endsThere(ort))
      const bytes = ends ? withEndOutput(model.bytes) : model.bytes
      const inner = await create(bytes, merged(external(model, label), { ...optimisation(options), ...locations })).catch((cause) => {
        throw engineError(label, `${name} does not load it`, cause)
      })
      const session = new EngineSession({
        model,
        label,
        shared: memory === 'shared',
        ends,
        empty: (dtype, shape) => toOrt(ort, zeros(shape, dtype), label),
        feed: (value) => (isNDArray(value) ? toOrt(ort, value, label) : held(value, label).tensor),
        hold,
        call: (feeds, fetches) => inTurn(() => inner.run(feeds, fetches)),
        release: async () => {
          sessions.delete(session)
          await inTurn(() => inner.release())
        },
      })
      sessions.add(session)
      return session
    },
    async upload(array) {
      const running = `the upload of ${array}`
      const tensor = toOrt(ort, array.copy(), running) // runs write into it
      if (memory !== 'device') return hold(tensor, array.dtype)
      const moved = await ferry.toDevice(tensor, array.dtype).catch((cause) => {
        throw engineError(running, `${name} does not take it`, cause)
      })
      return hold(moved, array.dtype)
    },
    async dispose() {
      await Promise.all([...sessions].map((session) => session.dispose()))
      await ferry.dispose()
    },
  }
}

type Schedule = <T>(task: () => Promise<T>) => Promise<T>

const atOnce: Schedule = (task) => task()
const schedules = new WeakMap<OrtModule, Schedule>()

/** Runs the tasks of all runtimes over one engine one after another. */
function turnsOf(ort: OrtModule): Schedule {
  let last: Promise<unknown> = Promise.resolve()
  const fresh: Schedule = (task) => {
    const turn = last.then(task, task)
    last = turn.catch(() => undefined)
    return turn
  }
  const schedule = schedules.get(ort) ?? fresh
  schedules.set(ort, schedule)
  return schedule
}

/** Session options laid over others, with their `extra` entries joined. */
function merged(base: InferenceSession.SessionOptions, over: InferenceSession.SessionOptions): InferenceSession.SessionOptions {
  const session = { ...(base.extra?.session as object | undefined), ...(over.extra?.session as object | undefined) }
  return { ...base, ...over, ...(Object.keys(session).length > 0 && { extra: { session } }) }
}

const optimisation = ({ optimise = 'basic', planMemory = true }: SessionOptions): InferenceSession.SessionOptions => ({
  graphOptimizationLevel: optimise === 'none' ? 'disabled' : optimise,
  ...(!planMemory && { enableMemPattern: false }),
})

/** Leaves the first outputs on the device. */
function outputLocations({ outputs }: Loadable, { resident = 0 }: SessionOptions): InferenceSession.SessionOptions {
  const stays = (i: number, { dtype }: Loadable['outputs'][number]) => i < resident && livesOnDevice(dtype)
  return {
    preferredOutputLocation: Object.fromEntries(outputs.map((port, i) => [port.name, stays(i, port) ? 'gpu-buffer' : 'cpu'])),
  }
}

function toOrt(ort: OrtModule, array: NDArray, running: string): OrtTensor {
  if (array.dtype !== 'bfloat16') return new ort.Tensor(array.dtype, array.data, array.shape)
  throw new RuntimeError(running, 'engines read bfloat16 from files only', "Cast the array first: array.cast('float32')")
}

type Tensors = Record<string, OrtTensor>
type Fetches = Record<string, OrtTensor | null>

interface SessionParts {
  readonly model: Loadable
  readonly label: string
  /** Outputs can be written over arrays in this process. */
  readonly shared: boolean
  /** Runs end before they hand anything out. */
  readonly ends: boolean
  readonly empty: (dtype: Held['dtype'], shape: readonly number[]) => OrtTensor
  readonly feed: (value: Value) => OrtTensor
  readonly hold: (tensor: OrtTensor, dtype: Held['dtype']) => Held
  readonly call: (feeds: Tensors, fetches: Fetches) => Promise<Tensors>
  readonly release: () => Promise<void>
}

/** For so many sets of shapes a session remembers what comes of them. */
const keptShapes = 16

class EngineSession implements Session {
  #open = true
  /** The outputs' shapes by those of the inputs. */
  readonly #shapes = new Map<string, readonly (readonly number[])[]>()
  constructor(readonly parts: SessionParts) {}

  async run(inputs: readonly Value[], destinations: readonly Destination[]): Promise<readonly Value[]> {
    const { model, label, feed, call, ends } = this.parts
    if (!this.#open) throw new RuntimeError(label, 'its session was disposed', 'Compile it again')
    const feeds: Tensors = {}
    model.inputs.forEach(({ name }, i) => {
      feeds[name] = feed(inputs[i] as Value)
    })
    const fetches = this.#fetches(inputs, destinations)
    const results = await (ends ? this.#runInPlace(feeds, fetches) : call(feeds, fetches)).catch((cause) => {
      throw engineError(label, undefined, cause)
    })
    return model.outputs.map(({ name }, i) => this.#place(results[name] as OrtTensor, i, destinations[i] as Destination))
  }

  /** Into arrays that are made here, as soon as a first run has told how large they are. */
  async #runInPlace(feeds: Tensors, fetches: Fetches): Promise<Readonly<Record<string, OrtTensor>>> {
    const { model, call, empty } = this.parts
    const given = Object.values(feeds)
      .map(({ dims }) => dims.join())
      .join(' ')
    const shapes = this.#shapes.get(given)
    if (!shapes) {
      const results = await call(feeds, fetches)
      const [oldest] = this.#shapes.keys()
      if (this.#shapes.size === keptShapes) this.#shapes.delete(oldest as string)
      this.#shapes.set(
        given,
        model.outputs.map(({ name }) => (results[name] as OrtTensor).dims),
      )
      return results
    }
    const results: Record<string, OrtTensor> = {}
    for (const [i, { name, dtype }] of model.outputs.entries())
      results[name] = fetches[name] ?? empty(dtype, shapes[i] as readonly number[])
    await call(feeds, { [endOutput]: null, ...results }).catch((error) => {
      if (!isEnd(error)) throw error
    })
    return results
  }

  /** The arrays that the engine writes to. Where it cannot, receivers nobody reads give their memory back before the run. */
  #fetches(inputs: readonly Value[], destinations: readonly Destination[]): Fetches {
    const { model, label, shared } = this.parts
    const read = shared ? undefined : new Set(inputs)
    const fetches: Fetches = {}
    model.outputs.forEach(({ name }, i) => {
      const destination = destinations[i] as Destination
      const receiver = typeof destination === 'string' ? undefined : held(destination, label)
      fetches[name] = shared && receiver ? receiver.tensor : null
      if (receiver && read && !read.has(receiver)) receiver.dispose()
    })
    return fetches
  }

  #place(tensor: OrtTensor, output: number, destination: Destination): Value {
    const { model, label, shared, hold } = this.parts
    const { dtype } = model.outputs[output] as Loadable['outputs'][number]
    if (destination === 'fetch') return toArray(tensor.data, dtype, tensor.dims)
    if (destination === 'keep') return hold(tensor, dtype)
    if (!shared) held(destination, label).receive(tensor)
    return destination
  }

  async dispose(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.parts.release()
  }
}

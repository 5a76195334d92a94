import type { InferenceSession, Tensor as OrtTensor, TypedTensor } from 'onnxruntime-common'
import { type DType, dtypes } from '../dtype.js'
import { elementCount, NDArray } from '../ndarray.js'
import type { EmittedModel } from '../onnx/emitter.js'
import {
  type Destination,
  type Device,
  type Resident,
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
  /** Leave kept outputs on the device (browser WebGPU); elsewhere they are arrays in this process. */
  readonly keepOnDevice?: boolean
  /** How regions of files reach the engine on this platform. */
  readonly external: (model: EmittedModel, base: InferenceSession.SessionOptions) => InferenceSession.SessionOptions
}

/** A runtime over one build of ONNX Runtime. */
export function engine(ort: OrtModule, { name, device, session: base, keepOnDevice = false, external }: EngineOptions): Runtime {
  const sessions = new Set<Session>()
  return {
    name,
    device,
    async load(model, options = {}) {
      const { label = 'a program', optimise } = options
      let inner: InferenceSession
      try {
        inner = await ort.InferenceSession.create(model.bytes, { ...base, ...external(model, base), ...sessionLevel(base, optimise) })
      } catch (cause) {
        throw new RuntimeError(label, `${name} does not load it: ${messageOf(cause)}`, undefined, { cause })
      }
      const session = ortSession(ort, inner, model, label, keepOnDevice, () => sessions.delete(session))
      sessions.add(session)
      return session
    },
    upload: async (array) => new HostArray(ort, array.copy()), // runs write into it
    async dispose() {
      await Promise.all([...sessions].map((session) => session.dispose()))
    },
  }
}

const sessionLevel = (base: InferenceSession.SessionOptions, optimise: SessionOptions['optimise']): InferenceSession.SessionOptions =>
  optimise
    ? { graphOptimizationLevel: optimise === 'none' ? 'disabled' : optimise }
    : base.graphOptimizationLevel
      ? {}
      : { graphOptimizationLevel: 'basic' }

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : `it threw ${String(cause)}`)

/** An array held as an engine's tensor in this process: handed over without a copy, written in place by later runs. */
class HostArray implements Resident {
  readonly dtype: DType
  readonly shape: readonly number[]
  tensor: OrtTensor | undefined
  constructor(ort: OrtModule, array: NDArray) {
    this.dtype = array.dtype
    this.shape = array.shape
    this.tensor = toOrt(ort, array)
  }
  async read(): Promise<NDArray> {
    return fromOrt(held(this), this.dtype).copy()
  }
  dispose(): void {
    this.tensor = undefined
  }
}

/** An array that stays on the GPU until it is read. */
class DeviceArray implements Resident {
  readonly shape: readonly number[]
  constructor(
    public tensor: OrtTensor | undefined,
    readonly dtype: DType,
  ) {
    this.shape = (tensor as OrtTensor).dims
  }
  async read(): Promise<NDArray> {
    const tensor = held(this)
    return toArray(await tensor.getData(), this.dtype, this.shape)
  }
  dispose(): void {
    this.tensor?.dispose()
    this.tensor = undefined
  }
}

type Held = HostArray | DeviceArray

function held(resident: Held): OrtTensor {
  if (!resident.tensor) throw new RuntimeError('a program', 'an array that it needs was disposed', 'Read it before you dispose it')
  return resident.tensor
}

function toOrt(ort: OrtModule, array: NDArray): OrtTensor {
  return new ort.Tensor(array.dtype, array.data, array.shape)
}

const fromOrt = (tensor: OrtTensor, dtype: DType): NDArray => toArray(tensor.data, dtype, tensor.dims)

/** Newer engines hand half precision out as Float16Array; genera keeps its bits. */
function toArray(data: OrtTensor['data'], dtype: DType, shape: readonly number[]): NDArray {
  const view = data as Uint8Array
  const { array } = dtypes[dtype]
  return new NDArray(
    dtype,
    [...shape],
    (view instanceof array ? view : new array(view.buffer as ArrayBuffer, view.byteOffset, elementCount(shape))) as NDArray['data'],
  )
}

function ortSession(
  ort: OrtModule,
  inner: InferenceSession,
  model: EmittedModel,
  label: string,
  keepOnDevice: boolean,
  onDispose: () => void,
): Session {
  let open = true
  return {
    async run(inputs, destinations) {
      if (!open) throw new RuntimeError(label, 'its session was disposed', 'Compile it again')
      const feeds: Record<string, OrtTensor> = {}
      for (const [i, { name }] of model.inputs.entries()) feeds[name] = toFeed(ort, inputs[i] as Value)
      const fetches: Record<string, OrtTensor | null> = {}
      for (const [i, { name }] of model.outputs.entries()) fetches[name] = target(destinations[i] as Destination)
      let results: InferenceSession.OnnxValueMapType
      try {
        results = await inner.run(feeds, fetches as InferenceSession.FetchesType)
      } catch (cause) {
        throw new RuntimeError(label, messageOf(cause), undefined, { cause })
      }
      return Promise.all(
        model.outputs.map(({ name, dtype }, i) =>
          place(ort, results[name] as TypedTensor<'float32'>, dtype, destinations[i] as Destination, keepOnDevice),
        ),
      )
    },
    async dispose() {
      if (!open) return
      open = false
      onDispose()
      await inner.release()
    },
  }
}

const toFeed = (ort: OrtModule, value: Value): OrtTensor => (value instanceof NDArray ? toOrt(ort, value) : held(value as Held))

const target = (destination: Destination): OrtTensor | null => (destination instanceof HostArray ? held(destination) : null)

async function place(ort: OrtModule, tensor: OrtTensor, dtype: DType, destination: Destination, keepOnDevice: boolean): Promise<Value> {
  if (destination === 'fetch') {
    const array = toArray(await tensor.getData(), dtype, tensor.dims)
    tensor.dispose()
    return array
  }
  if (destination instanceof HostArray) return destination
  const kept = keepOnDevice ? new DeviceArray(tensor, dtype) : new HostArray(ort, fromOrt(tensor, dtype))
  if (destination === 'keep') return kept
  // A resident on the device receives a new buffer: the engine cannot write into an old one.
  const receiver = destination as DeviceArray
  receiver.dispose()
  receiver.tensor = (kept as DeviceArray).tensor
  return receiver
}

import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web'
import { named } from '../dimension.js'
import type { DType } from '../dtype.js'
import { emitModel } from '../onnx/emitter.js'
import { placeholder } from '../ops/constant.js'
import type { Device } from './runtime.js'

/** Element types that engines can hold in a GPU's memory; others stay in this process. */
const deviceTypes: ReadonlySet<DType> = new Set(['float32', 'float16', 'int32', 'int64', 'uint8', 'bool'])

export const livesOnDevice = (dtype: DType): boolean => deviceTypes.has(dtype)

type CreateSession = (model: Uint8Array, options: InferenceSession.SessionOptions) => Promise<InferenceSession>

/**
 * Carries arrays between this process and a device. A program of one node does it, because in Node the engine has no other
 * way to read an array that it keeps on a device; there is one program per element type, rank and direction.
 */
export class Ferry {
  readonly #sessions = new Map<string, Promise<InferenceSession>>()
  constructor(
    readonly device: Device,
    readonly create: CreateSession,
    readonly run: (session: InferenceSession, feeds: Record<string, OrtTensor>) => Promise<InferenceSession.OnnxValueMapType>,
  ) {}

  async toDevice(tensor: OrtTensor, dtype: DType): Promise<OrtTensor> {
    return livesOnDevice(dtype) && tensor.size > 0 ? this.#carry(tensor, dtype, 'gpu-buffer') : tensor
  }

  async toHost(tensor: OrtTensor, dtype: DType): Promise<OrtTensor['data']> {
    return (await this.#carry(tensor, dtype, 'cpu')).data
  }

  async #carry(tensor: OrtTensor, dtype: DType, to: 'cpu' | 'gpu-buffer'): Promise<OrtTensor> {
    const rank = tensor.dims.length
    const key = `${dtype} ${rank} ${to}`
    const loading = this.#sessions.get(key) ?? this.create(this.#program(dtype, rank), { preferredOutputLocation: to })
    this.#sessions.set(key, loading)
    const { out0 } = await this.run(await loading, { in0: tensor })
    return out0 as OrtTensor
  }

  #program(dtype: DType, rank: number): Uint8Array {
    const x = placeholder(
      Array.from({ length: rank }, (_, i) => named(`axis${i}`)),
      dtype,
    )
    return emitModel([x], [x], { device: this.device, fuse: false }).bytes
  }

  async dispose(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values())
    this.#sessions.clear()
    for (const session of sessions) if (session.status === 'fulfilled') await session.value.release()
  }
}

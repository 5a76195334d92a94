import type { Tensor as OrtTensor } from 'onnxruntime-web'
import { type DType, dtypes } from '../dtype.js'
import { elementCount, NDArray } from '../ndarray.js'
import { type Resident, RuntimeError, type Value } from './runtime.js'

/** Makes an engine's tensor over the same memory. */
export type MakeTensor = (array: NDArray) => OrtTensor

/** Copies a tensor from a device into this process. */
export type Download = (tensor: OrtTensor, dtype: DType) => Promise<OrtTensor['data']>

/** An array in the engine's own form, in this process or on a device. Runs write into it, or give it the memory that they wrote. */
export class Held implements Resident {
  readonly shape: readonly number[]
  #tensor: OrtTensor | undefined
  readonly #download: Download

  constructor(
    tensor: OrtTensor,
    readonly dtype: DType,
    download: Download,
  ) {
    this.shape = tensor.dims
    this.#tensor = tensor
    this.#download = download
  }

  get tensor(): OrtTensor {
    if (!this.#tensor) throw new RuntimeError('a program', 'an array that it needs was disposed', 'Read it before you dispose it')
    return this.#tensor
  }

  /** Takes over what a run has written; what was here before is given back. */
  receive(tensor: OrtTensor): void {
    if (tensor !== this.#tensor) this.dispose()
    this.#tensor = tensor
  }

  async read(): Promise<NDArray> {
    const { tensor } = this
    if (tensor.location === 'cpu') return toArray(tensor.data, this.dtype, this.shape).copy() // the next run may write here
    return toArray(await this.#download(tensor, this.dtype), this.dtype, this.shape)
  }

  dispose(): void {
    if (this.#tensor && this.#tensor.location !== 'cpu') this.#tensor.dispose()
    this.#tensor = undefined
  }
}

/** The resident behind a value that this kind of runtime has handed out. */
export function held(value: Value, running: string): Held {
  if (value instanceof Held) return value
  throw new RuntimeError(running, `it was given an array of another runtime, ${value.dtype}[${value.shape.join(', ')}]`, 'read() it first')
}

/** An array over an engine's elements. Newer engines hand half precision out as Float16Array; genera keeps its bits. */
export function toArray(data: OrtTensor['data'], dtype: DType, shape: readonly number[]): NDArray {
  const view = data as Uint8Array
  const { array } = dtypes[dtype]
  const elements = view instanceof array ? view : new array(view.buffer as ArrayBuffer, view.byteOffset, elementCount(shape))
  return new NDArray(dtype, shape, elements as NDArray['data'])
}

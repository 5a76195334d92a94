import { files } from '#files'
import { toHalfBits } from '../../graph/dtype.js'
import type { NDArray } from '../../graph/ndarray.js'
import { CheckpointError } from '../checkpoint-error.js'
import { type GgufType, ggufTypes } from './gguf-types.js'

/** What `writeGguf` stores matrices as. */
export type WritableGgufType = 'F32' | 'F16' | 'Q8_0' | 'Q4_0'

/** Metadata to be written. Whole numbers become u32 or u64 unless their kind is given, others f32; lists of text are lists of text. */
export type GgufEntry =
  | string
  | boolean
  | number
  | readonly string[]
  | { readonly f32: number | readonly number[] }
  | { readonly i32: number | readonly number[] }

/** A tensor to be written; its elements are asked for when it is its turn. */
export interface GgufOutgoing {
  readonly name: string
  readonly type: WritableGgufType
  readonly shape: readonly number[]
  read(): NDArray | Promise<NDArray>
}

const alignment = 32
const version = 3

/** In bytes, as the file has them. */
function lengthOf({ name, type, shape }: GgufOutgoing, file: string): number {
  const { block, bytes } = ggufTypes[type]
  const elements = shape.reduce((product, size) => product * size, 1)
  if (shape.length >= 1 && shape.length <= 4 && (shape.at(-1) as number) % block === 0 && elements > 0) return (elements / block) * bytes
  const expected = `1 to 4 axes, the last in whole blocks of ${block} for ${type}`
  throw new CheckpointError({ code: 'MisalignedSlice', action: 'write', file, tensor: name, expected, found: `[${shape.join(', ')}]` })
}

/**
 * Writes a GGUF file whole or not at all. One tensor at a time is in memory; blocks are rounded as ggml's reference rounds them.
 *
 * @throws CheckpointError for what GGUF cannot hold, or if the disk is full or refuses
 */
export async function writeGguf(
  path: string,
  tensors: readonly GgufOutgoing[],
  metadata: Readonly<Record<string, GgufEntry>> | ReadonlyMap<string, GgufEntry>,
): Promise<void> {
  const entries = [...(metadata instanceof Map ? (metadata as ReadonlyMap<string, GgufEntry>) : Object.entries(metadata))]
  const out = new Writer()
  out.bytes(new TextEncoder().encode('GGUF'))
  out.u32(version)
  out.u64(tensors.length)
  out.u64(entries.length)
  for (const [key, value] of entries) {
    out.text(key)
    out.entry(value)
  }
  let offset = 0
  const lengths = tensors.map((tensor) => lengthOf(tensor, path))
  for (const [i, { name, type, shape }] of tensors.entries()) {
    out.text(name)
    out.u32(shape.length)
    for (const size of shape.toReversed()) out.u64(size)
    out.u32(ggufTypes[type].id)
    out.u64(offset)
    offset += padded(lengths[i] as number)
  }
  const header = out.joined()
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield withPadding(header)
    for (const tensor of tensors) {
      const values = await tensor.read()
      if (values.shape.join() !== tensor.shape.join())
        throw new CheckpointError({
          code: 'TensorInvalidInfo',
          action: 'write',
          file: path,
          tensor: tensor.name,
          expected: `[${tensor.shape.join(', ')}]`,
          found: `[${values.shape.join(', ')}]`,
        })
      yield withPadding(encodeGguf(tensor.type, values))
    }
  }
  await files.write([{ location: path, chunks: chunks() }])
}

const padded = (length: number): number => Math.ceil(length / alignment) * alignment

function withPadding(bytes: Uint8Array): Uint8Array {
  if (bytes.length % alignment === 0) return bytes
  const out = new Uint8Array(padded(bytes.length))
  out.set(bytes)
  return out
}

/** The bytes of a tensor as a type stores them. */
export function encodeGguf(type: WritableGgufType, values: NDArray): Uint8Array {
  if (type === 'F32') return values.cast('float32').bytes
  if (type === 'F16') return values.cast('float16').bytes
  const numbers = values.cast('float32').data
  const { block, bytes: size } = ggufTypes[type satisfies GgufType]
  const out = new Uint8Array((numbers.length / block) * size)
  const encode = type === 'Q8_0' ? encodeQ8 : encodeQ4
  for (let at = 0, from = 0; at < out.length; at += size, from += block) encode(numbers, from, out, at)
  return out
}

function putHalf(out: Uint8Array, at: number, value: number): void {
  const bits = toHalfBits(value)
  out[at] = bits & 255
  out[at + 1] = bits >> 8
}

/** 1/scale in float32, as the reference has it, and 0 for a block of zeros. */
const inverse = (scale: number): number => (scale === 0 ? 0 : Math.fround(1 / scale))

function encodeQ8(values: Float32Array, from: number, out: Uint8Array, at: number): void {
  let most = 0
  for (let i = 0; i < 32; i++) most = Math.max(most, Math.abs(values[from + i] as number))
  const scale = Math.fround(most / 127)
  const factor = inverse(scale)
  putHalf(out, at, scale)
  for (let i = 0; i < 32; i++) {
    const steps = Math.fround((values[from + i] as number) * factor)
    // Halves go away from zero, as C rounds.
    out[at + 2 + i] = Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5)
  }
}

/** The number of the largest magnitude becomes −8 steps, whatever its sign. */
function encodeQ4(values: Float32Array, from: number, out: Uint8Array, at: number): void {
  let most = 0
  for (let i = 0; i < 32; i++) {
    const value = values[from + i] as number
    if (Math.abs(value) > Math.abs(most)) most = value
  }
  const scale = Math.fround(most / -8)
  const factor = inverse(scale)
  putHalf(out, at, scale)
  const steps = (i: number): number => Math.min(Math.max(Math.trunc((values[from + i] as number) * factor + 8.5), 0), 15)
  for (let i = 0; i < 16; i++) out[at + 2 + i] = steps(i) | (steps(16 + i) << 4)
}

/** The numbers of kinds of metadata. */
const kinds = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10, i64: 11 } as const

/** Puts numbers and text behind one another. */
class Writer {
  readonly #parts: Uint8Array[] = []

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes)
  }

  u32(value: number): void {
    this.#number(4, (view) => view.setUint32(0, value, true))
  }

  u64(value: number): void {
    this.#number(8, (view) => view.setBigUint64(0, BigInt(value), true))
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.u64(bytes.length)
    this.bytes(bytes)
  }

  entry(value: GgufEntry): void {
    if (typeof value === 'string') {
      this.u32(kinds.string)
      this.text(value)
    } else if (typeof value === 'boolean') {
      this.u32(kinds.bool)
      this.bytes(Uint8Array.of(value ? 1 : 0))
    } else if (typeof value === 'number') this.#plainNumber(value)
    else if ('f32' in value) this.#numbers('f32', value.f32)
    else if ('i32' in value) this.#numbers('i32', value.i32)
    else {
      this.u32(kinds.array)
      this.u32(kinds.string)
      this.u64(value.length)
      for (const text of value) this.text(text)
    }
  }

  joined(): Uint8Array {
    const out = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of this.#parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  #plainNumber(value: number): void {
    if (!Number.isSafeInteger(value)) this.#numbers('f32', value)
    else if (value < 0) {
      this.u32(kinds.i64)
      this.#number(8, (view) => view.setBigInt64(0, BigInt(value), true))
    } else if (value < 2 ** 32) {
      this.u32(kinds.u32)
      this.u32(value)
    } else {
      this.u32(kinds.u64)
      this.u64(value)
    }
  }

  #numbers(kind: 'f32' | 'i32', value: number | readonly number[]): void {
    const one = typeof value === 'number'
    if (!one) this.u32(kinds.array)
    this.u32(kinds[kind])
    if (!one) this.u64(value.length)
    const numbers = one ? [value] : value
    const array = kind === 'f32' ? Float32Array.from(numbers) : Int32Array.from(numbers)
    this.bytes(new Uint8Array(array.buffer))
  }

  #number(size: number, put: (view: DataView) => void): void {
    const bytes = new Uint8Array(size)
    put(new DataView(bytes.buffer))
    this.bytes(bytes)
  }
}

/** Element types of tensors. Boolean arrays hold one byte per element; `bfloat16` is for storage only and is cast before arithmetic. */
export type DType = 'float32' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'

/** The typed array that holds each element type. Half precision travels as raw bits: Node 20 has no Float16Array. */
export interface DataOf {
  float32: Float32Array
  float16: Uint16Array
  bfloat16: Uint16Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array
  int8: Int8Array
  bool: Uint8Array
}

interface DTypeFacts {
  readonly bytes: number
  readonly array: new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => DataOf[DType]
  readonly kind: 'float' | 'integer' | 'bool'
}

export const dtypes = {
  float32: { bytes: 4, array: Float32Array, kind: 'float' },
  float16: { bytes: 2, array: Uint16Array, kind: 'float' },
  bfloat16: { bytes: 2, array: Uint16Array, kind: 'float' },
  int32: { bytes: 4, array: Int32Array, kind: 'integer' },
  int64: { bytes: 8, array: BigInt64Array, kind: 'integer' },
  uint8: { bytes: 1, array: Uint8Array, kind: 'integer' },
  int8: { bytes: 1, array: Int8Array, kind: 'integer' },
  bool: { bytes: 1, array: Uint8Array, kind: 'bool' },
} as const satisfies Record<DType, DTypeFacts>

export const isFloat = (dtype: DType): boolean => dtypes[dtype].kind === 'float'

/** A zero-filled typed array for `length` elements. */
export function allocate<D extends DType>(dtype: D, length: number): DataOf[D] {
  const { array, bytes } = dtypes[dtype]
  return new array(new ArrayBuffer(length * bytes)) as DataOf[D]
}

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** The 16 bits of the half-precision number nearest to `value` (ties to even, as IEEE 754 asks). */
export function toHalfBits(value: number): number {
  float[0] = value
  const bits = word[0] as number
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
  // Subnormal halves are multiples of 2^-24: adding 0.5 lets float32's own rounding place the bits.
  word[0] = magnitude
  float[0] = (float[0] as number) + 0.5
  return sign | ((word[0] as number) - 0x3f000000)
}

export function fromHalfBits(bits: number): number {
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
}

/** The 16 bits of the bfloat16 number nearest to `value` (ties to even). */
export function toBrainBits(value: number): number {
  float[0] = value
  const bits = word[0] as number
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

export function fromBrainBits(bits: number): number {
  word[0] = bits << 16
  return float[0] as number
}

import { type DataOf, type DType, dtypes } from '../graph/dtype.js'
import { NDArray } from '../graph/ndarray.js'

interface StorageFacts {
  readonly bits: number
  /** The element type that it is read as; absent where genera has none. */
  readonly dtype?: DType
  /** Present where the bytes in the file are not yet the bytes of `dtype`. */
  readonly convert?: (buffer: ArrayBuffer) => DataOf[DType]
}

/** The element types of safetensors, in the order in which the reference implementation lays tensors out, last one first. */
export const storageDTypes = {
  BOOL: { bits: 8, dtype: 'bool', convert: (buffer) => new Uint8Array(buffer).map((byte) => (byte ? 1 : 0)) },
  F4: { bits: 4 },
  F6_E2M3: { bits: 6 },
  F6_E3M2: { bits: 6 },
  U8: { bits: 8, dtype: 'uint8' },
  I8: { bits: 8, dtype: 'int8' },
  F8_E5M2: { bits: 8 },
  F8_E4M3: { bits: 8 },
  F8_E8M0: { bits: 8 },
  F8_E4M3FNUZ: { bits: 8 },
  F8_E5M2FNUZ: { bits: 8 },
  I16: { bits: 16, dtype: 'int32', convert: (buffer) => new Int32Array(new Int16Array(buffer)) },
  U16: { bits: 16, dtype: 'int32', convert: (buffer) => new Int32Array(new Uint16Array(buffer)) },
  F16: { bits: 16, dtype: 'float16' },
  BF16: { bits: 16, dtype: 'bfloat16' },
  I32: { bits: 32, dtype: 'int32' },
  U32: { bits: 32, dtype: 'int64', convert: (buffer) => BigInt64Array.from(new Uint32Array(buffer), BigInt) },
  F32: { bits: 32, dtype: 'float32' },
  C64: { bits: 64 },
  F64: { bits: 64, dtype: 'float32', convert: (buffer) => new Float32Array(new Float64Array(buffer)) },
  I64: { bits: 64, dtype: 'int64' },
  U64: { bits: 64 },
} as const satisfies Record<string, StorageFacts>

/** An element type as a safetensors file spells it. */
export type StorageDType = keyof typeof storageDTypes

export const storageFacts = (storage: StorageDType): StorageFacts => storageDTypes[storage]

export const isStorageDType = (name: string): name is StorageDType => Object.hasOwn(storageDTypes, name)

/** How each of genera's element types is written. */
export const storageOf = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
} as const satisfies Record<DType, StorageDType>

const names = Object.keys(storageDTypes)

/** Orders element types as the reference writes them: the largest first, so that every tensor starts at a multiple of its size. */
export const compareStorage = (a: StorageDType, b: StorageDType): number => names.indexOf(b) - names.indexOf(a)

/** The storage types that `read` understands, for hints. */
export const readableStorage = (): string => names.filter((name) => isStorageDType(name) && storageFacts(name).dtype).join(', ')

/** The array that a tensor's bytes stand for, as the type that `storage` is read as; takes over `buffer`. */
export function decodeTensor(dtype: DType, storage: StorageDType, shape: readonly number[], buffer: ArrayBuffer): NDArray {
  const { convert } = storageFacts(storage)
  return new NDArray(dtype, shape, convert ? convert(buffer) : new dtypes[dtype].array(buffer))
}

import type { DType } from '../../graph/dtype.js'

interface GgufTypeFacts {
  /** As the file numbers it. */
  readonly id: number
  /** How many neighbours in a row are stored together. */
  readonly block: number
  /** In bytes, of a block. */
  readonly bytes: number
  /** The element type that it is read as; absent for what is only measured, so that the rest of its file can be read. */
  readonly dtype?: DType
}

/** Element types of GGUF files. The blocks are those of ggml, `Q4_0` with 4 bits and a scale, `Q4_K` with scales of scales. */
export const ggufTypes = {
  F32: { id: 0, block: 1, bytes: 4, dtype: 'float32' },
  F16: { id: 1, block: 1, bytes: 2, dtype: 'float16' },
  Q4_0: { id: 2, block: 32, bytes: 18, dtype: 'float32' },
  Q4_1: { id: 3, block: 32, bytes: 20, dtype: 'float32' },
  Q5_0: { id: 6, block: 32, bytes: 22, dtype: 'float32' },
  Q5_1: { id: 7, block: 32, bytes: 24 },
  Q8_0: { id: 8, block: 32, bytes: 34, dtype: 'float32' },
  Q2_K: { id: 10, block: 256, bytes: 84 },
  Q3_K: { id: 11, block: 256, bytes: 110 },
  Q4_K: { id: 12, block: 256, bytes: 144, dtype: 'float32' },
  Q5_K: { id: 13, block: 256, bytes: 176, dtype: 'float32' },
  Q6_K: { id: 14, block: 256, bytes: 210, dtype: 'float32' },
  Q8_K: { id: 15, block: 256, bytes: 292 },
  IQ2_XXS: { id: 16, block: 256, bytes: 66 },
  IQ2_XS: { id: 17, block: 256, bytes: 74 },
  IQ3_XXS: { id: 18, block: 256, bytes: 98 },
  IQ1_S: { id: 19, block: 256, bytes: 50 },
  IQ4_NL: { id: 20, block: 32, bytes: 18 },
  IQ3_S: { id: 21, block: 256, bytes: 110 },
  IQ2_S: { id: 22, block: 256, bytes: 82 },
  IQ4_XS: { id: 23, block: 256, bytes: 136 },
  I8: { id: 24, block: 1, bytes: 1, dtype: 'int8' },
  I16: { id: 25, block: 1, bytes: 2, dtype: 'int32' },
  I32: { id: 26, block: 1, bytes: 4, dtype: 'int32' },
  I64: { id: 27, block: 1, bytes: 8, dtype: 'int64' },
  F64: { id: 28, block: 1, bytes: 8, dtype: 'float32' },
  IQ1_M: { id: 29, block: 256, bytes: 56 },
  BF16: { id: 30, block: 1, bytes: 2, dtype: 'bfloat16' },
  TQ1_0: { id: 34, block: 256, bytes: 54 },
  TQ2_0: { id: 35, block: 256, bytes: 66 },
  MXFP4: { id: 39, block: 32, bytes: 17 },
} as const satisfies Record<string, GgufTypeFacts>

export type GgufType = keyof typeof ggufTypes

export const ggufTypeFacts = (type: GgufType): GgufTypeFacts => ggufTypes[type]

const byId = new Map<number, GgufType>(Object.keys(ggufTypes).map((name) => [ggufTypes[name as GgufType].id, name as GgufType]))

export const ggufTypeOf = (id: number): GgufType | undefined => byId.get(id)

/** The types that `read` understands, for hints. */
export const readableGgufTypes = (): string => [...byId.values()].filter((type) => ggufTypeFacts(type).dtype !== undefined).join(', ')

/** The types that are the same in safetensors files. */
export const plainTypes = ['F32', 'F16', 'BF16', 'F64', 'I8', 'I16', 'I32', 'I64'] as const satisfies readonly GgufType[]
export type PlainGgufType = (typeof plainTypes)[number]

export const isPlain = (type: GgufType): type is PlainGgufType => (plainTypes as readonly GgufType[]).includes(type)

import { fromHalfBits } from '../../graph/dtype.js'
import { array } from '../../graph/ndarray.js'
import { type BlockFormat, quantiseBlocks } from '../../graph/ops/quantised.js'
import type { PackedFormat, PackedMatrix } from '../checkpoint.js'
import { type GgufType, ggufTypes } from './gguf-types.js'

/** What `read` turns into numbers. */
export type BlockType = 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K'

const halves = new Float32Array(2 ** 16).map((_, bits) => fromHalfBits(bits))

/** One block at `at` of the bytes as numbers at `to`. */
type Decode = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void

const halfAt = (bytes: Uint8Array, at: number): number => halves[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number
const low = (bytes: Uint8Array, at: number): number => (bytes[at] as number) & 15
const high = (bytes: Uint8Array, at: number): number => (bytes[at] as number) >> 4

/** The 6-bit scale and minimum of the eight parts of a block of Q4_K or Q5_K; 12 bytes hold them, the upper bits of the last four apart. */
function scaleAndMinimum(bytes: Uint8Array, at: number, part: number): readonly [scale: number, minimum: number] {
  if (part < 4) return [(bytes[at + part] as number) & 63, (bytes[at + part + 4] as number) & 63]
  const both = bytes[at + part + 4] as number
  const upper = (from: number): number => ((bytes[at + from] as number) >> 6) << 4
  return [(both & 15) | upper(part - 4), (both >> 4) | upper(part)]
}

/** Six-bit number `i` of a block of Q6_K: four bits in the first 128 bytes, two in the next 64; runs of 128 numbers, of 32 within. */
function sixBits(bytes: Uint8Array, at: number, i: number): number {
  const [run, part, l] = [i >> 7, (i >> 5) & 3, i & 31]
  const lower = (bytes[at + 64 * run + 32 * (part & 1) + l] as number) >> (part < 2 ? 0 : 4)
  const upper = (bytes[at + 128 + 32 * run + l] as number) >> (2 * part)
  return (lower & 15) | ((upper & 3) << 4)
}

const signed = (byte: number): number => (byte << 24) >> 24

/** The fifth bit of number `i` of a block of 32. */
const fifthBit = (bytes: Uint8Array, at: number, i: number): number => (((bytes[at + (i >> 3)] as number) >> (i & 7)) & 1) << 4

const decoders: Readonly<Record<BlockType, Decode>> = {
  Q4_0: (bytes, at, out, to) => {
    const scale = halfAt(bytes, at)
    for (let i = 0; i < 16; i++) {
      out[to + i] = (low(bytes, at + 2 + i) - 8) * scale
      out[to + 16 + i] = (high(bytes, at + 2 + i) - 8) * scale
    }
  },
  Q4_1: (bytes, at, out, to) => {
    const [scale, minimum] = [halfAt(bytes, at), halfAt(bytes, at + 2)]
    for (let i = 0; i < 16; i++) {
      out[to + i] = low(bytes, at + 4 + i) * scale + minimum
      out[to + 16 + i] = high(bytes, at + 4 + i) * scale + minimum
    }
  },
  Q5_0: (bytes, at, out, to) => {
    const scale = halfAt(bytes, at)
    for (let i = 0; i < 32; i++) out[to + i] = (fiveBits(bytes, at, i) - 16) * scale
  },
  Q8_0: (bytes, at, out, to) => {
    const scale = halfAt(bytes, at)
    for (let i = 0; i < 32; i++) out[to + i] = signed(bytes[at + 2 + i] as number) * scale
  },
  Q4_K: (bytes, at, out, to) => {
    const [scale, minimum] = [halfAt(bytes, at), halfAt(bytes, at + 2)]
    for (let part = 0; part < 8; part++) {
      const [s, m] = scaleAndMinimum(bytes, at + 4, part)
      const from = at + 16 + 32 * (part >> 1)
      for (let i = 0; i < 32; i++)
        out[to + 32 * part + i] = (part & 1 ? high(bytes, from + i) : low(bytes, from + i)) * (scale * s) - minimum * m
    }
  },
  Q5_K: (bytes, at, out, to) => {
    const [scale, minimum] = [halfAt(bytes, at), halfAt(bytes, at + 2)]
    for (let part = 0; part < 8; part++) {
      const [s, m] = scaleAndMinimum(bytes, at + 4, part)
      const from = at + 48 + 32 * (part >> 1)
      for (let i = 0; i < 32; i++) {
        const fifth = (((bytes[at + 16 + i] as number) >> part) & 1) << 4
        out[to + 32 * part + i] = ((part & 1 ? high(bytes, from + i) : low(bytes, from + i)) | fifth) * (scale * s) - minimum * m
      }
    }
  },
  Q6_K: (bytes, at, out, to) => {
    const scale = halfAt(bytes, at + 208)
    for (let i = 0; i < 256; i++) out[to + i] = (sixBits(bytes, at, i) - 32) * (scale * signed(bytes[at + 192 + (i >> 4)] as number))
  },
}

const fiveBits = (bytes: Uint8Array, at: number, i: number): number =>
  (i < 16 ? low(bytes, at + 6 + i) : high(bytes, at + 6 + i - 16)) | fifthBit(bytes, at + 2, i)

export const isBlockType = (type: GgufType): type is BlockType => Object.hasOwn(decoders, type)

/** The numbers that blocks stand for, rounded once to float32 as the reference does. */
export function decodeBlocks(type: BlockType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { block, bytes: size } = ggufTypes[type]
  const decode = decoders[type]
  const out = new Float32Array((bytes.length / size) * block)
  for (let at = 0, to = 0; at < bytes.length; at += size, to += block) decode(bytes, at, out, to)
  return out
}

/** A matrix in the layout of the fused kernel while it is being filled. */
class Packing {
  readonly packed: Uint8Array<ArrayBuffer>
  readonly scales: Float32Array<ArrayBuffer>
  readonly zeroPoints: Float32Array<ArrayBuffer> | undefined

  readonly bits: BlockFormat['bits']
  readonly blockSize: number

  constructor(
    readonly shape: readonly [rows: number, columns: number],
    { bits, blockSize, lopsided }: PackedFormat,
  ) {
    this.bits = bits
    this.blockSize = blockSize
    const elements = shape[0] * shape[1]
    this.packed = new Uint8Array((elements * bits) / 8)
    this.scales = new Float32Array(elements / blockSize)
    this.zeroPoints = lopsided ? new Float32Array(elements / blockSize) : undefined
  }

  get matrix(): PackedMatrix {
    const { shape, bits, blockSize, packed, scales, zeroPoints } = this
    const grid = [shape[0], shape[1] / blockSize]
    return {
      shape,
      bits,
      blockSize,
      packed: array(packed, { dtype: 'uint8', shape: [...grid, (blockSize * bits) / 8] }),
      scales: array(scales, { shape: grid }),
      ...(zeroPoints && { zeroPoints: array(zeroPoints, { shape: grid }) }),
    }
  }
}

/**
 * A matrix of blocks as the fused kernel reads it: the same numbers, in another order. Q4_0, Q5_0, Q8_0 and Q6_K mean exactly the same; Q4_1 and
 * Q4_K have a zero point in place of a minimum, which rounds once more; Q5_K, for which there is no kernel, goes to 8 bits.
 */
export function packBlocks(type: BlockType, bytes: Uint8Array, shape: readonly [rows: number, columns: number]): PackedMatrix {
  const pack = packers[type]
  if (pack) return pack(bytes, shape)
  const { bits, blockSize } = packedFormats[type]
  const format = { bits, blockSize }
  return { ...quantiseBlocks(array(decodeBlocks(type, bytes), { shape }), format), ...format, shape }
}

/** How `packBlocks` packs each type. */
export const packedFormats = {
  Q4_0: { bits: 4, blockSize: 32, lopsided: false },
  Q4_1: { bits: 4, blockSize: 32, lopsided: true },
  Q5_0: { bits: 8, blockSize: 32, lopsided: false },
  Q8_0: { bits: 8, blockSize: 32, lopsided: false },
  Q4_K: { bits: 4, blockSize: 32, lopsided: true },
  Q5_K: { bits: 8, blockSize: 32, lopsided: false },
  Q6_K: { bits: 8, blockSize: 16, lopsided: false },
} as const satisfies Record<BlockType, PackedFormat>

type Pack = (bytes: Uint8Array, shape: readonly [rows: number, columns: number]) => PackedMatrix

/** From 16 numbers in the lower halves of bytes and 16 in the upper to neighbours in one byte. */
function interleave(bytes: Uint8Array, from: number, packed: Uint8Array, to: number): void {
  for (let i = 0; i < 8; i++) {
    const [a, b] = [bytes[from + 2 * i] as number, bytes[from + 2 * i + 1] as number]
    packed[to + i] = (a & 15) | ((b & 15) << 4)
    packed[to + 8 + i] = (a >> 4) | (b & 0xf0)
  }
}

/** `w = q·scale − minimum` as `(q − z)·s`; a block that is all minimum is one that is all zeros with a zero point of 1. */
function lopsided(out: Packing, block: number, scale: number, minimum: number): void {
  const flat = scale === 0
  if (flat) out.packed.fill(0, block * 16, block * 16 + 16)
  out.scales[block] = flat ? minimum : scale
  if (out.zeroPoints) out.zeroPoints[block] = flat ? 1 : minimum / scale
}

const packers: Readonly<Partial<Record<BlockType, Pack>>> = {
  Q4_0: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q4_0)
    for (let block = 0, at = 0; at < bytes.length; block++, at += 18) {
      out.scales[block] = halfAt(bytes, at)
      interleave(bytes, at + 2, out.packed, block * 16)
    }
    return out.matrix
  },
  Q4_1: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q4_1)
    for (let block = 0, at = 0; at < bytes.length; block++, at += 20) {
      interleave(bytes, at + 4, out.packed, block * 16)
      lopsided(out, block, halfAt(bytes, at), -halfAt(bytes, at + 2))
    }
    return out.matrix
  },
  Q5_0: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q5_0)
    for (let block = 0, at = 0; at < bytes.length; block++, at += 22) {
      out.scales[block] = halfAt(bytes, at)
      for (let i = 0; i < 32; i++) out.packed[32 * block + i] = fiveBits(bytes, at, i) + 112
    }
    return out.matrix
  },
  Q8_0: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q8_0)
    for (let block = 0, at = 0; at < bytes.length; block++, at += 34) {
      out.scales[block] = halfAt(bytes, at)
      for (let i = 0; i < 32; i++) out.packed[32 * block + i] = (bytes[at + 2 + i] as number) ^ 128
    }
    return out.matrix
  },
  Q4_K: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q4_K)
    for (let block = 0, at = 0; at < bytes.length; at += 144) {
      const [scale, minimum] = [halfAt(bytes, at), halfAt(bytes, at + 2)]
      for (let part = 0; part < 8; part++, block++) {
        const [s, m] = scaleAndMinimum(bytes, at + 4, part)
        const from = at + 16 + 32 * (part >> 1)
        for (let i = 0; i < 16; i++) {
          const [a, b] = [bytes[from + 2 * i] as number, bytes[from + 2 * i + 1] as number]
          out.packed[16 * block + i] = part & 1 ? (a >> 4) | (b & 0xf0) : (a & 15) | ((b & 15) << 4)
        }
        lopsided(out, block, scale * s, minimum * m)
      }
    }
    return out.matrix
  },
  Q6_K: (bytes, shape) => {
    const out = new Packing(shape, packedFormats.Q6_K)
    for (let block = 0, at = 0; at < bytes.length; at += 210, block += 16) {
      const scale = halfAt(bytes, at + 208)
      for (let part = 0; part < 16; part++) out.scales[block + part] = scale * signed(bytes[at + 192 + part] as number)
      for (let i = 0; i < 256; i++) out.packed[16 * block + i] = sixBits(bytes, at, i) + 96
    }
    return out.matrix
  },
}

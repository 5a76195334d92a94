import { type Dimension, isStatic, sameSize } from '../dimension.js'
import { isFloat } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { pullBack } from '../gradients.js'
import { type NDArray, zeros } from '../ndarray.js'
import { apply, type Fail, type Node, type Op } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
import type { Tensor } from '../tensor.js'
import { floor } from './elementwise.js'
import { matmul } from './linear-algebra.js'
import { slice, stack } from './shaping.js'

/** A weight [out, in] of which every `blockSize` numbers of a row share a scale: `w = (q - zero point)·scale`. */
export interface QuantisedWeight<T> {
  /** uint8 [out, blocks, blockSize·bits / 8], low bits first. */
  readonly packed: T
  /** [out, blocks] */
  readonly scales: T
  /** uint8 [out, ⌈blocks·bits / 8⌉], packed like the weight, or [out, blocks] of the scales' type; 2^(bits - 1) when left out. */
  readonly zeroPoints?: T | undefined
}

export interface BlockFormat {
  readonly bits: 2 | 4 | 8
  /** A power of two from 16 up. */
  readonly blockSize: number
}

export interface QuantisedOptions extends BlockFormat {
  /** Multiply in full precision instead of rounding the input to 8 bits: a relative error of 1e-6 instead of 1e-2, at 0.4 of the speed. */
  readonly exact?: boolean
}

/**
 * `x·wᵀ` of [..., in] with a quantised weight [out, in], which stays packed. Measured on two cores for one row of 2048 features and
 * 8192 results: 1.2 ms with 4 bits, 1.9 with 8, 6.4 with a float32 weight.
 */
export function matmulNBits(
  x: Tensor,
  { packed, scales, zeroPoints }: QuantisedWeight<Tensor>,
  { bits, blockSize, exact = false }: QuantisedOptions,
): Tensor {
  return apply(matmulNBitsOp, [x, packed, scales, ...(zeroPoints ? [zeroPoints] : [])], { bits, blockSize, exact })
}

/** The weight [out, in] as floating-point numbers. */
export function dequantise(
  { packed, scales, zeroPoints }: QuantisedWeight<Tensor>,
  { bits, blockSize }: BlockFormat,
  inFeatures: number,
): Tensor {
  const [out, blocks] = [packed.shape[0] as Dimension, packed.size(1)]
  const zero = !zeroPoints
    ? 2 ** (bits - 1)
    : (zeroPoints.dtype === 'uint8' ? slice(unpack(zeroPoints, bits, scales.dtype), 1, 0, blocks) : zeroPoints).unsqueeze(-1)
  const weight = unpack(packed, bits, scales.dtype).sub(zero).mul(scales.unsqueeze(-1))
  return slice(weight.reshape([out, blocks * blockSize]), 1, 0, inFeatures)
}

/** The last axis of bytes as the numbers that are packed in them. */
function unpack(bytes: Tensor, bits: number, dtype: Tensor['dtype']): Tensor {
  const values = bytes.cast(dtype)
  if (bits === 8) return values
  // Bit i and above of a byte b are ⌊b / 2^i⌋; a field is what is left of that without the next field and above.
  const above = Array.from({ length: 8 / bits + 1 }, (_, i) =>
    i === 0 ? values : i * bits === 8 ? undefined : floor(values.mul(2 ** (-i * bits))),
  )
  const fields = above.slice(0, -1).map((from, i) => {
    const next = above[i + 1]
    return next ? (from as Tensor).sub(next.mul(2 ** bits)) : (from as Tensor)
  })
  return stack(fields, -1).flatten(-2)
}

export const matmulNBitsOp: Op<Required<QuantisedOptions>> = {
  name: 'matmul-n-bits',
  verb: 'multiply … by the quantised …',
  infer: (inputs, { bits, blockSize }, fail) => {
    const [x, packed, scales, zeroPoints] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    requireBlocks(packed, scales, zeroPoints, { bits, blockSize }, fail)
    const features = x.shape.at(-1) as Dimension
    const blocks = packed.size(1)
    if (x.dtype !== scales.dtype || !isFloat(x.dtype)) fail(`the input holds ${x.dtype}, the scales ${scales.dtype}`)
    if (!isStatic(features) || Math.ceil(features / blockSize) !== blocks)
      fail(`${features} features make ${Math.ceil(Number(features) / blockSize)} blocks of ${blockSize}, the weight has ${blocks}`)
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), packed.size(0)] }]
  },
  emit: (emitter, { inputs, attributes }) => emitProduct(emitter, inputs, attributes),
  supported: ({ device }, node) =>
    (device === 'cpu' || device === 'wasm' || device === 'webgpu' || device === 'cuda') && kernelExists(node),
  decompose: (inputs, { bits, blockSize }) => {
    const [x, packed, scales, zeroPoints] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    return [matmul(x, dequantise({ packed, scales, zeroPoints }, { bits, blockSize }, x.size(-1)), { transposeB: true })]
  },
  // Adapters train through a frozen weight: its float form lives only while the gradient passes.
  gradient: ([g], node) => {
    const [x, packed, scales, zeroPoints] = node.inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    const throughParts = (wanted: Tensor): Tensor | undefined => pullBack(node.parts(), [g], [wanted], node.inputs)[0]
    return [
      () => matmul(g as Tensor, dequantise({ packed, scales, zeroPoints }, node.attributes, x.size(-1))),
      undefined,
      () => throughParts(scales),
      ...(zeroPoints ? [() => throughParts(zeroPoints)] : []),
    ]
  },
}

/** `matmulNBits` and a bias [out], which stands first: the kernel adds it as it goes. Made where the two are found together. */
export const matmulNBitsWithBiasOp: Op<Required<QuantisedOptions>> = {
  name: 'matmul-n-bits with bias',
  infer: ([, x, packed]) => [{ dtype: (x as Tensor).dtype, shape: [...(x as Tensor).shape.slice(0, -1), (packed as Tensor).size(0)] }],
  emit: (emitter, { inputs: [bias, x, packed, scales, zeroPoints], attributes }) =>
    emitProduct(emitter, [x as Tensor, packed as Tensor, scales as Tensor, zeroPoints ?? '', '', bias as Tensor], attributes),
  decompose: ([bias, ...product], attributes) => [apply(matmulNBitsOp, product, attributes).add(bias as Tensor)],
}

function emitProduct(
  emitter: Emitter,
  inputs: readonly (Tensor | string)[],
  { bits, blockSize, exact }: Required<QuantisedOptions>,
): string[] {
  const [x, packed] = inputs as readonly [Tensor, Tensor]
  const format = { K: x.size(-1), N: packed.size(0), bits, block_size: blockSize, accuracy_level: exact ? 0 : 4 }
  return emitter.node('MatMulNBits', inputs, format, { domain: 'com.microsoft' })
}

function requireBlocks(packed: Tensor, scales: Tensor, zeroPoints: Tensor | undefined, { bits, blockSize }: BlockFormat, fail: Fail): void {
  if (packed.dtype !== 'uint8' || packed.rank !== 3 || packed.size(2) !== (blockSize * bits) / 8)
    fail(`the weight is ${packed.dtype}, not uint8 [out, blocks, ${(blockSize * bits) / 8}]`)
  const grid = packed.shape.slice(0, 2)
  const fits = (x: Tensor, columns: Dimension): boolean =>
    x.rank === 2 && sameSize(x.shape[0] as Dimension, grid[0] as Dimension) && sameSize(x.shape[1] as Dimension, columns)
  if (!fits(scales, grid[1] as Dimension)) fail(`the scales have shape [${scales.shape.join(', ')}], not [${grid.join(', ')}]`)
  if (zeroPoints && !fits(zeroPoints, zeroPoints.dtype === 'uint8' ? Math.ceil((packed.size(1) * bits) / 8) : (grid[1] as Dimension)))
    fail(`the zero points have shape [${zeroPoints.shape.join(', ')}] for [${grid.join(', ')}] blocks`)
}

/** ONNX Runtime multiplies 8 bits in full precision 50 times slower than it should, and takes no floating-point zero points with them. */
const kernelExists = ({ inputs: [, , , zeroPoints], attributes: { bits, exact } }: Node<Required<QuantisedOptions>>): boolean =>
  bits !== 8 || (!exact && (!zeroPoints || zeroPoints.dtype === 'uint8'))

/**
 * Quantises a weight [out, in] by blocks. Symmetric: zero is exact and the largest magnitude of a block is, too. Otherwise each block
 * spans its own range, with a zero point.
 */
export function quantiseBlocks(
  weight: NDArray,
  { bits, blockSize, symmetric = true }: BlockFormat & { symmetric?: boolean },
): QuantisedWeight<NDArray> {
  const [out, features] = weight.shape as [number, number]
  if (weight.shape.length !== 2)
    throw new GeneraError('quantise', `Cannot quantise a weight of shape [${weight.shape.join(', ')}]: it must be [out, in]`)
  const values = weight.cast('float32').data
  const blocks = Math.ceil(features / blockSize)
  const packed = zeros([out, blocks, (blockSize * bits) / 8], 'uint8')
  const scales = zeros([out, blocks])
  const points = zeros([out, Math.ceil((blocks * bits) / 8)], 'uint8')
  const [top, perByte] = [2 ** bits - 1, 8 / bits]
  const bytes = packed.data as Uint8Array
  for (let row = 0; row < out; row++)
    for (let block = 0; block < blocks; block++) {
      const start = row * features + block * blockSize
      const length = Math.min(blockSize, features - block * blockSize)
      let [low, high] = [0, 0]
      for (let i = 0; i < length; i++) {
        const value = values[start + i] as number
        if (value < low) low = value
        else if (value > high) high = value
      }
      // The lowest code is one farther from zero than the highest, so the largest magnitude goes there, whatever its sign.
      const ideal = symmetric ? (-low > high ? low : high) / -(2 ** (bits - 1)) : (high - low) / top
      const scale = Math.fround(ideal)
      const zero = symmetric ? 2 ** (bits - 1) : scale === 0 ? 0 : Math.round(-low / scale)
      scales.data[row * blocks + block] = scale
      const place = row * (points.shape[1] as number) + ((block * bits) >> 3)
      points.data[place] = (points.data[place] as number) | (zero << ((block * bits) & 7))
      const from = ((row * blocks + block) * blockSize) / perByte
      for (let i = 0; i < blockSize; i++) {
        const code = scale === 0 || i >= length ? zero : Math.round((values[start + i] as number) / scale) + zero
        const at = from + Math.floor(i / perByte)
        bytes[at] = (bytes[at] as number) | (Math.min(Math.max(code, 0), top) << ((i * bits) & 7))
      }
    }
  return { packed, scales, ...(!symmetric && { zeroPoints: points }) }
}

import { isFloat } from '../graph/dtype.js'
import { NDArray } from '../graph/ndarray.js'
import type { TensorEntry } from './safetensors.js'
import { storageFacts } from './storage-dtype.js'

/**
 * Weights of 8 bits at rest: whole numbers, and for every row one scale, in a second tensor whose name ends so. It is the layout
 * `int-quantized` of the compressed-tensors library, symmetric and by channel.
 */
const suffix = '_scale'
/** Rows shorter than this are stored as they are: beside a scale they save little. */
const shortestRow = 16
const largest = 127

/** The tensors as they are read: each of whole numbers that has its scales takes them in, and they are none of their own any more. */
export function withScales(tensors: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, TensorEntry> {
  const scaled = new Map(tensors)
  for (const [name, entry] of tensors) {
    const scales = tensors.get(name + suffix)
    if (!scales || !areScales(scales, entry) || tensors.has(`${name}_zero_point`)) continue // with an offset, too, they would mean something else
    scaled.set(name, { ...entry, scales })
    scaled.delete(name + suffix)
  }
  return scaled
}

/** One for every row, or one for all. */
function areScales({ storage, shape }: TensorEntry, values: TensorEntry): boolean {
  const { dtype } = storageFacts(storage)
  const count = shape.reduce((a, b) => a * b, 1)
  return (
    values.storage === 'I8' && dtype !== undefined && isFloat(dtype) && (count === 1 || (count === values.shape[0] && count === shape[0]))
  )
}

/** The numbers that are meant. */
export function scaledBack(values: NDArray, scales: NDArray): NDArray<'float32'> {
  const row = values.length / scales.length
  const out = new Float32Array(values.length)
  for (let i = 0, r = 0; r < scales.length; r++) {
    const scale = scales.at(r)
    for (const end = i + row; i < end; i++) out[i] = values.at(i) * scale
  }
  return new NDArray('float32', values.shape, out)
}

type Entry = readonly [name: string, array: NDArray]

/**
 * Tensors with all matrices and kernels in 8 bits, for `writeSafetensors`: half of the size of half precision, and within half a percent of a row's
 * largest number. Vectors, of which there are few, stay as they are, and so does what `keeps` names: usually what reads a network's input and what
 * makes its output, where every error shows.
 */
export function* inEightBits(entries: Iterable<Entry>, keeps: (name: string) => boolean = () => false): Generator<Entry> {
  for (const [name, weights] of entries) {
    const { shape, dtype, length } = weights
    const suited = isFloat(dtype) && shape.length >= 2 && length / (shape[0] as number) >= shortestRow && !keeps(name)
    const whole = suited && rounded(weights.cast('float32'))
    if (whole) {
      yield [name, whole.values]
      yield [name + suffix, whole.scales]
    } else yield [name, weights]
  }
}

/** Nothing of numbers that are none, or too large: they are written as they are, which names them. */
function rounded({
  data,
  shape,
}: NDArray<'float32'>): { readonly values: NDArray<'int8'>; readonly scales: NDArray<'float16'> } | undefined {
  const rows = shape[0] as number
  const row = data.length / rows
  const peaks = Float32Array.from({ length: rows }, (_, r) =>
    data.subarray(r * row, (r + 1) * row).reduce((peak, value) => Math.max(peak, Math.abs(value)), 0),
  )
  // As they will be read: what half precision takes from a scale, the whole numbers make up for.
  const scales = new NDArray(
    'float32',
    [rows, 1],
    peaks.map((peak) => peak / largest),
  ).cast('float16')
  const values = new Int8Array(data.length)
  for (let i = 0, r = 0; r < rows; r++) {
    const scale = scales.at(r)
    if (!Number.isFinite(scale)) return undefined
    const divisor = scale || 1 // a row of zeros, or of numbers too small for half precision
    for (const end = i + row; i < end; i++) values[i] = Math.min(Math.max(Math.round((data[i] as number) / divisor), -largest), largest)
  }
  return { values: new NDArray('int8', shape, values), scales }
}

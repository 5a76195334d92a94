import { type Dimension, isStatic } from '../dimension.js'
import type { DType } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { fill, scalar } from '../ndarray.js'
import { apply, failure, type Op } from '../node.js'
import type { Shape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { constant, lift } from './constant.js'
import { where } from './elementwise.js'
import { expand, unsqueeze } from './shaping.js'

const rangeOp: Op<{ readonly size: Dimension }> = {
  name: 'range',
  verb: 'count',
  infer: (_, { size }) => [{ dtype: 'int64', shape: [size] }],
  emit: (emitter, node) => emitter.range(node.attributes.size),
}

/** 0, 1, … size - 1, as int64. */
export const range = (size: Dimension): Tensor => apply(rangeOp, [], { size })

const sizeOp: Op<{ readonly size: Dimension }> = {
  name: 'sizeOf',
  infer: () => [{ dtype: 'int64', shape: [] }],
  emit: (emitter, node) => emitter.node('Squeeze', [emitter.sizes([node.attributes.size])]),
}

/** A size as a scalar to calculate with; a named one is read when the program runs. */
export const sizeOf = (size: Dimension, dtype: DType = 'int64'): Tensor =>
  isStatic(size) ? constant(scalar(size, dtype)) : apply(sizeOp, [], { size }).cast(dtype)

/** From `start` up to, and without, `end`, in equal steps. */
export function arange(start: number, end: number, step = 1, dtype: DType = 'float32'): Tensor {
  const count = Math.ceil((end - start) / step)
  if (!Number.isFinite(count) || count < 0)
    throw new GeneraError('arange', `Cannot count from ${start} to ${end} in steps of ${step}: that never arrives`)
  return constant(fill(dtype, [count], (i) => start + i * step))
}

/** `count` numbers from `start` to `end`, both included, at equal distances. */
export function linspace(start: number, end: number, count: number, dtype: DType = 'float32'): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new GeneraError('linspace', `Cannot space ${count} numbers from ${start} to ${end}: the count is a whole number`)
  const step = count > 1 ? (end - start) / (count - 1) : 0
  // From both ends towards the middle, so that the last number is `end` itself and not the sum of rounded steps.
  return constant(fill(dtype, [count], (i) => (2 * i < count ? start + i * step : end - (count - 1 - i) * step)))
}

/** A tensor of one value. */
export const full = (shape: Shape, value: number | boolean, dtype: DType = 'float32'): Tensor => expand(lift(value, dtype), shape)

/** A mask [rows, columns] that is true where column <= row + diagonal. */
export const triangle = (rows: Dimension, columns: Dimension, diagonal = 0): Tensor =>
  range(columns).lessOrEqual(unsqueeze(range(rows), 1).add(diagonal))

const lower = (x: Tensor, diagonal: number): Tensor => {
  if (x.rank < 2) failure('take a triangle of', [x])('it has fewer than two axes')
  return triangle(x.shape.at(-2) as Dimension, x.shape.at(-1) as Dimension, diagonal)
}

const blank = ({ dtype }: Tensor): number | boolean => (dtype === 'bool' ? false : 0)

/** Keeps the elements on and below the `diagonal` of the last two axes (above it: `triu`), zero elsewhere. */
export const tril = (x: Tensor, diagonal = 0): Tensor => where(lower(x, diagonal), x, blank(x))
export const triu = (x: Tensor, diagonal = 0): Tensor => where(lower(x, diagonal - 1), blank(x), x)

import type { Dimension } from './dimension.js'
import { isStatic } from './dimension.js'
import type { DType } from './dtype.js'
import { ShapeError } from './errors.js'
import type { Node } from './node.js'
import type { Operand } from './ops/constant.js'
import * as elementwise from './ops/elementwise.js'
import { type MatmulAttributes, matmul } from './ops/linear-algebra.js'
import { logSoftmax, softmax } from './ops/normalisation.js'
import { type Axes, cumSum, logSumExp, max, mean, min, prod, type ReduceOptions, type ScanOptions, sum, variance } from './ops/reduce.js'
import { expand, flattenAxes, pick, reshape, slice, split, squeeze, transpose, unsqueeze } from './ops/shaping.js'
import { normaliseAxis, type Shape } from './shape.js'

/**
 * A value of a program that has not run yet: an element type, a shape, and the operation it comes from. The methods are the
 * commonest operations; the rest are functions of the same spelling in `genera/graph`.
 */
export class Tensor {
  constructor(
    readonly node: Node,
    /** Which of the node's outputs this is. */
    readonly index: number,
    readonly dtype: DType,
    readonly shape: Shape,
  ) {}

  get rank(): number {
    return this.shape.length
  }

  /** The scope path of the nearest parameter upstream; names the place in error messages. */
  get where(): string | undefined {
    return this.node.where
  }

  /** The size of an axis as a plain number; negative axes count from the back. Throws for named sizes. */
  size(axis: number): number {
    const size = this.shape[normaliseAxis(axis, this.rank, 'read the size of', this.shape, this.where)] as Dimension
    if (isStatic(size)) return size
    throw new ShapeError({
      operation: 'read the size of',
      shapes: [this.shape],
      where: this.where,
      problem: `axis ${axis} is the named size "${size}", which has no number while tracing`,
      hint: 'Trace with a static shape, or keep the size as tensor.shape gives it',
    })
  }

  toString(): string {
    return `Tensor ${this.dtype}[${this.shape.join(', ')}]${this.where ? ` at "${this.where}"` : ''}`
  }

  // Element-wise.

  add(other: Operand): Tensor {
    return elementwise.add(this, other)
  }

  sub(other: Operand): Tensor {
    return elementwise.sub(this, other)
  }

  mul(other: Operand): Tensor {
    return elementwise.mul(this, other)
  }

  div(other: Operand): Tensor {
    return elementwise.div(this, other)
  }

  pow(other: Operand): Tensor {
    return elementwise.pow(this, other)
  }

  mod(other: Operand): Tensor {
    return elementwise.mod(this, other)
  }

  equal(other: Operand): Tensor {
    return elementwise.equal(this, other)
  }

  less(other: Operand): Tensor {
    return elementwise.less(this, other)
  }

  greater(other: Operand): Tensor {
    return elementwise.greater(this, other)
  }

  lessOrEqual(other: Operand): Tensor {
    return elementwise.lessOrEqual(this, other)
  }

  greaterOrEqual(other: Operand): Tensor {
    return elementwise.greaterOrEqual(this, other)
  }

  and(other: Operand): Tensor {
    return elementwise.and(this, other)
  }

  or(other: Operand): Tensor {
    return elementwise.or(this, other)
  }

  neg(): Tensor {
    return elementwise.neg(this)
  }

  abs(): Tensor {
    return elementwise.abs(this)
  }

  exp(): Tensor {
    return elementwise.exp(this)
  }

  log(): Tensor {
    return elementwise.log(this)
  }

  sqrt(): Tensor {
    return elementwise.sqrt(this)
  }

  rsqrt(): Tensor {
    return elementwise.rsqrt(this)
  }

  reciprocal(): Tensor {
    return elementwise.reciprocal(this)
  }

  square(): Tensor {
    return elementwise.square(this)
  }

  sin(): Tensor {
    return elementwise.sin(this)
  }

  cos(): Tensor {
    return elementwise.cos(this)
  }

  tanh(): Tensor {
    return elementwise.tanh(this)
  }

  sigmoid(): Tensor {
    return elementwise.sigmoid(this)
  }

  relu(): Tensor {
    return elementwise.relu(this)
  }

  not(): Tensor {
    return elementwise.not(this)
  }

  clamp(limits: { min?: number; max?: number }): Tensor {
    return elementwise.clamp(this, limits)
  }

  cast(dtype: DType): Tensor {
    return elementwise.cast(this, dtype)
  }

  stopGradient(): Tensor {
    return elementwise.stopGradient(this)
  }

  // Reductions: over one axis, several, or all.

  sum(axes?: Axes, options?: ReduceOptions): Tensor {
    return sum(this, axes, options)
  }

  mean(axes?: Axes, options?: ReduceOptions): Tensor {
    return mean(this, axes, options)
  }

  max(axes?: Axes, options?: ReduceOptions): Tensor {
    return max(this, axes, options)
  }

  min(axes?: Axes, options?: ReduceOptions): Tensor {
    return min(this, axes, options)
  }

  prod(axes?: Axes, options?: ReduceOptions): Tensor {
    return prod(this, axes, options)
  }

  logSumExp(axes?: Axes, options?: ReduceOptions): Tensor {
    return logSumExp(this, axes, options)
  }

  variance(axes?: Axes, options?: ReduceOptions & { correction?: number }): Tensor {
    return variance(this, axes, options)
  }

  cumSum(axis?: number, options?: ScanOptions): Tensor {
    return cumSum(this, axis, options)
  }

  softmax(axis = -1): Tensor {
    return softmax(this, axis)
  }

  logSoftmax(axis = -1): Tensor {
    return logSoftmax(this, axis)
  }

  matmul(other: Tensor, options?: Partial<MatmulAttributes>): Tensor {
    return matmul(this, other, options)
  }

  // Shape.

  reshape(shape: Shape): Tensor {
    return reshape(this, shape)
  }

  transpose(order?: readonly number[]): Tensor {
    return transpose(this, order)
  }

  expand(shape: Shape): Tensor {
    return expand(this, shape)
  }

  squeeze(axis: number): Tensor {
    return squeeze(this, axis)
  }

  unsqueeze(axis: number): Tensor {
    return unsqueeze(this, axis)
  }

  flatten(first?: number, last?: number): Tensor {
    return flattenAxes(this, first, last)
  }

  slice(axis: number, start?: Dimension, end?: Dimension, step?: number): Tensor {
    return slice(this, axis, start, end, step)
  }

  split(parts: number | readonly number[], axis?: number): Tensor[] {
    return split(this, parts, axis)
  }

  /** One element along an axis, which disappears. */
  pick(axis: number, index: number): Tensor {
    return pick(this, axis, index)
  }
}

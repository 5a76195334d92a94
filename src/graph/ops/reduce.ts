import { type Dimension, isStatic, sameSize } from '../dimension.js'
import type { DType } from '../dtype.js'
import { elementCount, fill, type NDArray } from '../ndarray.js'
import { apply, applyAll, type InputGradient, type Node, type Op } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
import { elements, isStaticShape, normaliseAxis, type Shape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { full, sizeOf } from './creation.js'
import { takesFloats, takesNumbers, takesWideNumbers, value } from './define.js'
import { equal, exp, isfinite, log, stopGradient, where } from './elementwise.js'
import { scatterElements } from './gather.js'
import { expand, pad, reshape } from './shaping.js'

export interface ReduceOptions {
  /** Keep the reduced axes with size 1, so that the result broadcasts against the input. */
  readonly keepDims?: boolean
}

/** One axis, several, or all of them when left out. Negative axes count from the back. */
export type Axes = number | readonly number[] | undefined

interface Reduction {
  readonly axes: readonly number[]
}

function axesOf(x: Tensor, axes: Axes, operation: string): number[] {
  const listed = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes
  return [...new Set(listed.map((axis) => normaliseAxis(axis, x.rank, operation, x.shape, x.where)))].sort((a, b) => a - b)
}

const rows = new Map<string, NDArray>()

/** A sum or mean over leading axes as a product with a row of equal numbers: twice as fast as the reduction, which walks down columns. */
function productWithRow(name: string, emitter: Emitter, node: Node<Reduction>): readonly string[] | undefined {
  const { axes } = node.attributes
  const x = node.input(0)
  if (name !== 'sum' && name !== 'mean') return undefined
  if (emitter.target.device !== 'cpu' || x.dtype !== 'float32' || !isStaticShape(x.shape)) return undefined
  const height = elementCount(x.shape.slice(0, axes.length))
  const width = elementCount(x.shape.slice(axes.length))
  const leading = axes.length < x.rank && axes.every((axis, i) => axis === i)
  if (!leading || width < 64 || height * width < 1 << 15) return undefined
  const weight = name === 'sum' ? 1 : 1 / height
  const row = rows.get(`${weight} ${height}`) ?? fill('float32', [1, height], () => weight)
  rows.set(`${weight} ${height}`, row)
  const [flat] = emitter.node('Reshape', [x, emitter.sizes([height, width])])
  const [total] = emitter.node('Gemm', [...emitter.constant(row), flat as string])
  return emitter.node('Reshape', [total as string, emitter.shapeFor(node.output.shape)])
}

/** Every reduction keeps its axes inside the graph; dropping them is a reshape, which costs nothing. */
function reduction(
  name: string,
  verb: string,
  onnx: string,
  gradient: (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => InputGradient,
  accepts: (dtype: DType) => boolean = takesWideNumbers,
) {
  const op: Op<Reduction> = {
    name,
    verb,
    sinks: 'axes',
    infer: ([x], { axes }, fail) => {
      const { dtype, shape } = x as Tensor
      if (!accepts(dtype)) fail(`its elements are of type ${dtype}`, 'Cast the tensor first')
      return [{ dtype, shape: shape.map((size, i) => (axes.includes(i) ? 1 : size)) }]
    },
    emit: (emitter, node) =>
      productWithRow(name, emitter, node) ?? emitter.node(onnx, [node.input(0), emitter.sizes(node.attributes.axes)], { keepdims: 1 }),
    gradient: ([g], node) => [() => value(gradient(g as Tensor, node.input(0), node.output, node.attributes.axes))],
  }
  return (x: Tensor, axes?: Axes, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const over = axesOf(x, axes, verb)
    const reduced = over.length === 0 ? x : apply(op, [x], { axes: over })
    return keepDims ? reduced : dropAxes(reduced, over)
  }
}

const dropAxes = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0
    ? x
    : reshape(
        x,
        x.shape.filter((_, i) => !axes.includes(i)),
      )

export const sum = reduction('sum', 'sum', 'ReduceSum', (g, x) => () => expand(g, x.shape))
/** At a tie the gradient is shared equally. */
const spread = (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]): Tensor => {
  const chosen = equal(x, y).cast(x.dtype)
  return chosen.mul(g.div(sum(chosen, axes, { keepDims: true })))
}
/** Of booleans, the largest says whether any holds, the smallest whether all do. */
const ordered = (dtype: DType): boolean => dtype !== 'bfloat16'
export const max = reduction('max', 'take the maximum of', 'ReduceMax', (g, x, y, axes) => () => spread(g, x, y, axes), ordered)
export const min = reduction('min', 'take the minimum of', 'ReduceMin', (g, x, y, axes) => () => spread(g, x, y, axes), ordered)
/** The gradient holds where factors are zero, too: it multiplies the other factors instead of dividing by this one. */
export const prod = reduction('prod', 'take the product of', 'ReduceProd', (g, x, _, axes) => () => {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const order = [...kept, ...axes]
  const flat = x.transpose(order).reshape([...kept.map((i) => x.shape[i] as Dimension), elements(axes.map((i) => x.shape[i] as Dimension))])
  const others = cumProd(flat, -1, { exclusive: true }).mul(cumProd(flat, -1, { exclusive: true, reverse: true }))
  const back = order.map((_, i) => order.indexOf(i))
  return others
    .reshape(order.map((i) => x.shape[i] as Dimension))
    .transpose(back)
    .mul(g)
})

/** ReduceMean is one pass less than a sum and a division. */
export const mean = reduction(
  'mean',
  'average',
  'ReduceMean',
  (g, x, _, axes) => {
    const count = countOf(x, axes)
    return expand(g.mul(count === 0 ? 0 : sizeOf(count, g.dtype).reciprocal()), x.shape)
  },
  takesFloats,
)

/** How many elements go into one result. */
const countOf = (x: Tensor, axes: readonly number[]): Dimension => elements(axes.map((i) => x.shape[i] as Dimension))

/** The mean squared distance from the mean; `correction: 1` divides by n - 1 (Bessel). */
export function variance(
  x: Tensor,
  axes?: Axes,
  { keepDims = false, correction = 0 }: ReduceOptions & { correction?: number } = {},
): Tensor {
  const over = axesOf(x, axes, 'take the variance of')
  const centred = x.sub(mean(x, over, { keepDims: true }))
  if (correction === 0) return mean(centred.mul(centred), over, { keepDims })
  return sum(centred.mul(centred), over, { keepDims }).div(sizeOf(countOf(x, over), x.dtype).sub(correction))
}

/** `log(sum(exp(x)))` without overflow. */
export function logSumExp(x: Tensor, axes?: Axes, { keepDims = false }: ReduceOptions = {}): Tensor {
  const over = axesOf(x, axes, 'take the log-sum-exp of')
  const top = stopGradient(max(x, over, { keepDims: true }))
  const shift = where(isfinite(top), top, 0) // all -Infinity stays -Infinity instead of NaN
  const result = log(sum(exp(x.sub(shift)), over, { keepDims: true })).add(shift)
  return keepDims ? result : dropAxes(result, over)
}

// Positions of extremes.

const argOp = (name: string, verb: string, onnx: string) => {
  const op: Op<{ readonly axis: number }> = {
    name,
    verb,
    infer: ([x], { axis }, fail) => {
      const { dtype, shape } = x as Tensor
      if (!takesNumbers(dtype)) fail(`its elements are of type ${dtype}`, 'Cast the tensor first')
      if (shape[axis] === 0) fail(`axis ${axis} is empty`)
      return [{ dtype: 'int64', shape: shape.map((size, i) => (i === axis ? 1 : size)) }]
    },
    emit: (emitter, node) => emitter.node(onnx, node.inputs, { axis: node.attributes.axis, keepdims: 1 }),
  }
  return (x: Tensor, axis = -1, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const found = normaliseAxis(axis, x.rank, verb, x.shape, x.where)
    const result = apply(op, [x], { axis: found })
    return keepDims ? result : dropAxes(result, [found])
  }
}
/** The index of the first largest element along an axis, as int64. */
export const argMax = argOp('argMax', 'find the maximum of', 'ArgMax')
export const argMin = argOp('argMin', 'find the minimum of', 'ArgMin')

const topKOp: Op<{ readonly k: number; readonly axis: number; readonly largest: boolean }> = {
  name: 'topK',
  verb: 'take the top elements of',
  infer: ([x], { k, axis }, fail) => {
    const { dtype, shape } = x as Tensor
    const size = shape[axis] as Dimension
    if (!takesNumbers(dtype)) fail(`its elements are of type ${dtype}`, 'Cast the tensor first')
    if (!Number.isInteger(k) || k < 0) fail(`${k} elements are asked for`)
    if (isStatic(size) && k > size) fail(`${k} elements are asked for along axis ${axis}, which holds ${size}`)
    const kept = shape.map((size, i) => (i === axis ? k : size))
    return [
      { dtype, shape: kept },
      { dtype: 'int64', shape: kept },
    ]
  },
  emit: (emitter, node) => {
    const { k, axis, largest } = node.attributes
    return emitter.node('TopK', [node.input(0), emitter.sizes([k])], { axis, largest: largest ? 1 : 0, sorted: 1 }, { outputs: 2 })
  },
  gradient: ([g], node) => [
    () => g && scatterElements(full(node.input(0).shape, 0, g.dtype), node.outputs[1] as Tensor, g, node.attributes.axis, 'add'),
  ],
}

/** The k largest (or smallest) elements along an axis, sorted, and their indices. */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true }: { axis?: number; largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const found = normaliseAxis(axis, x.rank, 'take the top elements of', x.shape, x.where)
  const [values, indices] = applyAll(topKOp, [x], { k, axis: found, largest }) as [Tensor, Tensor]
  return { values, indices }
}

// Running sums and products.

export interface ScanOptions {
  /** Leave the element itself out: result i covers the elements before i. */
  readonly exclusive?: boolean
  /** Run from the end to the front. */
  readonly reverse?: boolean
}

const cumSumOp: Op<{ readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean }> = {
  name: 'cumSum',
  verb: 'sum cumulatively',
  infer: ([x], _, fail) => {
    if (!takesWideNumbers((x as Tensor).dtype)) fail(`its elements are of type ${x?.dtype}`, 'Cast the tensor first')
    return [x as Tensor]
  },
  emit: (emitter, node) => {
    const { axis, exclusive, reverse } = node.attributes
    return emitter.node('CumSum', [node.input(0), emitter.sizes([axis])], { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 })
  },
  gradient: ([g], node) => [() => apply(cumSumOp, [g as Tensor], { ...node.attributes, reverse: !node.attributes.reverse })],
}
export function cumSum(x: Tensor, axis = -1, { exclusive = false, reverse = false }: ScanOptions = {}): Tensor {
  return apply(cumSumOp, [x], { axis: normaliseAxis(axis, x.rank, 'sum cumulatively', x.shape, x.where), exclusive, reverse })
}

/** A product scan in log2(n) rounds of shifted products; it needs a static size along the axis. */
export function cumProd(x: Tensor, axis = -1, { exclusive = false, reverse = false }: ScanOptions = {}): Tensor {
  const at = normaliseAxis(axis, x.rank, 'multiply cumulatively', x.shape, x.where)
  const size = x.size(at)
  const shift = (t: Tensor, by: number): Tensor =>
    reverse
      ? pad(t.slice(at, Math.min(by, size), size), at, [0, Math.min(by, size)], 1)
      : pad(t.slice(at, 0, Math.max(size - by, 0)), at, [Math.min(by, size), 0], 1)
  let out = exclusive ? shift(x, 1) : x
  for (let step = 1; step < size; step *= 2) out = out.mul(shift(out, step))
  return out
}

/** Sums a broadcast result back to the shape that was stretched. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const extra = x.rank - shape.length
  const axes = x.shape
    .map((_, i) => i)
    .filter((i) => i < extra || (sameSize(shape[i - extra] as Dimension, 1) && !sameSize(x.shape[i] as Dimension, 1)))
  return reshape(axes.length ? sum(x, axes, { keepDims: true }) : x, shape)
}

/** Euclidean length along an axis. The square root's slope at zero is infinite: `epsilon` keeps it finite. */
export const norm = (x: Tensor, axes: Axes = -1, { keepDims = false, epsilon = 0 }: ReduceOptions & { epsilon?: number } = {}): Tensor =>
  sum(x.mul(x), axes, { keepDims }).add(epsilon).sqrt()

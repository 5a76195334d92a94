import { type Dimension, isStatic, sameSize } from '../dimension.js'
import { apply, applyAll, type InputGradient, type Op } from '../node.js'
import { elements, normaliseAxis, type Shape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { lift } from './constant.js'
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

/** Every reduction keeps its axes inside the graph; dropping them is a reshape, which costs nothing. */
function reduction(name: string, onnx: string, gradient: (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => InputGradient) {
  const op: Op<Reduction> = {
    name,
    sinks: 'axes',
    infer: ([x], { axes }) => [{ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape.map((size, i) => (axes.includes(i) ? 1 : size)) }],
    emit: (emitter, node) => emitter.node(onnx, [node.input(0), emitter.sizes(node.attributes.axes)], { keepdims: 1 }),
    gradient: ([g], node) => [
      () => {
        const found = gradient(g as Tensor, node.input(0), node.output, node.attributes.axes)
        return typeof found === 'function' ? found() : found
      },
    ],
  }
  return (x: Tensor, axes?: Axes, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const over = axesOf(x, axes, name)
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

export const sum = reduction('sum', 'ReduceSum', (g, x) => () => expand(g, x.shape))
/** At a tie the gradient is shared equally. */
const spread = (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]): Tensor => {
  const chosen = equal(x, y).cast(x.dtype)
  return chosen.mul(g.div(sum(chosen, axes, { keepDims: true })))
}
export const max = reduction('take the maximum of', 'ReduceMax', (g, x, y, axes) => () => spread(g, x, y, axes))
export const min = reduction('take the minimum of', 'ReduceMin', (g, x, y, axes) => () => spread(g, x, y, axes))
/** The gradient holds where factors are zero, too: it multiplies the other factors instead of dividing by this one. */
export const prod = reduction('multiply along the axes of', 'ReduceProd', (g, x, _, axes) => () => {
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
export const mean = reduction('average', 'ReduceMean', (g, x, y) => () => expand(g.mul(inverseCount(x, y)), x.shape))

/** 1 / (elements averaged per result), as a tensor: the count may be a named size. */
function inverseCount(x: Tensor, y: Tensor): Tensor {
  const [whole, kept] = [elements(x.shape), elements(y.shape)]
  if (isStatic(whole) && isStatic(kept)) return lift(whole === 0 ? 0 : kept / whole, x.dtype)
  return sum(expand(lift(1, x.dtype), x.shape))
    .div(sum(expand(lift(1, x.dtype), y.shape)))
    .reciprocal()
}

/** The mean squared distance from the mean; `correction: 1` divides by n - 1 (Bessel). */
export function variance(
  x: Tensor,
  axes?: Axes,
  { keepDims = false, correction = 0 }: ReduceOptions & { correction?: number } = {},
): Tensor {
  const over = axesOf(x, axes, 'take the variance of')
  const centred = x.sub(mean(x, over, { keepDims: true }))
  if (correction === 0) return mean(centred.mul(centred), over, { keepDims })
  const count = elements(over.map((i) => x.shape[i] as Dimension))
  if (!isStatic(count)) return variance(x, axes, { keepDims })
  return sum(centred.mul(centred), over, { keepDims }).div(count - correction)
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

const argOp = (name: string, onnx: string) => {
  const op: Op<{ readonly axis: number }> = {
    name,
    infer: ([x], { axis }) => [{ dtype: 'int64', shape: (x as Tensor).shape.map((size, i) => (i === axis ? 1 : size)) }],
    emit: (emitter, node) => emitter.node(onnx, node.inputs, { axis: node.attributes.axis, keepdims: 1 }),
  }
  return (x: Tensor, axis = -1, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const found = normaliseAxis(axis, x.rank, name, x.shape, x.where)
    const result = apply(op, [x], { axis: found })
    return keepDims ? result : dropAxes(result, [found])
  }
}
/** The index of the first largest element along an axis, as int64. */
export const argMax = argOp('find the maximum of', 'ArgMax')
export const argMin = argOp('find the minimum of', 'ArgMin')

const topKOp: Op<{ readonly k: number; readonly axis: number; readonly largest: boolean }> = {
  name: 'take the top elements of',
  infer: ([x], { k, axis }, fail) => {
    const { dtype, shape } = x as Tensor
    const size = shape[axis] as Dimension
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
    () => g && scatterElements(expand(lift(0, g.dtype), node.input(0).shape), node.outputs[1] as Tensor, g, node.attributes.axis, 'add'),
  ],
}

/** The k largest (or smallest) elements along an axis, sorted, and their indices. */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true }: { axis?: number; largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const found = normaliseAxis(axis, x.rank, topKOp.name, x.shape, x.where)
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
  name: 'sum cumulatively',
  infer: ([x]) => [x as Tensor],
  emit: (emitter, node) => {
    const { axis, exclusive, reverse } = node.attributes
    return emitter.node('CumSum', [node.input(0), emitter.sizes([axis])], { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 })
  },
  gradient: ([g], node) => [() => apply(cumSumOp, [g as Tensor], { ...node.attributes, reverse: !node.attributes.reverse })],
}
export function cumSum(x: Tensor, axis = -1, { exclusive = false, reverse = false }: ScanOptions = {}): Tensor {
  return apply(cumSumOp, [x], { axis: normaliseAxis(axis, x.rank, cumSumOp.name, x.shape, x.where), exclusive, reverse })
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

import { type Dimension, dividedBy, exactQuotient, isStatic, minus, plus, sameSize, times } from '../dimension.js'
import { apply, applyAll, failure, type Op } from '../node.js'
import { elements, isStaticShape, normaliseAxis, type Shape, sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { lift } from './constant.js'

const reshapeOp: Op<{ readonly shape: Shape }> = {
  name: 'reshape',
  moves: true,
  sinks: 'groups',
  infer: ([x], { shape }) => [{ dtype: (x as Tensor).dtype, shape }],
  emit: (emitter, node) => emitter.node('Reshape', [node.input(0), emitter.shapeFor(node.attributes.shape)], { allowzero: 1 }),
  gradient: ([g], node) => [() => reshape(g as Tensor, node.input(0).shape)],
  evaluate: ([x], { shape }) => (shape.every(isStatic) ? x?.reshape(shape as readonly number[]) : undefined),
}

/** The same elements under another shape; one size may be -1 and is worked out. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const fail = failure('reshape', [x])
  const open = shape.indexOf(-1)
  if (shape.some((size, i) => i !== open && isStatic(size) && !(Number.isInteger(size) && size >= 0)))
    fail(`[${shape.join(', ')}] is no shape: sizes are whole numbers from 0 up, and one may be -1`)
  const total = elements(x.shape)
  let wanted = shape
  if (open >= 0) {
    const known = elements(shape.filter((_, i) => i !== open))
    const rest = known === 0 ? 0 : exactQuotient(total, known)
    if (rest === undefined || (isStatic(rest) && !Number.isInteger(rest)))
      return fail(`its ${total} elements do not divide into [${shape.join(', ')}]`)
    wanted = shape.map((size, i) => (i === open ? rest : size))
  }
  if (!sameSize(elements(wanted), total)) fail(`[${wanted.join(', ')}] holds ${elements(wanted)} elements, the tensor has ${total}`)
  return sameShape(wanted, x.shape) ? x : apply(reshapeOp, [x], { shape: wanted })
}

const transposeOp: Op<{ readonly order: readonly number[] }> = {
  name: 'transpose',
  moves: true,
  infer: ([x], { order }) => [{ dtype: (x as Tensor).dtype, shape: order.map((axis) => (x as Tensor).shape[axis] as Dimension) }],
  // Axes of size 1 take ONNX Runtime off its fast paths: measured on 16·128·4·64 numbers, three times the time.
  emit: (emitter, node) => {
    const { order } = node.attributes
    const { shape } = node.input(0)
    const real = shape.flatMap((size, axis) => (size === 1 ? [] : [axis]))
    if (real.length === shape.length || !isStaticShape(shape)) return emitter.node('Transpose', node.inputs, { perm: order })
    const packed = emitter.node('Reshape', [node.input(0), emitter.sizes(real.map((axis) => shape[axis] as number))], { allowzero: 1 })
    const perm = order.flatMap((axis) => (shape[axis] === 1 ? [] : [real.indexOf(axis)]))
    return emitter.node('Reshape', [...emitter.node('Transpose', packed, { perm }), emitter.sizes(node.output.shape)], { allowzero: 1 })
  },
  gradient: ([g], { attributes: { order } }) => [
    () =>
      transpose(
        g as Tensor,
        order.map((_, axis) => order.indexOf(axis)),
      ),
  ],
}

/** The axes in another order; without an order, the last two change places. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const fail = failure('transpose', [x])
  if (!order && x.rank < 2) fail('it has fewer than two axes')
  const asked =
    order ?? [...x.shape.keys()].map((axis, _, all) => (axis === x.rank - 1 ? axis - 1 : axis === x.rank - 2 ? all.length - 1 : axis))
  const found = asked.map((axis) => normaliseAxis(axis, x.rank, 'transpose', x.shape, x.where))
  if (new Set(found).size !== x.rank || found.length !== x.rank) fail(`[${asked.join(', ')}] does not name each of its ${x.rank} axes once`)
  return found.every((axis, i) => axis === i) ? x : apply(transposeOp, [x], { order: found })
}

const expandOp: Op<{ readonly shape: Shape }> = {
  name: 'expand',
  moves: true,
  sinks: 'shape',
  infer: ([x], { shape }, fail) => {
    const from = (x as Tensor).shape
    const extra = shape.length - from.length
    const fits = extra >= 0 && from.every((size, i) => sameSize(size, 1) || sameSize(size, shape[i + extra] as Dimension))
    if (!fits) fail(`it does not stretch to [${shape.join(', ')}]: only axes of size 1 do`)
    return [{ dtype: (x as Tensor).dtype, shape }]
  },
  emit: (emitter, node) => emitter.node('Expand', [node.input(0), emitter.sizes(node.attributes.shape)]),
  gradient: ([g]) => [g], // summed back over the stretched axes
}

/** Stretches axes of size 1, and new axes in front, to a shape. */
export const expand = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape }))

/** A new axis of size 1. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.rank + 1 : axis
  if (!Number.isInteger(axis) || at < 0 || at > x.rank) failure('unsqueeze', [x])(`the new axis ${axis} has no place among ${x.rank}`)
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/** Drops an axis of size 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = normaliseAxis(axis, x.rank, 'squeeze', x.shape, x.where)
  if (!sameSize(x.shape[at] as Dimension, 1)) failure('squeeze', [x])(`axis ${axis} has size ${x.shape[at]}, not 1`)
  return reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  )
}

/** Joins the axes from `first` to `last` into one. */
export function flattenAxes(x: Tensor, first = 0, last = -1): Tensor {
  const from = normaliseAxis(first, x.rank, 'flatten', x.shape, x.where)
  const to = normaliseAxis(last, x.rank, 'flatten', x.shape, x.where)
  return reshape(x, [...x.shape.slice(0, from), elements(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)])
}

interface Cut {
  readonly axis: number
  readonly start: Dimension
  readonly end: Dimension
  readonly step: number
}

const sliceOp: Op<Cut> = {
  name: 'slice',
  moves: true,
  sinks: 'axis',
  infer: ([x], { axis, start, end, step }) => {
    const { dtype, shape } = x as Tensor
    const length = step === 1 ? minus(end, start) : dividedBy(plus(minus(end, start), step - 1), step)
    return [{ dtype, shape: shape.map((size, i) => (i === axis ? length : size)) }]
  },
  emit: (emitter, node) => {
    const { axis, start, end, step } = node.attributes
    return emitter.node('Slice', [node.input(0), ...[start, end, axis, step].map((size) => emitter.sizes([size]))])
  },
  gradient: ([g], node) => [() => unslice(g as Tensor, node.input(0).shape, node.attributes)],
}

/** Elements `start` (inclusive) to `end` (exclusive) along an axis, every `step`-th. Negative positions count from the end. */
export function slice(x: Tensor, axis: number, start: Dimension = 0, end?: Dimension, step = 1): Tensor {
  const fail = failure('slice', [x])
  const at = normaliseAxis(axis, x.rank, 'slice', x.shape, x.where)
  const size = x.shape[at] as Dimension
  const place = (position: Dimension): Dimension => {
    if (!isStatic(position)) return position
    if (!isStatic(size)) return position < 0 ? plus(size, position) : position
    return Math.min(Math.max(position < 0 ? position + size : position, 0), size)
  }
  for (const position of [start, end ?? 0])
    if (isStatic(position) && !Number.isInteger(position)) fail(`the position ${position} is not a whole number`)
  if (!Number.isInteger(step) || step < 1) fail(`the step is ${step}`, 'Take a whole number from 1 up; flip() runs backwards')
  const from = place(start)
  const to = end === undefined ? size : place(end)
  if (from === 0 && sameSize(to, size) && step === 1) return x
  return apply(sliceOp, [x], { axis: at, start: from, end: isStatic(from) && isStatic(to) ? Math.max(from, to) : to, step })
}

/** The adjoint of a slice: the elements back at their places, zeros elsewhere. */
function unslice(g: Tensor, shape: Shape, { axis, start, end, step }: Cut): Tensor {
  const size = shape[axis] as Dimension
  if (step === 1) return pad(g, axis, [start, minus(size, end)])
  // Put step - 1 zeros behind every element, then cut or pad to size.
  const count = g.shape[axis] as Dimension
  const spaced = pad(unsqueeze(g, axis + 1), axis + 1, [0, step - 1]).reshape(
    shape.map((other, i) => (i === axis ? times(count, step) : other)),
  )
  const trailing = minus(minus(size, start), times(count, step))
  const placed = isStatic(trailing) && trailing < 0 ? slice(spaced, axis, 0, plus(times(count, step), trailing)) : spaced
  return pad(placed, axis, [start, isStatic(trailing) && trailing < 0 ? 0 : trailing])
}

/** One element along an axis, which disappears. */
export const pick = (x: Tensor, axis: number, index: number): Tensor =>
  squeeze(slice(x, axis, index, index === -1 ? undefined : index + 1), axis)

const concatOp: Op<{ readonly axis: number }> = {
  name: 'concat',
  verb: 'join',
  sinks: 'axis',
  infer: (inputs, { axis }, fail) => {
    const [first] = inputs as [Tensor]
    for (const other of inputs) {
      if (other.dtype !== first.dtype) fail(`their element types differ: ${first.dtype} and ${other.dtype}`)
      const fits = other.rank === first.rank && other.shape.every((size, i) => i === axis || sameSize(size, first.shape[i] as Dimension))
      if (!fits) fail(`they differ outside axis ${axis}`)
    }
    const length = inputs.reduce<Dimension>((total, { shape }) => plus(total, shape[axis] as Dimension), 0)
    return [{ dtype: first.dtype, shape: first.shape.map((size, i) => (i === axis ? length : size)) }]
  },
  emit: (emitter, node) => emitter.node('Concat', node.inputs, { axis: node.attributes.axis }),
  gradient: ([g], node) => {
    const { axis } = node.attributes
    let start: Dimension = 0
    return node.inputs.map(({ shape }) => {
      const from = start
      start = plus(start, shape[axis] as Dimension)
      const to = start
      return () => slice(g as Tensor, axis, from, to)
    })
  },
}

/** Joins tensors along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors
  if (!first) throw new RangeError('Cannot join an empty list of tensors')
  const at = normaliseAxis(axis, first.rank, 'join', first.shape, first.where)
  return tensors.length === 1 ? first : apply(concatOp, tensors, { axis: at })
}

/** Joins tensors along a new axis. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor =>
  concat(
    tensors.map((tensor) => unsqueeze(tensor, axis)),
    axis,
  )

const splitOp: Op<{ readonly axis: number; readonly sizes: readonly number[] }> = {
  name: 'split',
  moves: true,
  infer: ([x], { axis, sizes }) =>
    sizes.map((length) => ({ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape.map((size, i) => (i === axis ? length : size)) })),
  emit: (emitter, node) => {
    const { axis, sizes } = node.attributes
    return emitter.node('Split', [node.input(0), emitter.sizes(sizes)], { axis }, { outputs: sizes.length })
  },
  gradient: (upstream, node) => [
    () =>
      concat(
        upstream.map((g, i) => g ?? expand(lift(0, node.input(0).dtype), (node.outputs[i] as Tensor).shape)),
        node.attributes.axis,
      ),
  ],
}

/** Cuts an axis into parts: a number of equal parts, or the sizes of the parts. */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): Tensor[] {
  const at = normaliseAxis(axis, x.rank, 'split', x.shape, x.where)
  const size = x.size(at)
  const sizes = typeof parts === 'number' ? new Array<number>(parts).fill(size / parts) : parts
  if (sizes.length === 0 || sizes.reduce((a, b) => a + b, 0) !== size || !sizes.every((length) => Number.isInteger(length) && length >= 0))
    failure('split', [x])(
      `axis ${axis} of size ${size} does not divide into ${typeof parts === 'number' ? `${parts} equal parts` : `[${parts.join(', ')}]`}`,
    )
  return sizes.length === 1 ? [x] : [...applyAll(splitOp, [x], { axis: at, sizes })]
}

const padOp: Op<{ readonly axis: number; readonly before: Dimension; readonly after: Dimension; readonly value: number }> = {
  name: 'pad',
  sinks: 'axis',
  infer: ([x], { axis, before, after }) => {
    const { dtype, shape } = x as Tensor
    return [{ dtype, shape: shape.map((size, i) => (i === axis ? plus(plus(size, before), after) : size)) }]
  },
  emit: (emitter, node) => {
    const { axis, before, after, value } = node.attributes
    const x = node.input(0)
    return emitter.node('Pad', [x, emitter.sizes([before, after]), emitter.number(value, x.dtype), emitter.sizes([axis])], {
      mode: 'constant',
    })
  },
  gradient: ([g], node) => [
    () =>
      slice(
        g as Tensor,
        node.attributes.axis,
        node.attributes.before,
        plus(node.attributes.before, node.input(0).shape[node.attributes.axis] as Dimension),
      ),
  ],
}

/** How the values outside the border are found: one constant, the mirror image without the edge, the edge itself, or the other side. */
export type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap'

/** Adds elements before and after an axis. */
export function pad(
  x: Tensor,
  axis: number,
  [before, after]: readonly [Dimension, Dimension],
  value = 0,
  mode: PadMode = 'constant',
): Tensor {
  const at = normaliseAxis(axis, x.rank, 'pad', x.shape, x.where)
  for (const width of [before, after])
    if (isStatic(width) && !(Number.isInteger(width) && width >= 0))
      failure('pad', [x])(`the width ${width} is not a whole number from 0 up`, 'Use slice() to cut')
  if (before === 0 && after === 0) return x
  if (mode === 'constant') return apply(padOp, [x], { axis: at, before, after, value })
  const size = x.size(at)
  if (!isStatic(before) || !isStatic(after)) return failure('pad', [x])(`mode ${mode} needs static widths`)
  if (Math.max(before, after) > (mode === 'reflect' ? size - 1 : mode === 'wrap' ? size : Number.POSITIVE_INFINITY))
    failure('pad', [x])(`mode ${mode} reaches ${Math.max(before, after)} elements out, the axis holds ${size}`)
  const edge = (index: number, width: number): Tensor =>
    expand(
      slice(x, at, index, index + 1),
      x.shape.map((s, i) => (i === at ? width : s)),
    )
  const [front, back] = {
    reflect: (): [Tensor, Tensor] => [flip(slice(x, at, 1, 1 + before), at), flip(slice(x, at, size - 1 - after, size - 1), at)],
    wrap: (): [Tensor, Tensor] => [slice(x, at, size - before, size), slice(x, at, 0, after)],
    edge: (): [Tensor, Tensor] => [edge(0, before), edge(size - 1, after)],
  }[mode]()
  return concat([...(before ? [front] : []), x, ...(after ? [back] : [])], at)
}

const flipOp: Op<{ readonly axis: number }> = {
  name: 'flip',
  sinks: 'axis',
  infer: ([x]) => [x as Tensor],
  emit: (emitter, node) =>
    emitter.node('Slice', [node.input(0), ...[-1, Number.MIN_SAFE_INTEGER, node.attributes.axis, -1].map((at) => emitter.sizes([at]))]),
  gradient: ([g], node) => [() => flip(g as Tensor, node.attributes.axis)],
}

/** The elements along an axis in reverse order. */
export const flip = (x: Tensor, axis: number): Tensor => apply(flipOp, [x], { axis: normaliseAxis(axis, x.rank, 'flip', x.shape, x.where) })

/** Moves the elements along an axis by `shift` places; what leaves at one end enters at the other. */
export function roll(x: Tensor, shift: number, axis: number): Tensor {
  const size = x.size(axis)
  const by = size === 0 ? 0 : ((shift % size) + size) % size
  return by === 0 ? x : concat([slice(x, axis, size - by, size), slice(x, axis, 0, size - by)], axis)
}

/** Repeats the whole tensor along each axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (!repeats.every((count) => Number.isInteger(count) && count >= 0))
    failure('tile', [x])(`[${repeats.join(', ')}] are not whole numbers`)
  if (repeats.length !== x.rank) failure('tile', [x])(`${repeats.length} repeats are given for ${x.rank} axes`)
  const interleaved = x.shape.flatMap((size) => [1, size])
  const stretched = x.shape.flatMap((size, i) => [repeats[i] as number, size])
  return reshape(
    expand(reshape(x, interleaved), stretched),
    x.shape.map((size, i) => times(size, repeats[i] as number)),
  )
}

/** Repeats every element `count` times in place along an axis: [a, b] becomes [a, a, b, b]. */
export function repeatInterleave(x: Tensor, count: number, axis: number): Tensor {
  const at = normaliseAxis(axis, x.rank, 'repeat', x.shape, x.where)
  const wide = expand(unsqueeze(x, at + 1), [...x.shape.slice(0, at + 1), count, ...x.shape.slice(at + 1)])
  return reshape(
    wide,
    x.shape.map((size, i) => (i === at ? times(size, count) : size)),
  )
}

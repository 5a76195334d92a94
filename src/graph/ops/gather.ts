import { type Dimension, isStatic, sameSize } from '../dimension.js'
import type { DType } from '../dtype.js'
import { array } from '../ndarray.js'
import { apply, type Fail, failure, type Op } from '../node.js'
import { elements, isStaticShape, normaliseAxis, type Shape, sameShape } from '../shape.js'
import { Tensor } from '../tensor.js'
import { constant } from './constant.js'
import { full, range, sizeOf } from './creation.js'
import { where } from './elementwise.js'
import { reshape, stack, unsqueeze } from './shaping.js'

function requireIndices(indices: Tensor, fail: Fail): void {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32') fail(`the indices hold ${indices.dtype}`, "Cast them to 'int64'")
}

const gatherOp: Op<{ readonly axis: number }> = {
  name: 'gather',
  verb: 'gather from … at …',
  infer: ([x, indices], { axis }, fail) => {
    requireIndices(indices as Tensor, fail)
    const { dtype, shape } = x as Tensor
    return [{ dtype, shape: [...shape.slice(0, axis), ...(indices as Tensor).shape, ...shape.slice(axis + 1)] }]
  },
  emit: (emitter, node) => emitter.node('Gather', node.inputs, { axis: node.attributes.axis }),
  gradient: ([g], node) => [() => scatterRows(g as Tensor, node.input(0), node.input(1), node.attributes.axis)],
}

/** Whole slices of `x` along an axis, chosen by a tensor of indices whose shape takes the axis' place. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply(gatherOp, [x, indices], { axis: normaliseAxis(axis, x.rank, 'gather from', x.shape, x.where) })

/** Rows of a table [vocabulary, width]: `indices` of any shape give [...indices, width]. */
export const embedding = (table: Tensor, indices: Tensor): Tensor => gather(table, indices, 0)

/** Up to this many rows a product with one-hot rows, which runs on all cores, is faster than adding one element after another. */
const fewRows = 256

/** The adjoint of `gather`: adds the slices of `g` into zeros of the table's shape. */
function scatterRows(g: Tensor, table: Tensor, indices: Tensor, axis: number): Tensor {
  const order = table.shape.map((_, i) => i)
  const front = [axis, ...order.filter((i) => i !== axis)]
  const rank = indices.shape.length
  const moved = g.transpose([
    ...indices.shape.map((_, i) => axis + i),
    ...g.shape.map((_, i) => i).filter((i) => i < axis || i >= axis + rank),
  ])
  const shape = front.map((i) => table.shape[i] as Dimension)
  const [rows, ...rest] = shape as [Dimension, ...Dimension[]]
  const back = order.map((i) => front.indexOf(i))
  if (!isStatic(rows) || rows > fewRows || g.dtype !== 'float32')
    return scatterNd(full(shape, 0, g.dtype), unsqueeze(indices, -1), moved, 'add').transpose(back)
  const count = elements(indices.shape)
  const chosen = oneHot(wrapped(reshape(indices, [count]), rows), rows, g.dtype)
  return chosen
    .matmul(reshape(moved, [count, elements(rest)]), { transposeA: true })
    .reshape(shape)
    .transpose(back)
}

/** Positions counted from the front, where negative ones count from the back. */
const wrapped = (indices: Tensor, sizes: Dimension | Tensor): Tensor =>
  where(indices.less(0), indices.add(sizes instanceof Tensor ? sizes : sizeOf(sizes, indices.dtype)), indices)

export type ScatterMode = 'set' | 'add'

/** How many leading axes of the data one row of indices goes through. */
function depthOf(data: Tensor, indices: Tensor, fail: Fail): number {
  const depth = indices.rank > 0 ? indices.size(-1) : 0
  if (depth < 1 || depth > data.rank) fail(`the last axis of the indices names ${depth} axes, the tensor has ${data.rank}`)
  return depth
}

const inferScatterNd: Op<null>['infer'] = ([x, indices, updates], _, fail) => {
  requireIndices(indices as Tensor, fail)
  const [data, at, from] = [x as Tensor, indices as Tensor, updates as Tensor]
  const depth = depthOf(data, at, fail)
  const wanted = [...at.shape.slice(0, -1), ...data.shape.slice(depth)]
  if (from.dtype !== data.dtype) fail(`the updates hold ${from.dtype}`)
  if (!sameShape(wanted, from.shape)) fail(`the updates must have shape [${wanted.join(', ')}], they have [${from.shape.join(', ')}]`)
  return [data]
}

const scatterSetOp: Op<null> = {
  name: 'scatterNd',
  verb: 'scatter into … at … the updates …',
  infer: inferScatterNd,
  emit: (emitter, node) => emitter.node('ScatterND', [node.input(0), emitter.int64(node.input(1)), node.input(2)]),
  gradient: ([g], node) => [
    () => scatterNd(g as Tensor, node.input(1), full(node.input(2).shape, 0, g?.dtype)),
    undefined,
    () => gatherNd(g as Tensor, node.input(1)),
  ],
}

const scatterAddOp: Op<null> = {
  name: 'scatterNd add',
  verb: 'scatter into … at … the updates …',
  infer: inferScatterNd,
  emit: (emitter, node) => emitter.node('ScatterND', [node.input(0), emitter.int64(node.input(1)), node.input(2)], { reduction: 'add' }),
  // On a processor, threads that meet at one place lose each other's additions (ONNX Runtime 1.30: of 20,000 additions to three
  // rows, 17,000 arrived).
  supported: ({ device }) => device !== 'cpu' && device !== 'wasm',
  decompose: ([x, indices, updates]) => {
    const [data, at, from] = [x as Tensor, indices as Tensor, updates as Tensor]
    const depth = at.size(-1)
    const [leading, width] = [data.shape.slice(0, depth), elements(data.shape.slice(depth))]
    const row = flatPositions(at.cast('int64'), leading) // [updates]
    const place = unsqueeze(row.mul(sizeOf(width)), -1).add(range(width)) // [updates, width]
    const flat = (t: Tensor): Tensor => reshape(t, [elements(t.shape)])
    return [reshape(scatterElements(flat(data), flat(place), flat(from), 0, 'add'), data.shape)]
  },
  gradient: ([g], node) => [g, undefined, () => gatherNd(g as Tensor, node.input(1))],
}

/** Rows of positions in several axes as positions in the flattened axes. */
function flatPositions(rows: Tensor, shape: Shape): Tensor {
  const vector = (sizes: Shape): Tensor =>
    isStaticShape(sizes) ? constant(array(sizes, { dtype: 'int64' })) : stack(sizes.map((size) => sizeOf(size)))
  const strides = shape.map((_, i) => elements(shape.slice(i + 1)))
  return wrapped(rows, vector(shape)).mul(vector(strides)).sum(-1)
}

/**
 * `x` with slices replaced or added: row `indices[i]` (a position in the first axes of x, along the last axis of `indices`)
 * receives `updates[i]`. With 'set', indices must not repeat.
 */
export const scatterNd = (x: Tensor, indices: Tensor, updates: Tensor, mode: ScatterMode = 'set'): Tensor =>
  apply(mode === 'add' ? scatterAddOp : scatterSetOp, [x, indices, updates], null)

const gatherNdOp: Op<null> = {
  name: 'gatherNd',
  verb: 'gather from … at …',
  infer: ([x, indices], _, fail) => {
    requireIndices(indices as Tensor, fail)
    const [data, at] = [x as Tensor, indices as Tensor]
    return [{ dtype: data.dtype, shape: [...at.shape.slice(0, -1), ...data.shape.slice(depthOf(data, at, fail))] }]
  },
  emit: (emitter, node) => emitter.node('GatherND', [node.input(0), emitter.int64(node.input(1))]),
  gradient: ([g], node) => [() => scatterNd(full(node.input(0).shape, 0, node.input(0).dtype), node.input(1), g as Tensor, 'add')],
}

/** Slices at positions in several leading axes at once: `indices` [..., depth]. */
export const gatherNd = (x: Tensor, indices: Tensor): Tensor => apply(gatherNdOp, [x, indices], null)

const gatherElementsOp: Op<{ readonly axis: number }> = {
  name: 'gatherElements',
  verb: 'gather elements from … at …',
  infer: ([x, indices], { axis }, fail) => {
    const [data, at] = [x as Tensor, indices as Tensor]
    requireIndices(at, fail)
    if (at.rank !== data.rank) fail('the indices need as many axes as the tensor')
    for (const [i, size] of at.shape.entries()) {
      const limit = data.shape[i] as Dimension
      if (i !== axis && isStatic(size) && isStatic(limit) && size > limit) fail(`the indices reach beyond axis ${i}`)
    }
    return [{ dtype: data.dtype, shape: at.shape }]
  },
  emit: (emitter, node) => emitter.node('GatherElements', node.inputs, { axis: node.attributes.axis }),
  gradient: ([g], node) => [
    () => scatterElements(full(node.input(0).shape, 0, node.input(0).dtype), node.input(1), g as Tensor, node.attributes.axis, 'add'),
  ],
}

/** Single elements along an axis: `out[i][j] = x[i][indices[i][j]]` for the last axis. */
export const gatherElements = (x: Tensor, indices: Tensor, axis = -1): Tensor =>
  apply(gatherElementsOp, [x, indices], { axis: normaliseAxis(axis, x.rank, 'gather elements from', x.shape, x.where) })

const scatterElementsOp: Op<{ readonly axis: number; readonly mode: ScatterMode }> = {
  name: 'scatterElements',
  verb: 'scatter elements into … at … the updates …',
  infer: ([x, indices, updates], _, fail) => {
    requireIndices(indices as Tensor, fail)
    const [data, at, from] = [x as Tensor, indices as Tensor, updates as Tensor]
    if (from.dtype !== data.dtype) fail(`the updates hold ${from.dtype}`)
    if (at.rank !== data.rank) fail('the indices need as many axes as the tensor')
    if (at.rank !== from.rank || !at.shape.every((size, i) => sameSize(size, from.shape[i] as Dimension)))
      fail('the updates need the shape of the indices')
    return [data]
  },
  emit: (emitter, node) => {
    const { axis, mode } = node.attributes
    if (mode === 'set') return emitter.node('ScatterElements', node.inputs, { axis })
    const [data, at, from] = node.inputs as [Tensor, Tensor, Tensor]
    if (data.dtype !== 'float16') return emitter.node('ScatterElements', [data, at, from], { axis, reduction: 'add' })
    // ONNX Runtime adds no halves.
    const [wide, more] = [data, from].map((x) => emitter.node('Cast', [x], { to: emitter.elementType('float32') })[0] as string)
    const added = emitter.node('ScatterElements', [wide as string, at, more as string], { axis, reduction: 'add' })
    return emitter.node('Cast', added, { to: emitter.elementType('float16') })
  },
  gradient: ([g], node) => {
    const { axis, mode } = node.attributes
    return [
      () => (mode === 'add' ? g : scatterElements(g as Tensor, node.input(1), full(node.input(2).shape, 0, g?.dtype), axis, 'set')),
      undefined,
      () => gatherElements(g as Tensor, node.input(1), axis),
    ]
  },
}

/** `x` with single elements along an axis replaced or added: `out[i][indices[i][j]] = updates[i][j]` for the last axis. */
export const scatterElements = (x: Tensor, indices: Tensor, updates: Tensor, axis = -1, mode: ScatterMode = 'set'): Tensor =>
  apply(scatterElementsOp, [x, indices, updates], { axis: normaliseAxis(axis, x.rank, 'scatter elements into', x.shape, x.where), mode })

/** A new last axis of `classes` elements: 1 at the index, 0 elsewhere. */
export function oneHot(indices: Tensor, classes: number, dtype: DType = 'float32'): Tensor {
  requireIndices(indices, failure('encode', [indices]))
  const row = reshape(range(classes).cast(indices.dtype), [...indices.shape.map(() => 1), classes])
  return unsqueeze(indices, -1).equal(row).cast(dtype)
}

import { type Dimension, isStatic } from '../dimension.js'
import type { Node } from '../node.js'
import { apply } from '../node.js'
import { elements, isStaticShape } from '../shape.js'
import type { Tensor } from '../tensor.js'

/**
 * Moves a transpose behind the operation that reads it: `f(transpose(x))` becomes `transpose(f(x))` where f treats all axes
 * alike or can be told the axis in the other order. Transposes sink until they meet their inverse and vanish, so a network
 * written channels-first runs from convolution to convolution in the layout that the products want.
 */
export function sinkTranspose(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [first] = inputs
  if (!first) return undefined
  const { axis, axes } = (node.attributes ?? {}) as { axis?: number; axes?: readonly number[] }
  if (node.op.elementwise) return sinkElementwise(node, inputs)
  const order = orderOf(first)
  if (!order) return undefined
  switch (node.op.sinks) {
    case 'axes':
      return underneath(node, [first], { axes: axes?.map((at) => order[at]) }, order)
    case 'axis':
      if (!inputs.every((input) => orderOf(input)?.join() === order.join())) return undefined
      return underneath(node, inputs, { ...(node.attributes as object), axis: order[axis as number] }, order)
    case 'shape': {
      const { shape } = node.attributes as { shape: readonly Dimension[] }
      if (shape.length !== first.rank) return undefined
      return underneath(node, [first], { shape: inverse(order).map((at) => shape[at]) }, order)
    }
    case 'groups':
      return sinkGroups(node, first, order)
    default:
      return undefined
  }
}

function sinkElementwise(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const { shape } = node.output
  if (!isStaticShape(shape)) return undefined
  const whole = (x: Tensor): boolean => x.shape.join() === shape.join()
  const order = inputs.map((input) => (whole(input) ? orderOf(input) : undefined)).find((found) => found !== undefined)
  if (!order) return undefined
  const turned = inputs.map((input): Tensor | undefined => {
    if (input.rank === 0) return input
    const own = orderOf(input)
    if (own?.join() === order.join()) return input.node.input(0)
    // A vector along the channels turns for nothing; a whole array of another order would only move the cost elsewhere.
    const small = (elements(input.shape) as number) * 8 <= (elements(shape) as number)
    return small ? input.reshape([...shape.map(() => 1).slice(input.rank), ...input.shape]).transpose(inverse(order)) : undefined
  })
  if (turned.some((input) => !input)) return undefined
  return apply(node.op, turned as Tensor[], node.attributes).transpose(order)
}

/**
 * A reshape that splits axes, joins them or adds axes of size 1 can go first if the axes that it joins are neighbours there too.
 * Resizing by repetition is such a split and join around an expansion.
 */
function sinkGroups(node: Node, first: Tensor, order: readonly number[]): Tensor | undefined {
  const groups = axisGroups(first.shape, node.output.shape)
  if (!groups?.every(({ from }) => together(from, order))) return undefined
  const before = groups.toSorted((a, b) => (order[a.from[0]] as number) - (order[b.from[0]] as number))
  const axes = before.flatMap(({ to }) => range(to)) // of the result, in the order in which they lie in memory
  const turned = node.output.shape.map((_, axis) => axes.indexOf(axis))
  return first.node
    .input(0)
    .reshape(axes.map((axis) => node.output.shape[axis] as Dimension))
    .transpose(turned)
}

/** A transpose behind a reshape behind a transpose: the two become one in front of the reshape, if that parts no axes that it made of one. */
export function joinTransposes(node: Node, reshaped: Tensor): Tensor | undefined {
  const first = reshaped.node.op.sinks === 'groups' ? reshaped.node.input(0) : undefined
  if (!first || !orderOf(first)) return undefined
  const { order } = node.attributes as { order: readonly number[] }
  const places = inverse(order)
  const groups = axisGroups(first.shape, reshaped.shape)
  if (!groups?.every(({ to }) => together(to, places))) return undefined
  const after = groups.toSorted((a, b) => (places[a.to[0]] as number) - (places[b.to[0]] as number))
  return first.transpose(after.flatMap(({ from }) => range(from))).reshape(node.output.shape)
}

/** Whether axes stay neighbours, in their order, when each goes to its place. */
const together = ([start, end]: Range, places: readonly number[]): boolean =>
  places.slice(start, end).every((place, i) => place === (places[start] as number) + i)

type Range = readonly [start: number, end: number]

const range = ([start, end]: Range): number[] => Array.from({ length: end - start }, (_, i) => start + i)

/** Axes [start, end) of one shape that hold the same elements as axes [start, end) of another. */
interface AxisGroup {
  readonly from: Range
  readonly to: Range
}

/** The finest division of a reshape into groups; axes of size 1 belong to the group before them. */
function axisGroups(from: readonly Dimension[], to: readonly Dimension[]): AxisGroup[] | undefined {
  if (!isStaticShape(from) || !isStaticShape(to) || elements(from) === 0) return undefined
  const groups: AxisGroup[] = []
  let [i, j] = [0, 0]
  while (i < from.length) {
    const [startFrom, startTo] = [i, j]
    let [left, right] = [from[i++] as number, 1]
    while (left !== right || j === startTo) {
      if (left < right) left *= from[i++] as number
      else if (j < to.length) right *= to[j++] as number
      else return undefined // only axes of size 1 that vanish are left
    }
    while (j < to.length && to[j] === 1) j++
    groups.push({ from: [startFrom, i], to: [startTo, j] })
  }
  return groups
}

const underneath = (node: Node, inputs: readonly Tensor[], attributes: object, order: readonly number[]): Tensor =>
  apply(
    node.op,
    inputs.map((input) => input.node.input(0)),
    attributes as unknown,
  ).transpose(order)

const orderOf = (x: Tensor): readonly number[] | undefined =>
  x.node.op.name === 'transpose' ? (x.node.attributes as { order: readonly number[] }).order : undefined

const inverse = (order: readonly number[]): readonly number[] => order.map((_, axis) => order.indexOf(axis))

/** A transpose that only moves axes of size 1 is a reshape, which costs nothing. */
export function transposeAsReshape(node: Node, x: Tensor): Tensor | undefined {
  const { order } = node.attributes as { order: readonly number[] }
  const moving = order.filter((axis) => !(isStatic(x.shape[axis] as Dimension) && x.shape[axis] === 1))
  return moving.every((axis, i) => i === 0 || axis > (moving[i - 1] as number)) ? x.reshape(node.output.shape) : undefined
}

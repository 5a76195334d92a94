import { apply, type Node } from '../node.js'
import { uniformValue } from '../ops/constant.js'
import { type MatmulAttributes, matmul } from '../ops/linear-algebra.js'
import { expand } from '../ops/shaping.js'
import { sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { joinTransposes, sinkTranspose, transposeAsReshape } from './layout.js'

/**
 * A simpler tensor with the same values, or undefined. Only exact identities of floating-point arithmetic belong here
 * (x·1 = x, but not x·0 = 0, which is wrong for NaN and infinity).
 */
export function identities(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  return simpler(node, inputs) ?? withoutExpand(node, inputs) ?? sinkTranspose(node, inputs)
}

function simpler(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [a, b] = inputs as [Tensor, Tensor]
  const same = (candidate: Tensor): Tensor | undefined => (sameShape(candidate.shape, node.output.shape) ? candidate : undefined)
  switch (node.op.name) {
    case 'add':
      if (uniformValue(b) === 0) return same(a)
      if (uniformValue(a) === 0) return same(b)
      return undefined
    case 'sub':
      return uniformValue(b) === 0 ? same(a) : undefined
    case 'mul':
      if (uniformValue(b) === 1) return same(a)
      if (uniformValue(a) === 1) return same(b)
      return undefined
    case 'matmul':
      return foldTransposes(node as Node<MatmulAttributes>, a, b)
    case 'div':
      return uniformValue(b) === 1 ? same(a) : undefined
    case 'neg':
      return a.node.op === node.op ? a.node.input(0) : undefined
    case 'reshape': {
      const source = a.node.op === node.op ? a.node.input(0) : a
      if (sameShape(source.shape, node.output.shape)) return source
      return source === a ? undefined : source.reshape(node.output.shape)
    }
    case 'transpose': {
      if (a.node.op !== node.op) return transposeAsReshape(node, a) ?? joinTransposes(node, a)
      const [outer, inner] = [orderOf(node), orderOf(a.node)]
      return a.node.input(0).transpose(outer.map((axis) => inner[axis] as number))
    }
    default:
      return undefined
  }
}

const orderOf = (node: Node): readonly number[] => (node.attributes as { order: readonly number[] }).order

/** Element-wise operations broadcast by themselves: stretch the result if need be, not the operands. */
function withoutExpand(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  if (!node.op.elementwise) return undefined
  const sources = inputs.map((input) => (input.node.op.name === 'expand' ? input.node.input(0) : input))
  if (sources.every((source, i) => source === inputs[i])) return undefined
  return expand(apply(node.op, sources, node.attributes), node.output.shape)
}

/** A transpose of the last two axes in front of a product becomes a flag of the product. */
function foldTransposes(node: Node<MatmulAttributes>, a: Tensor, b: Tensor): Tensor | undefined {
  const [left, right] = [untransposed(a), untransposed(b)]
  if (!left && !right) return undefined
  return matmul(left ?? a, right ?? b, {
    transposeA: node.attributes.transposeA !== (left !== undefined),
    transposeB: node.attributes.transposeB !== (right !== undefined),
  })
}

function untransposed(x: Tensor): Tensor | undefined {
  if (x.node.op.name !== 'transpose') return undefined
  const order = orderOf(x.node)
  const last = order.length - 1
  const swapsLastTwo = order.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i))
  return swapsLastTwo ? x.node.input(0) : undefined
}

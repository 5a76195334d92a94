import { pullBack } from '../gradients.js'
import { array } from '../ndarray.js'
import { apply, Node, nodesOf, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { isConstant, isPlaceholder } from './constant.js'

/**
 * The values of `x`, but not before `after` is known: what is computed from it cannot be merged with what was computed from x
 * earlier, nor scheduled ahead of it. It is a reshape whose target shape is read, times zero, from an element of `after`, so no
 * element is copied and no optimiser can see through it.
 */
const barrierOp: Op<null> = {
  name: 'barrier',
  infer: ([x]) => [x as Tensor],
  emit: (emitter, node) => {
    const [x, after] = node.inputs as [Tensor, Tensor]
    const [flat] = emitter.node('Reshape', [after, emitter.sizes([-1])])
    const [element] = emitter.node('Slice', [flat as string, emitter.sizes([0]), emitter.sizes([1]), emitter.sizes([0])])
    const [whole] = emitter.node('Cast', [element as string], { to: emitter.elementType('int64') })
    const [zero] = emitter.node('Mul', [whole as string, ...emitter.constant(array([0], { dtype: 'int64' }))])
    const [shape] = emitter.node('Add', [zero as string, emitter.sizes(x.shape)])
    return emitter.node('Reshape', [x, shape as string], { allowzero: 1 })
  },
  gradient: ([g]) => [g],
}

/** The result of a function whose inner values are forgotten. The inputs behind the first are all that it was computed from. */
const recomputeOp: Op<{ readonly inner: readonly Node[] }> = {
  name: 'recompute',
  infer: ([y]) => [y as Tensor],
  transparent: true,
  gradient: ([g], { inputs: [y, ...from], attributes: { inner } }) => {
    const upstream = g as Tensor
    const again = new Map<Tensor, Tensor>()
    const start = from.map((x) => (isPlaceholder(x) || isConstant(x) ? x : apply(barrierOp, [x, upstream], null)))
    for (const [i, x] of from.entries()) again.set(x, start[i] as Tensor)
    for (const node of inner) {
      const inputs = node.inputs.map((input) => again.get(input) ?? input)
      const copy = inputs.every((input, i) => input === node.inputs[i])
        ? node
        : new Node(node.op, inputs, node.attributes, node.outputs, node.where)
      node.outputs.forEach((output, i) => void again.set(output, copy.outputs[i] as Tensor))
    }
    return [undefined, ...pullBack([again.get(y as Tensor) as Tensor], [upstream], start)]
  },
}

/**
 * Trades time for memory (Chen et al. 2016, section 4): the function's inner values are not kept for the gradient but computed
 * again from its inputs when the gradient arrives. Wrap the blocks of a deep network in it.
 *
 *     x = recompute((h: Tensor) => block(scope.at('layers', i), h))(x)
 */
export function recompute<Inputs extends readonly Tensor[]>(fn: (...inputs: Inputs) => Tensor): (...inputs: Inputs) => Tensor {
  return (...inputs) => {
    const given = new Set<Tensor>(inputs)
    const before = Math.max(...inputs.map(({ node }) => node.id))
    const y = fn(...inputs)
    // Parameters reach the function through its closure: what it reads of older or given tensors is an input, too.
    const older = (tensor: Tensor): boolean => given.has(tensor) || tensor.node.id <= before || isPlaceholder(tensor) || isConstant(tensor)
    const boundary = new Set<Tensor>()
    const found = new Set<Node>()
    const visit = (tensor: Tensor): void => {
      if (older(tensor)) boundary.add(tensor)
      else if (!found.has(tensor.node)) {
        found.add(tensor.node)
        tensor.node.inputs.forEach(visit)
      }
    }
    visit(y)
    const inner = nodesOf([y], boundary).filter((node) => found.has(node))
    return found.size === 0 ? y : apply(recomputeOp, [y, ...boundary], { inner })
  }
}

import { isFloat } from './dtype.js'
import { GeneraError } from './errors.js'
import { scalar } from './ndarray.js'
import { type Node, nodesOf } from './node.js'
import { constant } from './ops/constant.js'
import { value } from './ops/define.js'
import { sumTo } from './ops/reduce.js'
import { expand } from './ops/shaping.js'
import { sameShape } from './shape.js'
import { Tensor } from './tensor.js'
import { flatten, type Tree } from './tree.js'

/**
 * The gradients of one tensor with respect to others, in reverse mode: new tensors in the same program, so a gradient can be
 * differentiated again. `wrt` are cut points: the walk stops there, whatever they were computed from.
 *
 * @param of a scalar, or any tensor when `upstream` gives the gradient that arrives at it.
 */
export function gradients(of: Tensor, wrt: readonly Tensor[], upstream?: Tensor): Tensor[] {
  if (!upstream && of.rank !== 0)
    throw new GeneraError(
      'gradient',
      `Cannot take the gradient of a tensor of shape [${of.shape.join(', ')}]: a loss is one number`,
      'Take its mean() or sum(), or pass the upstream gradient',
    )
  if (!isFloat(of.dtype))
    throw new GeneraError('gradient', `Cannot take the gradient of a tensor of ${of.dtype}`, 'Only floating-point losses have one')
  if (upstream && !sameShape(upstream.shape, of.shape))
    throw new GeneraError(
      'gradient',
      `Cannot pull a gradient of shape [${upstream.shape.join(', ')}] back through a tensor of shape [${of.shape.join(', ')}]`,
      'The upstream gradient has the shape of the tensor that it arrives at',
    )
  return pullBack([of], [upstream ?? constant(scalar(1, of.dtype))], wrt).map(
    (found, i) => found ?? expand(constant(scalar(0, (wrt[i] as Tensor).dtype)), (wrt[i] as Tensor).shape),
  )
}

/**
 * The vector-Jacobian product: what arrives at each of `wrt` when `upstream` arrives at `outputs`; undefined where nothing does.
 * `given` are further tensors at which the walk may end.
 */
export function pullBack(
  outputs: readonly Tensor[],
  upstream: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  given: readonly Tensor[] = wrt,
): (Tensor | undefined)[] {
  const cut = new Set(wrt)
  const nodes = nodesOf(outputs, new Set(given))
  const active = new Set<Tensor>(wrt)
  for (const node of nodes)
    if (node.inputs.some((input) => active.has(input))) for (const output of node.outputs) if (isFloat(output.dtype)) active.add(output)

  const arrived = new Map<Tensor, Tensor>()
  const arrive = (at: Tensor, gradient: Tensor | undefined): void => {
    if (!gradient || !active.has(at)) return
    const fitting = sameShape(gradient.shape, at.shape) ? gradient : sumTo(gradient, at.shape)
    const before = arrived.get(at)
    arrived.set(at, before ? before.add(fitting) : fitting)
  }
  outputs.forEach((output, i) => {
    arrive(output, upstream[i])
  })

  for (const node of nodes.reverse()) {
    const here = node.outputs.map((output) => (cut.has(output) ? undefined : arrived.get(output)))
    if (here.every((gradient) => !gradient)) continue
    inputGradients(node, here, active).forEach((gradient, i) => {
      arrive(node.input(i), gradient)
    })
  }
  return wrt.map((tensor) => arrived.get(tensor))
}

function inputGradients(
  node: Node,
  upstream: readonly (Tensor | undefined)[],
  active: ReadonlySet<Tensor>,
): readonly (Tensor | undefined)[] {
  const asked = node.inputs.map((input) => active.has(input))
  if (node.op.gradient) return node.op.gradient(upstream, node).map((gradient, i) => (asked[i] ? value(gradient) : undefined))
  if (!node.op.decompose) return []
  // A composite operation without a rule of its own: through its parts, which then replace it.
  const distinct = [...new Set(node.inputs.filter((_, i) => asked[i]))]
  const found = pullBack(node.parts(), upstream, distinct, node.inputs)
  return node.inputs.map((input, i) => (node.inputs.indexOf(input) === i ? found[distinct.indexOf(input)] : undefined))
}

/** A tree of tensors, as parameters usually come. */
export type TensorTree = Tree<Tensor>

/** Returns a function that gives the gradients of `fn` in its first argument, as a tree of the same form. */
export function grad<P extends TensorTree, Rest extends readonly unknown[]>(
  fn: (parameters: P, ...rest: Rest) => Tensor,
): (parameters: P, ...rest: Rest) => P {
  const both = valueAndGrad(fn)
  return (parameters, ...rest) => both(parameters, ...rest).gradients
}

/** Like `grad`, with the value too. `fn` may return extra results beside the loss: `[loss, extras]`. */
export function valueAndGrad<P extends TensorTree, Rest extends readonly unknown[], R extends Tensor | readonly [Tensor, unknown]>(
  fn: (parameters: P, ...rest: Rest) => R,
): (parameters: P, ...rest: Rest) => { value: R; gradients: P } {
  return (parameters, ...rest) => {
    const result = fn(parameters, ...rest)
    const loss = (Array.isArray(result) ? result[0] : result) as Tensor
    const { leaves, rebuild } = flatten<Tensor, P>(parameters, (leaf) => leaf instanceof Tensor)
    return { value: result, gradients: rebuild(gradients(loss, leaves)) as P }
  }
}

import { sameSize } from '../dimension.js'
import { apply, applyAll, Node, nodesOf, type Op, type Target } from '../node.js'
import { gelu, geluTanh } from '../ops/activations.js'
import { layerNormalise } from '../ops/normalisation.js'
import { sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { joinProduct } from './products.js'

/** `gelu(x + bias)` in one pass over the array instead of two. */
const biasGeluOp: Op<{ readonly tanh: boolean }> = {
  name: 'bias gelu',
  infer: ([x]) => [x as Tensor],
  emit: (emitter, node) => emitter.node(node.attributes.tanh ? 'FastGelu' : 'BiasGelu', node.inputs, {}, { domain: 'com.microsoft' }),
  decompose: ([x, bias], { tanh }) => [(tanh ? geluTanh : gelu)((x as Tensor).add(bias as Tensor))],
}

/** `layerNormalise(a + b)` and the sum itself, which the next residual connection reads. */
const skipLayerNormOp: Op<{ readonly epsilon: number }> = {
  name: 'skip layer norm',
  infer: ([a]) => [a as Tensor, a as Tensor],
  emit: (emitter, node) => {
    const [y, , , sum] = emitter.node(
      'SkipLayerNormalization',
      node.inputs,
      { epsilon: node.attributes.epsilon },
      { outputs: 4, domain: 'com.microsoft' },
    )
    return [y as string, sum as string]
  },
  decompose: ([a, b, scale, bias], { epsilon }) => {
    const sum = (a as Tensor).add(b as Tensor)
    return [layerNormalise(sum, scale as Tensor, bias as Tensor, epsilon), sum]
  },
}

/**
 * Joins neighbours that ONNX Runtime has one kernel for. It runs last, after differentiation and simplification, so it sees
 * which inner values are really read; what is joined here keeps its plain form as its parts.
 */
export function fuse(outputs: readonly Tensor[], inputs: readonly Tensor[], target: Target): Tensor[] {
  if (!target.fuse) return [...outputs]
  // Measured on two cores: bias and GELU joined take half the time, SkipLayerNormalization takes three to five times that of its parts.
  const onGpu = target.device !== 'cpu' && target.device !== 'wasm'
  const nodes = nodesOf(outputs, new Set(inputs))
  const readers = new Map<Tensor, number>()
  for (const tensor of [...nodes.flatMap((node) => node.inputs), ...outputs]) readers.set(tensor, (readers.get(tensor) ?? 0) + 1)
  const joined = new Map<Tensor, Tensor>()
  for (const node of nodes) {
    if (node.op.name === 'gelu' || node.op.name === 'gelu tanh') joinBiasGelu(node, readers, joined)
    else if (onGpu && node.op.name === 'layerNormalise') joinSkipLayerNorm(node, readers, joined)
    else joinProduct(node, { readers, joined, target })
  }
  return joined.size === 0 ? [...outputs] : substitute(nodes, outputs, joined)
}

function joinBiasGelu(node: Node, readers: ReadonlyMap<Tensor, number>, joined: Map<Tensor, Tensor>): void {
  const sum = node.input(0)
  if (sum.node.op.name !== 'add' || readers.get(sum) !== 1 || sum.dtype !== 'float32') return
  const [x, bias] = [...sum.node.inputs].sort((a, b) => b.rank - a.rank) as [Tensor, Tensor]
  if (bias.rank !== 1 || !sameShape(x.shape, sum.shape) || !sameSize(bias.shape[0] ?? 0, x.shape.at(-1) ?? 0)) return
  joined.set(node.output, apply(biasGeluOp, [x, bias], { tanh: node.op.name === 'gelu tanh' }))
}

function joinSkipLayerNorm(node: Node, readers: ReadonlyMap<Tensor, number>, joined: Map<Tensor, Tensor>): void {
  const [sum, scale, bias] = node.inputs as [Tensor, Tensor, Tensor]
  const [, ...statistics] = node.outputs
  if (sum.node.op.name !== 'add' || statistics.some((output) => readers.has(output)) || joined.has(sum)) return
  const [a, b] = sum.node.inputs as [Tensor, Tensor]
  if (sum.rank !== 3 || sum.dtype !== 'float32' || !sameShape(a.shape, b.shape)) return
  const [y, total] = applyAll(skipLayerNormOp, [a, b, scale, bias], node.attributes as { epsilon: number }) as [Tensor, Tensor]
  joined.set(node.output, y).set(sum, total)
}

/** The program with some tensors replaced, and everything behind them rebuilt. */
function substitute(nodes: readonly Node[], outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const rebuilt = new Map<Tensor, Tensor>()
  const current = (tensor: Tensor): Tensor => {
    const known = rebuilt.get(tensor)
    if (known) return known
    const { node, index } = replacements.get(tensor) ?? tensor // a replacement may stand on new nodes of its own
    const result = copy(node).outputs[index] as Tensor
    rebuilt.set(tensor, result)
    return result
  }
  const copies = new Map<Node, Node>()
  const copy = (node: Node): Node => {
    const known = copies.get(node)
    if (known) return known
    const inputs = node.inputs.map(current)
    const made = inputs.every((input, i) => input === node.inputs[i])
      ? node
      : new Node(node.op, inputs, node.attributes, node.outputs, node.where)
    copies.set(node, made)
    return made
  }
  for (const node of nodes)
    for (const output of node.outputs)
      rebuilt.set(output, replacements.has(output) ? current(output) : (copy(node).outputs[output.index] as Tensor))
  return outputs.map(current)
}

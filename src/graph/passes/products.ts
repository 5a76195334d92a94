import { type Dimension, sameSize } from '../dimension.js'
import { apply, type Node, type Op, type Target } from '../node.js'
import { uniformValue } from '../ops/constant.js'
import { type MatmulAttributes, matmulOp } from '../ops/linear-algebra.js'
import { matmulNBitsOp, matmulNBitsWithBiasOp, type QuantisedOptions } from '../ops/quantised.js'
import { sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'

interface Product extends MatmulAttributes {
  readonly alpha: number
}

/** `alpha·a·b + bias` in one kernel; the bias is a vector over the columns. */
const scaledProductOp: Op<Product> = {
  name: 'scaled product',
  infer: ([a, b], attributes, fail) => matmulOp.infer([a as Tensor, b as Tensor], attributes, fail),
  emit: (emitter, { inputs, attributes: { transposeA, transposeB, alpha } }) => {
    const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, ...(alpha !== 1 && { alpha }) }
    if (isGemm(inputs[0] as Tensor, inputs[1] as Tensor)) return emitter.node('Gemm', inputs, flags)
    return emitter.node('FusedMatMul', inputs, flags, { domain: 'com.microsoft' })
  },
}

const isGemm = (a: Tensor, b: Tensor): boolean => a.rank === 2 && b.rank === 2

export interface Surroundings {
  /** How many nodes and outputs read each tensor. */
  readonly readers: ReadonlyMap<Tensor, number>
  /** What replaces tensors; grows as neighbours are joined. */
  readonly joined: Map<Tensor, Tensor>
  readonly target: Target
}

/**
 * Joins a product with a factor in front of it or behind it, and with the bias behind it. Measured on two cores: a factor on the
 * scores of 16 × 8 heads over 64 tokens 0.74 ms instead of 0.98 to 1.16, a bias behind 256 × 64 × 256 numbers 0.17 instead of 0.18.
 */
export function joinProduct(node: Node, around: Surroundings): void {
  const { name } = node.op
  if (name === 'matmul') joinFactorBefore(node as Node<MatmulAttributes>, around)
  else if (name === 'mul' || name === 'div') joinFactorBehind(node, around)
  else if (name === 'add') joinBias(node, around)
}

/** The other operand of a multiplication or division by a constant number, and the factor. */
function scaled(node: Node): { x: Tensor; factor: number } | undefined {
  if (node.op.name !== 'mul' && node.op.name !== 'div') return undefined
  const [a, b] = node.inputs as [Tensor, Tensor]
  const candidates: [Tensor, number | undefined][] = [[a, uniformValue(b)]]
  if (node.op.name === 'mul') candidates.push([b, uniformValue(a)])
  for (const [x, value] of candidates)
    if (value !== undefined && sameShape(x.shape, node.output.shape)) return { x, factor: node.op.name === 'div' ? 1 / value : value }
  return undefined
}

const takesFactor = (a: Tensor, b: Tensor, { device }: Target): boolean => a.dtype === 'float32' && (isGemm(a, b) || device !== 'webgpu')

function joinFactorBefore(node: Node<MatmulAttributes>, { joined, target }: Surroundings): void {
  const [a, b] = node.inputs as [Tensor, Tensor]
  if (!takesFactor(a, b, target)) return
  let alpha = 1
  const operands = [a, b].map((operand) => {
    const viewed = operand.node.op.name === 'reshape' ? operand.node.input(0) : operand
    const found = scaled(viewed.node)
    if (!found) return operand
    alpha *= found.factor
    return found.x.reshape(operand.shape)
  })
  if (alpha !== 1) joined.set(node.output, apply(scaledProductOp, operands, { ...node.attributes, alpha }))
}

function joinFactorBehind(node: Node, around: Surroundings): void {
  const found = scaled(node)
  const product = found && productBehind(found.x, around)
  if (!product || product.inputs.length > 2 || !takesFactor(product.input(0), product.input(1), around.target)) return
  const alpha = product.attributes.alpha * found.factor
  const y = apply(scaledProductOp, product.inputs, { ...product.attributes, alpha })
  around.joined.set(node.output, y.reshape(node.output.shape))
}

function joinBias(node: Node, around: Surroundings): void {
  const [x, bias] = [...node.inputs].sort((a, b) => b.rank - a.rank) as [Tensor, Tensor]
  if (!sameShape(x.shape, node.output.shape) || bias.dtype !== 'float32') return
  if (joinChannelBias(node, x, bias, around) || joinQuantisedBias(node, x, bias, around)) return
  const product = productBehind(x, around)
  const columns = x.shape.at(-1) as Dimension
  if (!product || product.inputs.length > 2 || !isGemm(product.input(0), product.input(1))) return
  if (bias.rank !== 1 || !sameSize(bias.shape[0] as Dimension, columns) || !sameSize(columns, product.output.shape.at(-1) as Dimension))
    return
  const y = apply(scaledProductOp, [...product.inputs, bias], product.attributes)
  around.joined.set(node.output, y.reshape(node.output.shape))
}

/** The product that `x` is, alone or under another shape, if nobody else reads it. */
function productBehind(x: Tensor, around: Surroundings): Node<Product> | undefined {
  if ((around.readers.get(x) ?? 1) !== 1) return undefined
  const { node } = around.joined.get(x) ?? x
  if (node.op.name === 'reshape') return productBehind(node.input(0), around)
  if (node.op === (scaledProductOp as Op)) return node as Node<Product>
  if (node.op !== (matmulOp as Op)) return undefined
  const plain = node as Node<MatmulAttributes>
  return apply(scaledProductOp, plain.inputs, { ...plain.attributes, alpha: 1 }).node as Node<Product>
}

const convolutions = new Set(['convolve', 'convolve by products', 'convolve (transposed)'])

/** A number per channel behind a convolution becomes its bias. */
function joinChannelBias(node: Node, x: Tensor, bias: Tensor, { readers, joined }: Surroundings): boolean {
  if (!convolutions.has(x.node.op.name) || x.node.inputs.length > 2 || readers.get(x) !== 1) return false
  const perChannel = [x.shape[1] as Dimension, ...x.shape.slice(2).map(() => 1)]
  if (!sameShape(bias.shape, perChannel) && !sameShape(bias.shape, [1, ...perChannel])) return false
  const wanted = [perChannel[0] as Dimension]
  const given = bias.node.op.name === 'reshape' ? bias.node.input(0) : bias
  const vector = sameShape(given.shape, wanted) ? given : bias.reshape(wanted)
  joined.set(node.output, apply(x.node.op, [...x.node.inputs, vector], x.node.attributes))
  return true
}

/** On processors the kernel for quantised weights adds a bias as it goes. */
function joinQuantisedBias(node: Node, x: Tensor, bias: Tensor, { readers, joined, target }: Surroundings): boolean {
  const { op, inputs, attributes } = x.node
  if (op !== (matmulNBitsOp as Op) || readers.get(x) !== 1 || op.supported?.(target, x.node) === false) return false
  if (target.device !== 'cpu' && target.device !== 'wasm') return false
  if (bias.rank !== 1 || !sameSize(bias.shape[0] as Dimension, x.shape.at(-1) as Dimension)) return false
  joined.set(node.output, apply(matmulNBitsWithBiasOp, [bias, ...inputs], attributes as Required<QuantisedOptions>))
  return true
}

import { NamedSize } from '../dimension.js'
import { fingerprint, numbering } from '../fingerprint.js'
import type { NDArray } from '../ndarray.js'
import { Node, type Op, type Target } from '../node.js'
import { constant, constantArray, isConstant, isPlaceholder } from '../ops/constant.js'
import type { Tensor } from '../tensor.js'
import { executionOrder } from './dissolve.js'
import { identities } from './identities.js'

/** Constants up to this many elements are folded while tracing; larger ones are left to ONNX Runtime's own folding. */
const foldLimit = 4096

/**
 * Rebuilds a program with every node made at most once (common sub-expressions), constants folded, the algebraic identities
 * applied, and composite operations replaced by their parts where they cannot stay whole. Dead nodes disappear because only what the outputs need is rebuilt.
 */
export function simplify(outputs: readonly Tensor[], inputs: readonly Tensor[], target: Target): Tensor[] {
  const rebuilt = new Map<Tensor, Tensor>()
  const known = new Map<string, Node>()
  const number = numbering()
  for (const input of inputs) rebuilt.set(input, input)

  const opaque = (value: object): string => (value instanceof NamedSize ? value.text : number(value))
  const keyOf = (op: Op, newInputs: readonly Tensor[], attributes: unknown): string => {
    let key = number(op)
    for (const input of newInputs) key += ` ${input.node.id}.${input.index}`
    return attributes === null ? key : key + fingerprint(attributes, opaque)
  }

  /** The unique node for an operation on rebuilt inputs. */
  const intern = (op: Op, newInputs: readonly Tensor[], attributes: unknown, original?: Node): Node => {
    const key = keyOf(op, newInputs, attributes)
    const twin = known.get(key)
    if (twin) return twin
    const unchanged = original && newInputs.every((input, i) => input === original.inputs[i])
    const node = unchanged ? original : new Node(op, newInputs, attributes, typesFor(op, newInputs, attributes, original), original?.where)
    known.set(key, node)
    return node
  }

  for (const { node, parts } of executionOrder(outputs, new Set(inputs), target)) {
    const from = (parts ?? node.inputs).map((input) => rebuilt.get(input) as Tensor)
    const to = parts ? from : rebuild(node, from)
    node.outputs.forEach((output, i) => {
      rebuilt.set(output, to[i] as Tensor)
    })
  }
  return outputs.map((output) => rebuilt.get(output) as Tensor)

  /** The outputs of a node on rebuilt inputs, in their simplest form. */
  function rebuild(node: Node, newInputs: readonly Tensor[]): readonly Tensor[] {
    if (node.op.transparent) return [newInputs[0] as Tensor]
    if (isConstant(node.output)) return [internConstant(node)]
    const folded = fold(node, newInputs)
    if (folded) return [internConstant(constant(folded).node)]
    const simpler = node.outputs.length === 1 ? identities(node, newInputs) : undefined
    return simpler
      ? [rebuildTree(simpler, new Set(newInputs.flatMap((input) => [input, ...input.node.inputs])))]
      : intern(node.op, newInputs, node.attributes, node).outputs
  }

  /** A rewrite's result, whose new nodes may be simplified further; `leaves` are tensors that have been rebuilt already. */
  function rebuildTree(tensor: Tensor, leaves: ReadonlySet<Tensor>): Tensor {
    if (leaves.has(tensor) || isPlaceholder(tensor)) return tensor
    const newInputs = tensor.node.inputs.map((input) => rebuildTree(input, leaves))
    return rebuild(tensor.node, newInputs)[tensor.index] as Tensor
  }

  function internConstant(node: Node): Tensor {
    const array = constantArray(node.output)
    const key =
      array && array.byteLength <= 64
        ? `constant ${array.dtype}[${array.shape}]:${array.bytes}`
        : `constant ${number(array ?? (node.attributes as object))}`
    const twin = known.get(key)
    if (twin) return twin.output
    known.set(key, node)
    return node.output
  }
}

function typesFor(op: Op, inputs: readonly Tensor[], attributes: unknown, original: Node | undefined) {
  if (original) return original.outputs
  return op.infer(inputs, attributes, (problem) => {
    throw new Error(`A rewrite made an impossible ${op.name}: ${problem}`)
  })
}

function fold(node: Node, inputs: readonly Tensor[]): NDArray | undefined {
  if (!node.op.evaluate || inputs.length === 0) return undefined
  const arrays = inputs.map(constantArray)
  if (arrays.some((array) => !array || array.length > foldLimit)) return undefined
  return node.op.evaluate(arrays as NDArray[], node.attributes)
}

import type { DType } from './dtype.js'
import { ShapeError } from './errors.js'
import type { NDArray } from './ndarray.js'
import type { Emitter } from './onnx/emitter.js'
import type { Shape } from './shape.js'
import { Tensor } from './tensor.js'

/** What is known of a tensor before the program runs. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/** The gradient with respect to one input: a tensor, nothing, or a thunk that is called only if somebody asks for it. */
export type InputGradient = Tensor | undefined | (() => Tensor | undefined)

/** Throws a ShapeError that names the operation, its inputs' shapes and the scope path. */
export type Fail = (problem: string, hint?: string) => never

/**
 * One operation: its shape rule, its ONNX node and its gradient, side by side.
 *
 * A *composite* operation says with `decompose` how it is built from others. It stays whole, and reaches ONNX Runtime as
 * one fused kernel through `emit`, unless a gradient went through it or the runtime lacks the kernel: then it dissolves
 * into its parts. So every fusion has its plain fallback by construction.
 */
export interface Op<A = unknown> {
  /** What it is called in the graph, stable and unique: rewrite rules go by it. */
  readonly name: string
  /** What an error says it cannot do, when that is not the name: "multiply … by …", where each … stands for an input's shape. */
  readonly verb?: string
  /** The elements are moved, stretched or converted, but not computed with: the place in the model stays the same. */
  readonly moves?: true
  /** Types of the outputs, or a failure that says which rule the inputs break. */
  readonly infer: (inputs: readonly Tensor[], attributes: A, fail: Fail) => readonly TensorType[]
  /** Writes the ONNX nodes and returns the names of the outputs. */
  readonly emit?: (emitter: Emitter, node: Node<A>) => readonly string[]
  /** Whether the target runtime has the kernel that `emit` asks for. Only composite operations may say no. */
  readonly supported?: (target: Target, node: Node<A>) => boolean
  /** At run time the result is the first input itself: the operation only speaks to gradients. */
  readonly transparent?: true
  /** Element i of the result depends on elements i of the (broadcast) inputs alone, and is written after they were read. */
  readonly elementwise?: true
  /** For each output, the input that its kernel may write it over, element by element or as a whole. */
  readonly overwrites?: readonly (number | undefined)[]
  /** Treats all axes alike but for the attribute of this name, or groups of axes, so a transpose can move behind the operation. */
  readonly sinks?: 'axis' | 'axes' | 'shape' | 'groups'
  /** The results built from other operations; what stands behind them is for the gradient to read. */
  readonly decompose?: (inputs: readonly Tensor[], attributes: A) => readonly Tensor[]
  readonly gradient?: (upstream: readonly (Tensor | undefined)[], node: Node<A>) => readonly InputGradient[]
  /** The result on small concrete arrays, for constant folding. */
  readonly evaluate?: (inputs: readonly NDArray[], attributes: A) => NDArray | undefined
}

/** Where an emitted graph will run. */
export interface Target {
  readonly device: 'cpu' | 'wasm' | 'webgpu' | 'cuda' | 'coreml' | 'dml'
  /** Use ONNX Runtime's fused kernels where the target has them. */
  readonly fuse: boolean
}

let created = 0

/** One application of an operation in a traced program. */
export class Node<A = unknown> {
  /** Grows with every node, so inputs always have smaller numbers than the nodes that read them. */
  readonly id: number
  readonly outputs: readonly Tensor[]
  /** How many computing nodes lie between the parameter that `where` names and this one. */
  readonly distance: number
  #parts: readonly Tensor[] | undefined

  constructor(
    readonly op: Op<A>,
    readonly inputs: readonly Tensor[],
    readonly attributes: A,
    types: readonly TensorType[],
    /** The scope path of the nearest parameter upstream. */
    readonly where: string | undefined,
  ) {
    this.id = created++
    const near = nearest(inputs)
    this.distance = near && near.where === where ? near.distance + (op.moves ? 0 : 1) : 0
    this.outputs = types.map((type, index) => new Tensor(this as Node, index, type.dtype, type.shape))
  }

  get output(): Tensor {
    return this.outputs[0] as Tensor
  }

  input(index: number): Tensor {
    return this.inputs[index] as Tensor
  }

  /** The outputs rebuilt from the operation's parts; traced at most once, so that all readers share them. */
  parts(): readonly Tensor[] {
    if (!this.op.decompose) throw new Error(`The operation ${this.op.name} has no parts`)
    this.#parts ??= this.op.decompose(this.inputs, this.attributes)
    return this.#parts
  }

  /** The parts if something has asked for them already. */
  get tracedParts(): readonly Tensor[] | undefined {
    return this.#parts
  }
}

/** The input closest to a named parameter, the one traced last among equals. */
function nearest(inputs: readonly Tensor[]): Node | undefined {
  let found: Node | undefined
  for (const { node } of inputs) {
    if (node.where === undefined) continue
    if (!found || node.distance < found.distance || (node.distance === found.distance && node.id > found.id)) found = node
  }
  return found
}

/** The scope path that best says where an operation with these inputs stands: that of the nearest parameter. */
export const whereabouts = (inputs: readonly Tensor[]): string | undefined => nearest(inputs)?.where

/** `shapes` are given where an operand is not read as it lies, such as a transposed matrix. */
export function failure(operation: string, inputs: readonly Tensor[], shapes: readonly Shape[] = inputs.map(({ shape }) => shape)): Fail {
  return (problem, hint) => {
    throw new ShapeError({ operation, shapes, where: whereabouts(inputs), problem, ...(hint ? { hint } : {}) })
  }
}

/** Adds one application of `op` to the program and returns its outputs. */
export function applyAll<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const types = op.infer(inputs, attributes, failure(op.verb ?? op.name, inputs))
  return new Node(op, inputs, attributes, types, whereabouts(inputs)).outputs
}

/** `applyAll` for the operations with one output. */
export const apply = <A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor => applyAll(op, inputs, attributes)[0] as Tensor

/** Every node that these tensors depend on, inputs before readers. `stopAt` ends the walk at tensors that are given from outside. */
export function nodesOf(outputs: readonly Tensor[], stopAt?: ReadonlySet<Tensor>): Node[] {
  const seen = new Set<Node>()
  const waiting = outputs.filter((tensor) => !stopAt?.has(tensor)).map((tensor) => tensor.node)
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const input of node.inputs) if (!seen.has(input.node) && !stopAt?.has(input)) waiting.push(input.node)
  }
  return [...seen].sort((a, b) => a.id - b.id)
}

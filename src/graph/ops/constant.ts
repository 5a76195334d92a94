import { type DType, dtypes, isFloat } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { isNDArray, type NDArray, scalar } from '../ndarray.js'
import { apply, Node, type Op } from '../node.js'
import type { ByteRegion } from '../region.js'
import type { Shape } from '../shape.js'
import { Tensor } from '../tensor.js'

/** A constant's elements: in memory, or a region of a file that ONNX Runtime reads by itself. */
export type ConstantValue =
  | { readonly array: NDArray }
  | { readonly region: ByteRegion; readonly dtype: DType; readonly shape: readonly number[] }

const constantOp: Op<ConstantValue> = {
  name: 'constant',
  infer: (_, value) => ['array' in value ? { dtype: value.array.dtype, shape: value.array.shape } : value],
  emit: (emitter, node) => ('array' in node.attributes ? emitter.constant(node.attributes.array) : emitter.external(node.attributes)),
  evaluate: (_, value) => ('array' in value ? value.array : undefined),
}

/** A tensor whose elements are known while tracing. */
export const constant = (array: NDArray): Tensor => apply(constantOp, [], { array })

/** A tensor whose elements lie in a file: ONNX Runtime maps them, genera never reads them. `name` is its place in the checkpoint. */
export function fileConstant(region: ByteRegion, dtype: DType, shape: readonly number[], name: string): Tensor {
  return new Node(constantOp, [], { region, dtype, shape }, [{ dtype, shape }], name).output
}

const placeholderOp: Op<{ readonly name: string }> = {
  name: 'placeholder',
  infer: () => [],
  emit: (_, node) => {
    throw new GeneraError('unbound-input', `The program reads "${node.attributes.name}", which is not among its inputs`)
  },
}

/** A tensor that is given when the program runs. Parameters carry their scope path as `where`. */
export function placeholder(
  shape: Shape,
  dtype: DType = 'float32',
  { name = 'input', where }: { name?: string; where?: string } = {},
): Tensor {
  return new Node(placeholderOp, [], { name }, [{ dtype, shape }], where).output
}

export const isConstant = (tensor: Tensor): tensor is Tensor & { node: Node<ConstantValue> } => tensor.node.op === (constantOp as Op)
export const isPlaceholder = (tensor: Tensor): boolean => tensor.node.op === (placeholderOp as Op)

/** The array behind a constant that lies in memory. */
export function constantArray(tensor: Tensor): NDArray | undefined {
  if (!isConstant(tensor)) return undefined
  const value = tensor.node.attributes
  return 'array' in value ? value.array : undefined
}

/** The number that every element of a small constant has, if it is one and the same: lets rewrites see a factor of 1 or a term of 0. */
export function uniformValue(tensor: Tensor): number | undefined {
  const array = constantArray(tensor)
  return array && array.length === 1 ? array.at(0) : undefined
}

/** What element-wise operations take beside tensors: numbers become scalars of the other side's type. */
export type Operand = Tensor | NDArray | number | boolean

/** Makes a tensor of an operand; a plain number takes the element type `like`. */
export function lift(operand: Operand, like: DType = 'float32'): Tensor {
  if (operand instanceof Tensor) return operand
  if (isNDArray(operand)) return constant(operand)
  if (typeof operand === 'boolean') return constant(scalar(operand ? 1 : 0, 'bool'))
  if (!isFloat(like) && !Number.isInteger(operand))
    throw new GeneraError(
      'operand',
      `Cannot use ${operand} beside a tensor of ${like}: it is not a whole number`,
      'Cast the tensor to float32 first',
    )
  if (!isFloat(like) && dtypes[like].kind === 'bool')
    throw new GeneraError(
      'operand',
      `Cannot use the number ${operand} beside a tensor of bool`,
      'Cast the tensor to float32 or int32 first',
    )
  if (!isFloat(like) && scalar(operand, like).item() !== operand)
    throw new GeneraError('operand', `Cannot use ${operand} beside a tensor of ${like}: it is outside that type's range`)
  return constant(scalar(operand, like))
}

const labelOp: Op<null> = {
  name: 'label',
  infer: ([x]) => [x as Tensor],
  transparent: true,
  gradient: ([g]) => [g],
}

/** The same tensor under a scope path, so that errors downstream can name the place. */
export const labelled = (tensor: Tensor, where: string): Tensor => new Node(labelOp, [tensor], null, [tensor], where).output

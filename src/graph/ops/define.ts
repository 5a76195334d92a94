import { type DType, isFloat } from '../dtype.js'
import { elementCount, fill, type NDArray } from '../ndarray.js'
import { apply, type Fail, type InputGradient, type Op } from '../node.js'
import { broadcastShapes, isStaticShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { lift, type Operand } from './constant.js'

// What ONNX Runtime's kernels take: bfloat16 is for storage everywhere, and small integers are for storage in many of them.
export const takesFloats = (dtype: DType): boolean => isFloat(dtype) && dtype !== 'bfloat16'
export const takesNumbers = (dtype: DType): boolean => dtype !== 'bool' && dtype !== 'bfloat16'
export const takesWideNumbers = (dtype: DType): boolean => takesNumbers(dtype) && dtype !== 'uint8' && dtype !== 'int8'

/** Small forms for the two commonest kinds of operation; see `Op` for what each part means. */
interface UnaryRule {
  readonly verb?: string
  readonly onnx: string
  readonly gradient?: (upstream: Tensor, x: Tensor, y: Tensor) => InputGradient
  readonly evaluate?: (x: number) => number
  /** Element types that the operation takes; floating point unless said otherwise. */
  readonly accepts?: (dtype: DType) => boolean
  readonly result?: DType
}

export function unaryOp(name: string, rule: UnaryRule): (x: Tensor) => Tensor {
  const accepts = rule.accepts ?? takesFloats
  const op: Op<null> = {
    name,
    ...(rule.verb && { verb: rule.verb }),
    elementwise: true,
    infer: ([x], _, fail) => {
      const { dtype, shape } = x as Tensor
      if (!accepts(dtype)) fail(`its elements are of type ${dtype}`, 'Cast the tensor first')
      return [{ dtype: rule.result ?? dtype, shape }]
    },
    emit: (emitter, node) => emitter.node(rule.onnx, [node.input(0)]),
    ...(rule.gradient && {
      gradient: ([upstream], node) => [() => value(rule.gradient?.(upstream as Tensor, node.input(0), node.output))],
    }),
    ...(rule.evaluate && { evaluate: ([x]) => mapArrays(rule.result, rule.evaluate as (x: number) => number, x as NDArray) }),
  }
  return (x) => apply(op, [x], null)
}

interface BinaryRule {
  readonly verb?: string
  readonly onnx: string
  readonly gradient?: (upstream: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [InputGradient, InputGradient]
  readonly evaluate?: (a: number, b: number) => number
  readonly accepts?: (dtype: DType) => boolean
  readonly result?: DType
}

/** An operation on two operands with broadcasting; the graph sums gradients back over the axes that were stretched. */
export function binaryOp(name: string, rule: BinaryRule): (a: Operand, b: Operand) => Tensor {
  const op: Op<null> = {
    name,
    ...(rule.verb && { verb: rule.verb }),
    elementwise: true,
    infer: ([a, b], _, fail) => {
      const { dtype } = sameDType(a as Tensor, b as Tensor, fail)
      if (!(rule.accepts ?? takesNumbers)(dtype)) fail(`their elements are of type ${dtype}`, 'Cast the tensors first')
      return [{ dtype: rule.result ?? dtype, shape: broadcastShapes([(a as Tensor).shape, (b as Tensor).shape], fail) }]
    },
    emit: (emitter, node) => emitter.node(rule.onnx, node.inputs),
    ...(rule.gradient && {
      gradient: ([upstream], node) => rule.gradient?.(upstream as Tensor, node.input(0), node.input(1), node.output) ?? [],
    }),
    ...(rule.evaluate && {
      evaluate: ([a, b]) => mapArrays(rule.result, rule.evaluate as (a: number, b: number) => number, a as NDArray, b as NDArray),
    }),
  }
  return (a, b) => {
    const left = lift(a, typeof b === 'object' ? b.dtype : undefined)
    return apply(op, [left, lift(b, left.dtype)], null)
  }
}

export function sameDType(a: Tensor, b: Tensor, fail: Fail): Tensor {
  if (a.dtype !== b.dtype)
    fail(`their element types differ: ${a.dtype} and ${b.dtype}`, `Cast one of them, for example with .cast('${a.dtype}')`)
  return a
}

export const value = (gradient: InputGradient): Tensor | undefined => (typeof gradient === 'function' ? gradient() : gradient)

/** What folding may make while tracing; larger results are left to the run. */
const foldLimit = 4096

/** Applies a function of numbers to small arrays with broadcasting; undefined where a double could not hold an int64. */
export function mapArrays(result: DType | undefined, map: (...values: number[]) => number, ...inputs: NDArray[]): NDArray | undefined {
  const shape = broadcastShapes(
    inputs.map((input) => input.shape),
    (problem) => {
      throw new Error(`Cannot fold constants: ${problem}`)
    },
  )
  if (!isStaticShape(shape) || elementCount(shape) > foldLimit) return undefined
  const strides = inputs.map((input) => broadcastStrides(input.shape, shape))
  const dtype = result ?? (inputs[0] as NDArray).dtype
  const values = Array.from({ length: elementCount(shape) }, (_, flat) =>
    map(...inputs.map((input, k) => input.at(offsetOf(flat, shape, strides[k] as number[])))),
  )
  if (dtype === 'int64' && !values.every(Number.isSafeInteger)) return undefined
  return fill(dtype, shape, (i) => values[i] as number)
}

function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  let stride = 1
  const strides = new Array<number>(to.length).fill(0)
  for (let axis = from.length - 1; axis >= 0; axis--) {
    if (from[axis] !== 1) strides[axis + to.length - from.length] = stride
    stride *= from[axis] as number
  }
  return strides
}

function offsetOf(flat: number, shape: readonly number[], strides: readonly number[]): number {
  let offset = 0
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    const size = shape[axis] as number
    offset += (rest % size) * (strides[axis] as number)
    rest = Math.floor(rest / size)
  }
  return offset
}

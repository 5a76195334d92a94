import { type DType, dtypes, isFloat } from '../dtype.js'
import type { NDArray } from '../ndarray.js'
import { apply, type Op } from '../node.js'
import { broadcastShapes } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { lift, type Operand, uniformValue } from './constant.js'
import { binaryOp, mapArrays, takesNumbers, takesWideNumbers, unaryOp } from './define.js'

const isBool = (dtype: DType): boolean => dtype === 'bool'
const isInteger = (dtype: DType): boolean => dtypes[dtype].kind === 'integer'

// Arithmetic.

export const add = binaryOp('add', { onnx: 'Add', evaluate: (a, b) => a + b, gradient: (g) => [g, g] })
export const sub = binaryOp('sub', {
  verb: 'take the difference of',
  onnx: 'Sub',
  evaluate: (a, b) => a - b,
  gradient: (g) => [g, () => g.neg()],
})
export const mul = binaryOp('mul', {
  verb: 'multiply … by …',
  onnx: 'Mul',
  evaluate: (a, b) => a * b,
  gradient: (g, a, b) => (a === b ? [() => g.mul(2).mul(a), undefined] : [() => g.mul(b), () => g.mul(a)]),
})
export const div = binaryOp('div', {
  verb: 'divide … by …',
  onnx: 'Div',
  evaluate: (a, b) => a / b,
  gradient: (g, _, b, y) => [() => g.div(b), () => g.mul(y).div(b).neg()],
})
/** `a^b`. The gradients are zero where a power is constant: in `a` for b = 0, in `b` for a = 0. */
export const pow = binaryOp('pow', {
  verb: 'raise … to the power …',
  onnx: 'Pow',
  accepts: takesWideNumbers,
  evaluate: (a, b) => a ** b,
  gradient: (g, a, b, y) => [() => g.mul(powerSlope(a, b)), () => where(equal(a, 0), 0, g.mul(y).mul(log(a)))],
})

function powerSlope(a: Tensor, b: Tensor): Tensor {
  const exponent = uniformValue(b)
  if (exponent === 0) return a.mul(0)
  if (exponent === 2) return a.mul(2)
  const slope = b.mul(pow(a, b.sub(1)))
  return exponent === undefined ? where(equal(b, 0), 0, slope) : slope
}

/** The remainder with the divisor's sign, as Python's `%`: `mod(-1, 3) = 2`. */
export const mod = (a: Operand, b: Operand): Tensor => {
  const left = lift(a, typeof b === 'object' && 'dtype' in b ? b.dtype : undefined)
  return isFloat(left.dtype) ? left.sub(floor(left.div(b)).mul(b)) : integerMod(left, b)
}
const integerMod = binaryOp('mod', { verb: 'take the remainder of … divided by …', onnx: 'Mod', accepts: isInteger })

/** At a tie the gradient is shared equally, so that it stays the same when the operands change places. */
const share = (g: Tensor, chosen: Tensor, tie: Tensor): Tensor => g.mul(chosen.cast(g.dtype).add(tie.cast(g.dtype).mul(0.5)))
export const minimum = binaryOp('minimum', {
  verb: 'take the minimum of',
  onnx: 'Min',
  evaluate: Math.min,
  gradient: (g, a, b) => [() => share(g, less(a, b), equal(a, b)), () => share(g, less(b, a), equal(a, b))],
})
export const maximum = binaryOp('maximum', {
  verb: 'take the maximum of',
  onnx: 'Max',
  evaluate: Math.max,
  gradient: (g, a, b) => [() => share(g, greater(a, b), equal(a, b)), () => share(g, greater(b, a), equal(a, b))],
})

export const neg = unaryOp('neg', {
  verb: 'negate',
  onnx: 'Neg',
  accepts: (dtype) => takesNumbers(dtype) && dtype !== 'uint8',
  evaluate: (x) => -x,
  gradient: (g) => g.neg(),
})
export const abs = unaryOp('abs', {
  verb: 'take the absolute value of',
  accepts: takesNumbers,
  onnx: 'Abs',
  evaluate: Math.abs,
  gradient: (g, x) => g.mul(sign(x)),
})
export const sign = unaryOp('sign', { verb: 'take the sign of', onnx: 'Sign', accepts: takesNumbers, evaluate: Math.sign })
export const reciprocal = unaryOp('reciprocal', {
  verb: 'invert',
  onnx: 'Reciprocal',
  evaluate: (x) => 1 / x,
  gradient: (g, _, y) => g.mul(y).mul(y).neg(),
})
export const floor = unaryOp('floor', { verb: 'round down', onnx: 'Floor', evaluate: Math.floor })
export const ceil = unaryOp('ceil', { verb: 'round up', onnx: 'Ceil', evaluate: Math.ceil })
/** To the nearest whole number, ties to even. */
export const round = unaryOp('round', { onnx: 'Round' })

// Exponentials and roots.

export const exp = unaryOp('exp', { verb: 'exponentiate', onnx: 'Exp', evaluate: Math.exp, gradient: (g, _, y) => g.mul(y) })
export const log = unaryOp('log', { verb: 'take the logarithm of', onnx: 'Log', evaluate: Math.log, gradient: (g, x) => g.div(x) })
export const sqrt = unaryOp('sqrt', {
  verb: 'take the square root of',
  onnx: 'Sqrt',
  evaluate: Math.sqrt,
  gradient: (g, _, y) => g.mul(0.5).div(y),
})
export const rsqrt = (x: Tensor): Tensor => reciprocal(sqrt(x))
export const square = (x: Tensor): Tensor => x.mul(x)

// Trigonometry.

export const sin = unaryOp('sin', { verb: 'take the sine of', onnx: 'Sin', evaluate: Math.sin, gradient: (g, x) => g.mul(cos(x)) })
export const cos = unaryOp('cos', { verb: 'take the cosine of', onnx: 'Cos', evaluate: Math.cos, gradient: (g, x) => g.mul(sin(x)).neg() })
export const tan = unaryOp('tan', {
  verb: 'take the tangent of',
  onnx: 'Tan',
  evaluate: Math.tan,
  gradient: (g, _, y) => g.mul(square(y).add(1)),
})
export const asin = unaryOp('asin', {
  verb: 'take the arcsine of',
  onnx: 'Asin',
  evaluate: Math.asin,
  gradient: (g, x) => g.mul(rsqrt(square(x).neg().add(1))),
})
export const acos = unaryOp('acos', {
  verb: 'take the arccosine of',
  onnx: 'Acos',
  evaluate: Math.acos,
  gradient: (g, x) => g.mul(rsqrt(square(x).neg().add(1))).neg(),
})
export const atan = unaryOp('atan', {
  verb: 'take the arctangent of',
  onnx: 'Atan',
  evaluate: Math.atan,
  gradient: (g, x) => g.div(square(x).add(1)),
})
export const sinh = unaryOp('sinh', {
  verb: 'take the hyperbolic sine of',
  onnx: 'Sinh',
  evaluate: Math.sinh,
  gradient: (g, x) => g.mul(cosh(x)),
})
export const cosh = unaryOp('cosh', {
  verb: 'take the hyperbolic cosine of',
  onnx: 'Cosh',
  evaluate: Math.cosh,
  gradient: (g, x) => g.mul(sinh(x)),
})

// Saturating functions.

export const tanh = unaryOp('tanh', {
  verb: 'take the hyperbolic tangent of',
  onnx: 'Tanh',
  evaluate: Math.tanh,
  gradient: (g, _, y) => g.sub(g.mul(square(y))),
})
export const sigmoid = unaryOp('sigmoid', {
  verb: 'take the sigmoid of',
  onnx: 'Sigmoid',
  evaluate: (x) => 1 / (1 + Math.exp(-x)),
  gradient: (g, _, y) => g.mul(y).mul(y.neg().add(1)),
})
/** `log(1 + e^x)` without overflow. */
export const softplus = unaryOp('softplus', {
  verb: 'take the softplus of',
  onnx: 'Softplus',
  evaluate: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  gradient: (g, x) => g.mul(sigmoid(x)),
})
export const erf = unaryOp('erf', {
  verb: 'take the error function of',
  onnx: 'Erf',
  gradient: (g, x) => g.mul(exp(square(x).neg())).mul(2 / Math.sqrt(Math.PI)),
})
export const relu = unaryOp('relu', {
  verb: 'rectify',
  onnx: 'Relu',
  evaluate: (x) => Math.max(x, 0),
  gradient: (g, x) => where(greater(x, 0), g, 0),
})
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => where(greaterOrEqual(x, 0), x, x.mul(slope))

/** Limits the values to [low, high]; outside, the gradient is zero. */
export function clamp(x: Tensor, { min, max }: { min?: number; max?: number }): Tensor {
  const raised = min === undefined ? x : where(less(x, min), lift(min, x.dtype), x)
  return max === undefined ? raised : where(greater(raised, max), lift(max, x.dtype), raised)
}

// Comparison, logic and choice.

export const equal = binaryOp('equal', {
  verb: 'compare',
  onnx: 'Equal',
  accepts: (dtype) => dtype !== 'bfloat16',
  result: 'bool',
  evaluate: (a, b) => Number(a === b),
})
export const less = binaryOp('less', {
  verb: 'compare',
  onnx: 'Less',
  result: 'bool',
  evaluate: (a, b) => Number(a < b),
})
export const greater = binaryOp('greater', {
  verb: 'compare',
  onnx: 'Greater',
  result: 'bool',
  evaluate: (a, b) => Number(a > b),
})
export const lessOrEqual = binaryOp('lessOrEqual', {
  verb: 'compare',
  onnx: 'LessOrEqual',
  result: 'bool',
  evaluate: (a, b) => Number(a <= b),
})
export const greaterOrEqual = binaryOp('greaterOrEqual', {
  verb: 'compare',
  onnx: 'GreaterOrEqual',
  result: 'bool',
  evaluate: (a, b) => Number(a >= b),
})
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b))
export const and = binaryOp('and', { verb: 'combine', onnx: 'And', accepts: isBool, evaluate: (a, b) => a & b })
export const or = binaryOp('or', { verb: 'combine', onnx: 'Or', accepts: isBool, evaluate: (a, b) => a | b })
export const xor = binaryOp('xor', { verb: 'combine', onnx: 'Xor', accepts: isBool, evaluate: (a, b) => a ^ b })
export const not = unaryOp('not', { verb: 'negate', onnx: 'Not', accepts: isBool, result: 'bool', evaluate: (x) => 1 - x })
export const isnan = unaryOp('isnan', { verb: 'look for NaN in', onnx: 'IsNaN', result: 'bool' })
export const isfinite = (x: Tensor): Tensor => less(abs(x), Number.POSITIVE_INFINITY)

const whereOp: Op<null> = {
  name: 'where',
  verb: 'choose by … between … and …',
  elementwise: true,
  infer: ([condition, a, b], _, fail) => {
    const [c, x, y] = [condition as Tensor, a as Tensor, b as Tensor]
    if (c.dtype !== 'bool') fail(`the condition holds ${c.dtype}, not bool`, 'Compare it with something first')
    if (x.dtype !== y.dtype) fail(`the two choices have different element types: ${x.dtype} and ${y.dtype}`)
    return [{ dtype: x.dtype, shape: broadcastShapes([c.shape, x.shape, y.shape], fail) }]
  },
  // ONNX Runtime has no choice between these types: it chooses between others that hold the same values.
  emit: (emitter, node) => {
    const [condition, a, b] = node.inputs as [Tensor, Tensor, Tensor]
    const through = ({ bool: 'uint8', int8: 'int32', bfloat16: 'float32' } as const)[a.dtype as string]
    if (!through) return emitter.node('Where', node.inputs)
    const [left, right] = [a, b].map((x) => emitter.node('Cast', [x], { to: emitter.elementType(through) })[0] as string)
    const chosen = emitter.node('Where', [condition, left as string, right as string])
    return emitter.node('Cast', chosen, { to: emitter.elementType(a.dtype) })
  },
  gradient: ([g], node) => [undefined, () => where(node.input(0), g as Tensor, 0), () => where(node.input(0), 0, g as Tensor)],
  evaluate: ([c, a, b]) => mapArrays((a as NDArray).dtype, (c, a, b) => (c ? a : b) as number, c as NDArray, a as NDArray, b as NDArray),
}

/** Takes elements of `a` where the condition holds, of `b` elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const like = [a, b].find((operand) => typeof operand === 'object' && 'dtype' in operand)?.dtype
  return apply(whereOp, [condition, lift(a, like), lift(b, like)], null)
}

// Element types and gradient control.

const castOp: Op<{ readonly dtype: DType }> = {
  name: 'cast',
  moves: true,
  elementwise: true,
  infer: ([x], { dtype }) => [{ dtype, shape: (x as Tensor).shape }],
  emit: (emitter, node) => emitter.node('Cast', node.inputs, { to: emitter.elementType(node.attributes.dtype) }),
  gradient: ([g], node) => [() => (g as Tensor).cast(node.input(0).dtype)],
  evaluate: ([x], { dtype }) => (x as NDArray).cast(dtype),
}

/** Converts the elements; toward integers it truncates. Gradients pass between floating-point types only. */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }))

const stopGradientOp: Op<null> = {
  name: 'stopGradient',
  verb: 'stop the gradient of',
  moves: true,
  infer: ([x]) => [x as Tensor],
  transparent: true,
}

/** The same values, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOp, [x], null)

/** Forward the values of `hard`, backward the gradient of `soft` (Bengio et al. 2013, straight-through estimator). */
export const straightThrough = (hard: Tensor, soft: Tensor): Tensor =>
  customGradient(
    [hard, soft],
    () => hard,
    (g) => [undefined, g],
  )

const customOp: Op<{ readonly gradient: (upstream: Tensor, inputs: readonly Tensor[], y: Tensor) => readonly (Tensor | undefined)[] }> = {
  name: 'customGradient',
  verb: 'apply a custom gradient to',
  infer: ([y]) => [y as Tensor],
  transparent: true,
  gradient: ([g], node) => [undefined, ...node.attributes.gradient(g as Tensor, node.inputs.slice(1), node.output)],
}

/** Values by `forward`, gradients by `backward`, which returns one tensor (or undefined) per input. */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: readonly Tensor[]) => Tensor,
  backward: (upstream: Tensor, inputs: readonly Tensor[], y: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  return apply(customOp, [forward(...inputs), ...inputs], { gradient: backward })
}

import { array, type NDArray } from '../../../src/graph/ndarray.js'
import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import type { Draw } from '../draw.js'
import { type Row, row } from '../op-table.js'

type Unary = (x: Tensor) => Tensor
type Binary = (a: Tensor, b: Tensor) => Tensor

const away = (draw: Draw): NDArray[] => [draw.away()]
const pair = (draw: Draw): NDArray[] => [draw.normal(), draw.normal(draw.partner())]
const flags = (draw: Draw): NDArray[] => [draw.flags(), draw.flags(draw.partner())]
const wholes = (draw: Draw): NDArray[] => [draw.whole(3), draw.whole(3, draw.partner())]
/** Two arrays whose elements are never close to each other. */
const apart = (draw: Draw): NDArray[] => {
  const [a, b] = [draw.distinct(), draw.away(draw.partner())]
  return [
    a,
    array(
      [...b.data].map((x) => Math.round(Number(x) / 0.15) * 0.15 + 0.05),
      { shape: b.shape },
    ),
  ]
}

const unary = (fns: Readonly<Record<string, Unary>>, draw: Row['draw'], options?: Parameters<typeof row>[3]): Row[] =>
  Object.entries(fns).map(([name, fn]) => row(name, (x) => fn(x as Tensor), draw, options))
const binary = (fns: Readonly<Record<string, Binary>>, draw: Row['draw'], options?: Parameters<typeof row>[3]): Row[] =>
  Object.entries(fns).map(([name, fn]) => row(name, (a, b) => fn(a as Tensor, b as Tensor), draw, options))

const { add, sub, mul, div, pow, mod, minimum, maximum, equal, notEqual, less, lessOrEqual, greater, greaterOrEqual } = ops
const numbers = (values: readonly number[], dtype: 'float32' | 'int64' | 'bool' = 'float32') => array(values, { dtype })

export const elementwiseRows: readonly Row[] = [
  ...binary({ add, sub, mul }, pair),
  row(
    'div',
    (a, b) => div(a as Tensor, b as Tensor),
    (draw) => [draw.normal(), draw.away(draw.partner())],
  ),
  row(
    'pow',
    (a, b) => pow(a as Tensor, b as Tensor),
    (draw) => [draw.between(0.5, 1.5), draw.normal(draw.partner())],
  ),
  ...[0, 1, 2, 3, -1, 0.5].map((power) =>
    row(
      `pow ${power}`,
      (x) => pow(x as Tensor, power),
      (draw) => [draw.between(0.5, 1.5)],
    ),
  ),
  row(
    'mod',
    (a, b) => mod(a as Tensor, b as Tensor),
    (draw) => [draw.between(3.1, 3.9), draw.between(2, 3, draw.partner())],
  ),
  row('mod int64', (a, b) => mod(a as Tensor, b as Tensor)),
  row('div int64', (a, b) => div(a as Tensor, b as Tensor)),
  ...binary({ minimum, maximum }, apart),
  ...binary({ equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }, wholes),
  ...binary({ and: ops.and, or: ops.or, xor: ops.xor }, flags),
  row(
    'not',
    (x) => ops.not(x as Tensor),
    (draw) => [draw.flags()],
  ),

  ...unary({ neg: ops.neg, abs: ops.abs, sign: ops.sign, exp: ops.exp, square: ops.square, reciprocal: ops.reciprocal }, away),
  ...unary({ sin: ops.sin, cos: ops.cos, atan: ops.atan, sinh: ops.sinh, cosh: ops.cosh, tanh: ops.tanh }, away),
  ...unary({ tan: ops.tan }, (draw) => [draw.between(-1, 1)]),
  ...unary({ sigmoid: ops.sigmoid, softplus: ops.softplus, erf: ops.erf, relu: ops.relu }, away),
  ...unary({ log: ops.log, sqrt: ops.sqrt, rsqrt: ops.rsqrt }, (draw) => [draw.between(0.5, 3)]),
  ...unary({ asin: ops.asin, acos: ops.acos }, (draw) => [draw.between(-0.8, 0.8)]),
  ...unary({ floor: ops.floor, ceil: ops.ceil, round: ops.round }, (draw) => [draw.between(0.1, 0.4)]),
  ...unary({ gelu: ops.gelu, geluTanh: ops.geluTanh, quickGelu: ops.quickGelu, silu: ops.silu }, (draw) => [draw.normal()]),
  row('leakyRelu', (x) => ops.leakyRelu(x as Tensor, 0.2), away),
  row(
    'clamp',
    (x) => ops.clamp(x as Tensor, { min: -0.5, max: 0.8 }),
    (draw) => [draw.between(-0.4, 0.7)],
  ),
  row('clamp below', (x) => ops.clamp(x as Tensor, { min: 0.1 }), away),
  row('clamp above', (x) => ops.clamp(x as Tensor, { max: 0.1 }), away),
  ...unary({ isnan: ops.isnan, isfinite: ops.isfinite }, away),
  row(
    'where',
    (c, a, b) => ops.where(c as Tensor, a as Tensor, b as Tensor),
    (draw) => [draw.flags(draw.partner()), draw.normal(), draw.normal(draw.partner())],
  ),
  row(
    'where number',
    (c, a) => ops.where(c as Tensor, a as Tensor, 2),
    (draw) => [draw.flags(), draw.normal()],
  ),
  row('cast int64', (x) => ops.cast(x as Tensor, 'int64'), away),
  row('cast bool', (x) => ops.cast(x as Tensor, 'bool'), away),

  row('stopGradient', (x) => mul(x as Tensor, ops.stopGradient(ops.square(x as Tensor))), away, { smooth: false }),
  row('straightThrough', (x) => ops.straightThrough(ops.round(x as Tensor), ops.square(x as Tensor)), away, { smooth: false }),
  row(
    'customGradient',
    (x) =>
      ops.customGradient(
        [x as Tensor],
        (a) => ops.square(a as Tensor),
        (g, [a]) => [g.mul(a as Tensor).mul(2)],
      ),
    away,
  ),
  row('constant', () => ops.constant(numbers([1, 2])), undefined, { example: { inputs: [], outputs: [numbers([1, 2])] } }),
  row('labelled', (x) => ops.labelled(ops.square(x as Tensor), 'somewhere'), away),
]

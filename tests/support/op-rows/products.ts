import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import type { Draw } from '../draw.js'
import { type Row, row, torchNames } from '../op-table.js'

const { matmul, einsum } = ops
const tolerance = 1e-5
const last = (draw: Draw): number => draw.shape.at(-1) as number
const product = (transposeA: boolean, transposeB: boolean) => (a: Tensor | undefined, b: Tensor | undefined) =>
  matmul(a as Tensor, b as Tensor, { transposeA, transposeB })

export const productRows: readonly Row[] = [
  row('matmul', product(false, false), (draw) => [draw.normal(), draw.normal([last(draw), 3])], { rank: 1, tolerance }),
  row('matmul batched', product(false, false), (draw) => [draw.normal(), draw.normal([...draw.shape.slice(0, -2), last(draw), 2])], {
    rank: 2,
  }),
  row('matmul by a vector', product(false, false), (draw) => [draw.normal(), draw.normal([last(draw)])], { rank: 1 }),
  row('matmul of a stretched batch', product(false, false), (draw) => [draw.normal([...draw.shape, 1, 1, 3]), draw.normal([2, 3, 2])], {
    solid: true,
  }), // ONNX Runtime stretches no batch beside an empty one
  row('matmul ta', product(true, false), (draw) => [draw.normal(), draw.normal([...draw.shape.slice(0, -1), 2])], { rank: 2 }),
  row('matmul tb', product(false, true), (draw) => [draw.normal(), draw.normal([...draw.shape.slice(0, -2), 2, last(draw)])], { rank: 2 }),
  row('matmul ta tb', product(true, true), (draw) => [draw.normal([2, 4, 3]), draw.normal([2, 5, 4])]),
  ...torchNames
    .filter((name) => name.startsWith('einsum '))
    .map((name) => row(name, (...inputs) => einsum(name.slice('einsum '.length), ...inputs), undefined, { tolerance })),
  row(
    'einsum of attention',
    (q, k) => einsum('bhqd,bhkd->bhqk', q as Tensor, k as Tensor),
    (draw) => [draw.normal([2, 1, 3, 2]), draw.normal([2, 1, 4, 2])],
  ),
  row(
    'einsum of three',
    (a, b, c) => einsum('ij,jk,ik->j', a as Tensor, b as Tensor, c as Tensor),
    (draw) => [draw.normal([2, 3]), draw.normal([3, 4]), draw.normal([2, 4])],
  ),
  row(
    'einsum of nothing',
    (a, b) => einsum('ij,jk->ik', a as Tensor, b as Tensor),
    (draw) => [draw.normal([2, 0]), draw.normal([0, 3])],
  ),
]

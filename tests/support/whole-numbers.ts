import type { DType } from '../../src/graph/dtype.js'
import { array, fill, type Nested } from '../../src/graph/ndarray.js'
import * as ops from '../../src/graph/ops/index.js'
import type { Tensor } from '../../src/graph/tensor.js'

export const a = array([
  [1, 2, 3],
  [2, 0, 1],
])
export const b = array([
  [1, 1, 2],
  [2, 3, 1],
])

/** What operations on whole numbers give for a and b, as the reader works it out, and the element types without a kernel. */
export const wholeNumbers: Readonly<
  Record<string, readonly [run: (a: Tensor, b: Tensor) => Tensor, wanted: Nested, not?: readonly DType[]]>
> = {
  add: [
    (a, b) => a.add(b),
    [
      [2, 3, 5],
      [4, 3, 2],
    ],
  ],
  'add 1': [
    (a) => a.add(1),
    [
      [2, 3, 4],
      [3, 1, 2],
    ],
  ],
  sub: [
    (a, b) => a.add(3).sub(b),
    [
      [3, 4, 4],
      [3, 0, 3],
    ],
  ],
  mul: [
    (a, b) => a.mul(b),
    [
      [1, 2, 6],
      [4, 0, 1],
    ],
  ],
  div: [
    (a, b) => a.div(b),
    [
      [1, 2, 1],
      [1, 0, 1],
    ],
  ],
  mod: [
    (a, b) => a.mod(b),
    [
      [0, 0, 1],
      [0, 0, 0],
    ],
  ],
  pow: [
    (a, b) => a.pow(b),
    [
      [1, 2, 9],
      [4, 0, 1],
    ],
    ['uint8', 'int8'],
  ],
  minimum: [
    (a, b) => ops.minimum(a, b),
    [
      [1, 1, 2],
      [2, 0, 1],
    ],
  ],
  maximum: [
    (a, b) => ops.maximum(a, b),
    [
      [1, 2, 3],
      [2, 3, 1],
    ],
  ],
  abs: [
    (a) => a.abs(),
    [
      [1, 2, 3],
      [2, 0, 1],
    ],
  ],
  sign: [
    (a) => ops.sign(a),
    [
      [1, 1, 1],
      [1, 0, 1],
    ],
  ],
  equal: [
    (a, b) => a.equal(b),
    [
      [true, false, false],
      [true, false, true],
    ],
  ],
  less: [
    (a, b) => a.less(b),
    [
      [false, false, false],
      [false, true, false],
    ],
  ],
  where: [
    (a, b) => ops.where(a.greater(b), a, b),
    [
      [1, 2, 3],
      [2, 3, 1],
    ],
  ],
  clamp: [
    (a) => a.clamp({ min: 1, max: 2 }),
    [
      [1, 2, 2],
      [2, 1, 1],
    ],
  ],
  sum: [(a) => a.sum(1), [6, 3], ['uint8', 'int8']],
  prod: [(a) => a.prod(0), [2, 0, 3], ['uint8', 'int8']],
  max: [(a) => a.max(1), [3, 2]],
  min: [(a) => a.min(1), [1, 0]],
  cumSum: [
    (a) => a.cumSum(1),
    [
      [1, 3, 6],
      [2, 2, 3],
    ],
    ['uint8', 'int8'],
  ],
  cumProd: [
    (a) => ops.cumProd(a, 1),
    [
      [1, 2, 6],
      [2, 0, 0],
    ],
  ],
  argMax: [(a) => ops.argMax(a), [2, 0]],
  topK: [
    (a) => ops.topK(a, 2).values,
    [
      [3, 2],
      [2, 1],
    ],
  ],
  matmul: [
    (a, b) => a.matmul(b, { transposeB: true }),
    [
      [9, 11],
      [4, 5],
    ],
    ['uint8', 'int8'],
  ],
  'matmul of a batch': [
    (a, b) => a.unsqueeze(0).matmul(b.unsqueeze(0).transpose()),
    [
      [
        [9, 11],
        [4, 5],
      ],
    ],
    ['uint8', 'int8'],
  ],
  tril: [
    (a) => ops.tril(a),
    [
      [1, 0, 0],
      [2, 0, 0],
    ],
  ],
  full: [(a) => ops.full([2], 7, a.dtype), [7, 7]],
  pad: [
    (a) => ops.pad(a, 1, [1, 0]),
    [
      [0, 1, 2, 3],
      [0, 2, 0, 1],
    ],
  ],
  scatterElements: [
    (a, b) => ops.scatterElements(a, ops.constant(fill('int64', [1, 3], () => 1)), b.slice(0, 0, 1), 0, 'add'),
    [
      [1, 2, 3],
      [3, 1, 3],
    ],
  ],
}

import { array } from '../../../src/graph/ndarray.js'
import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import { type Row, row } from '../op-table.js'

const axesOf = (tag: string): number[] | undefined => (tag ? tag.split(',').map(Number) : undefined)
const tags = ['', '1', '0,2', '0', '2', '1,2']
const { sum, mean, variance, logSumExp, norm, max, min, prod } = ops

/** PyTorch's cases over several choices of axes, and random shapes over the last axis and over all. */
const reductions = (
  fns: Readonly<Record<string, (x: Tensor, axes?: number | readonly number[], options?: { keepDims?: boolean }) => Tensor>>,
  draw: Row['draw'],
  options: Parameters<typeof row>[3] = {},
): Row[] =>
  Object.entries(fns).flatMap(([name, fn]) => [
    ...tags.map((tag) => row(tag ? `${name} ${tag}` : name, (x) => fn(x as Tensor, axesOf(tag)), tag ? undefined : draw, options)),
    row(`${name} last`, (x) => fn(x as Tensor, -1, { keepDims: true }), draw, { ...options, rank: 1 }),
  ])

const integers = (values: readonly number[]) => array(values, { dtype: 'int64' })

export const reduceRows: readonly Row[] = [
  ...reductions({ sum, mean, variance }, (draw) => [draw.normal()]),
  ...reductions({ logSumExp, norm: (x, axes = x.shape.map((_, i) => i), options) => norm(x, axes, options) }, (draw) => [draw.away()], {
    solid: true,
  }),
  ...reductions({ max, min }, (draw) => [draw.distinct()], { solid: true }),
  ...reductions({ prod }, (draw) => [draw.away()]),
  row('variance corrected', (x) => variance(x as Tensor, 1, { correction: 1 })),
  row('logSumExp masked', (x) => logSumExp(x as Tensor, 1), undefined, {
    example: {
      inputs: [
        array([
          [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
          [Number.NEGATIVE_INFINITY, 3],
        ]),
      ],
      outputs: [array([Number.NEGATIVE_INFINITY, 3])],
    },
  }),
  row('max empty', (x) => max(x as Tensor, 1), undefined, {
    example: { inputs: [array([[], []])], outputs: [array([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])] },
  }),
  row('sum int64', (x) => sum(x as Tensor), undefined, {
    example: { inputs: [integers([1, 2, 3])], outputs: [array(6, { dtype: 'int64' })] },
  }),

  row(
    'argMax',
    (x) => ops.argMax(x as Tensor),
    (draw) => [draw.distinct()],
    { rank: 1, solid: true },
  ),
  row(
    'argMin',
    (x) => ops.argMin(x as Tensor),
    (draw) => [draw.distinct()],
    { rank: 1, solid: true },
  ),
  row('argMax 0', (x) => ops.argMax(x as Tensor, 0)),
  row('argMin 0', (x) => ops.argMin(x as Tensor, 0)),
  row('argMax ties', (x) => ops.argMax(x as Tensor), undefined, {
    example: {
      inputs: [
        array([
          [1, 3, 3],
          [2, 2, 2],
        ]),
      ],
      outputs: [integers([1, 0])],
    },
  }),
  row('topK', (x) => {
    const { values, indices } = ops.topK(x as Tensor, 3, { axis: 1 })
    return [values, indices]
  }),
  row('topK smallest', (x) => {
    const { values, indices } = ops.topK(x as Tensor, 2, { largest: false })
    return [values, indices]
  }),
  row(
    'topK one',
    (x) => ops.topK(x as Tensor, 1).values,
    (draw) => [draw.distinct()],
    { rank: 1, solid: true },
  ),

  row(
    'cumSum',
    (x) => ops.cumSum(x as Tensor),
    (draw) => [draw.normal()],
    { rank: 1 },
  ),
  row('cumSum 1', (x) => ops.cumSum(x as Tensor, 1)),
  row(
    'cumSum exclusive',
    (x) => ops.cumSum(x as Tensor, -1, { exclusive: true }),
    (draw) => [draw.normal()],
    { rank: 1 },
  ),
  row(
    'cumSum reverse',
    (x) => ops.cumSum(x as Tensor, -1, { reverse: true }),
    (draw) => [draw.normal()],
    { rank: 1 },
  ),
  row(
    'cumProd',
    (x) => ops.cumProd(x as Tensor),
    (draw) => [draw.away()],
    { rank: 1 },
  ),
  row('cumProd 1', (x) => ops.cumProd(x as Tensor, 1)),
  row(
    'cumProd exclusive',
    (x) => ops.cumProd(x as Tensor, 0, { exclusive: true, reverse: true }),
    (draw) => [draw.away()],
    {
      rank: 1,
      example: { inputs: [array([2, 3, 5])], outputs: [array([15, 5, 1])] },
    },
  ),
  row('sumTo', (x) => ops.sumTo(x as Tensor, [3, 1])),
]

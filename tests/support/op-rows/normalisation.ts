import { array } from '../../../src/graph/ndarray.js'
import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import type { Draw } from '../draw.js'
import { type Row, row } from '../op-table.js'

const one = (draw: Draw) => [draw.normal()]
const last = (draw: Draw): number => draw.shape.at(-1) as number
const channels = (draw: Draw): number[] => [draw.int(2) + 1, 6, ...draw.shape]
const tolerance = 2e-5

export const normalisationRows: readonly Row[] = [
  ...[-1, 0, 1].flatMap((axis) => [
    row(`softmax ${axis}`, (x) => ops.softmax(x as Tensor, axis), one, { rank: 2 }),
    row(`logSoftmax ${axis}`, (x) => ops.logSoftmax(x as Tensor, axis), one, { rank: 2 }),
  ]),
  row(
    'crossEntropy',
    (x, i) => ops.crossEntropy(x as Tensor, i as Tensor),
    (draw) => [draw.normal([...draw.shape, 5]), draw.whole(5)],
  ),
  row('crossEntropy smooth', (x, i) => ops.crossEntropy(x as Tensor, i as Tensor, { labelSmoothing: 0.1 })),
  row(
    'layerNormalise',
    (x, s, b) => ops.layerNormalise(x as Tensor, s as Tensor, b as Tensor),
    (draw) => [draw.normal([...draw.shape, 5]), draw.normal([5]), draw.normal([5])],
    { tolerance },
  ),
  row(
    'rmsNormalise',
    (x, s) => ops.rmsNormalise(x as Tensor, s as Tensor),
    (draw) => [draw.normal(), draw.normal([last(draw)])],
    {
      rank: 1,
      solid: true,
      tolerance,
    },
  ),
  row(
    'groupNormalise',
    (x, s, b) => ops.groupNormalise(x as Tensor, 3, s as Tensor, b as Tensor),
    (draw) => [draw.normal([...channels(draw), 4]), draw.normal([6]), draw.normal([6])],
    { tolerance },
  ),
  row(
    'batchNormalise',
    (x, mean, variance, scale, bias) =>
      ops.batchNormalise(x as Tensor, { mean: mean as Tensor, variance: variance as Tensor, scale: scale as Tensor, bias: bias as Tensor }),
    (draw) => [draw.normal(channels(draw)), draw.normal([6]), draw.between(0.5, 2, [6]), draw.normal([6]), draw.normal([6])],
    { tolerance },
  ),
  row(
    'batchStatistics',
    (x) => {
      const { mean, variance } = ops.batchStatistics(x as Tensor)
      return [mean, variance]
    },
    (draw) => [draw.normal(channels(draw))],
  ),

  row(
    'topKMask',
    (x) => ops.topKMask(x as Tensor, 2),
    (draw) => [draw.distinct()],
    {
      rank: 1,
      solid: true,
      example: {
        inputs: [
          array([
            [3, 1, 2],
            [5, 5, 5],
          ]),
        ],
        outputs: [
          array(
            [
              [true, false, true],
              [true, true, true],
            ],
            { dtype: 'bool' },
          ),
        ],
      },
    },
  ),
  row(
    'minPMask',
    (x) => ops.minPMask(x as Tensor, 0.5),
    (draw) => [draw.between(0, 1)],
    {
      rank: 1,
      example: { inputs: [array([0.5, 0.2, 0.3])], outputs: [array([true, false, true], { dtype: 'bool' })] },
    },
  ),
  row(
    'nucleusMask',
    (x) => ops.nucleusMask(x as Tensor, 0.75),
    (draw) => [draw.between(0, 1)],
    {
      rank: 1,
      example: {
        inputs: [
          array([
            [0.5, 0.25, 0.25],
            [0.1, 0.1, 0.8],
            [0.6, 0.3, 0.1],
          ]),
        ],
        outputs: [
          array(
            [
              [true, true, true],
              [false, false, true],
              [true, true, false],
            ],
            { dtype: 'bool' },
          ),
        ],
      },
    },
  ),
  row(
    'gumbelArgMax',
    (x, noise) => ops.gumbelArgMax(x as Tensor, noise as Tensor),
    (draw) => [draw.normal(), draw.normal()],
    {
      rank: 1,
      solid: true,
      example: { inputs: [array([[1, 2]]), array([[3, 1]])], outputs: [array([0], { dtype: 'int64' })] },
    },
  ),
  row(
    'dropout',
    (x, keep) => ops.dropout(x as Tensor, keep as Tensor, 0.75),
    (draw) => [draw.normal(), draw.flags()],
    {
      example: { inputs: [array([1, 2]), array([true, false], { dtype: 'bool' })], outputs: [array([4, 0])] },
    },
  ),
]

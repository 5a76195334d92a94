import { array } from '../../../src/graph/ndarray.js'
import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import { type Row, row } from '../op-table.js'

const { gather, embedding, gatherElements, gatherNd, scatterElements, scatterNd } = ops
const at = (positions: readonly (readonly number[])[]) => array(positions, { dtype: 'int64' })

export const gatherRows: readonly Row[] = [
  row('gather', (x, i) => gather(x as Tensor, i as Tensor, 1)),
  row('gather negative', (x, i) => gather(x as Tensor, i as Tensor)),
  row(
    'gather last',
    (x, i) => gather(x as Tensor, i as Tensor, -1),
    (draw) => [draw.normal([...draw.shape, 5]), draw.whole(5, [2, 2])],
  ),
  row(
    'gather int32',
    (x, i) => gather(x as Tensor, i as Tensor),
    (draw) => [draw.normal([5, ...draw.shape]), draw.whole(5, [], 'int32')],
  ),
  row(
    'gather none',
    (x, i) => gather(x as Tensor, i as Tensor),
    (draw) => [draw.normal([5, ...draw.shape]), draw.whole(5, [0])],
  ),
  row(
    'embedding',
    (x, i) => embedding(x as Tensor, i as Tensor),
    (draw) => [draw.normal([6, 3]), draw.whole(6)],
  ),
  row(
    'embedding large',
    (x, i) => embedding(x as Tensor, i as Tensor),
    (draw) => [draw.normal([300, 2]), draw.whole(3)],
  ),
  row('gatherElements', (x, i) => gatherElements(x as Tensor, i as Tensor, 1)),
  row('gatherElements 0', (x, i) => gatherElements(x as Tensor, i as Tensor, 0)),
  row(
    'gatherElements last',
    (x, i) => gatherElements(x as Tensor, i as Tensor),
    (draw) => [draw.normal([...draw.shape, 4]), draw.whole(4, [...draw.shape, 6])],
  ),
  row('gatherNd', (x, i) => gatherNd(x as Tensor, i as Tensor)),
  row(
    'gatherNd deep',
    (x, i) => gatherNd(x as Tensor, i as Tensor),
    (draw) => [draw.normal([3, 4, 2]), draw.whole(2, [...draw.shape, 3])],
  ),
  row('scatterElements', (x, i, u) => scatterElements(x as Tensor, i as Tensor, u as Tensor)),
  row(
    'scatterElements set',
    (x, i, u) => scatterElements(x as Tensor, i as Tensor, u as Tensor, 0),
    (draw) => [
      draw.normal([4, 2]),
      at([
        [1, 0],
        [3, 2],
      ]),
      draw.normal([2, 2]),
    ],
  ),
  row(
    'scatterElements add',
    (x, i, u) => scatterElements(x as Tensor, i as Tensor, u as Tensor, -1, 'add'),
    (draw) => [draw.normal([...draw.shape, 4]), draw.whole(4, [...draw.shape, 6]), draw.normal([...draw.shape, 6])],
  ),
  row(
    'scatterNd',
    (x, i, u) => scatterNd(x as Tensor, i as Tensor, u as Tensor),
    (draw) => [
      draw.normal([3, 4, 2]),
      at([
        [0, 1],
        [2, -1],
        [1, 1],
      ]),
      draw.normal([3, 2]),
    ],
  ),
  row(
    'scatterNd add',
    (x, i, u) => scatterNd(x as Tensor, i as Tensor, u as Tensor, 'add'),
    (draw) => [draw.normal([3, 4, 2]), draw.whole(3, [...draw.shape, 2]), draw.normal([...draw.shape, 2])],
  ),
  row('scatterNd add scalars', (x, i, u) => scatterNd(x as Tensor, i as Tensor, u as Tensor, 'add')),
  row(
    'oneHot',
    (i) => ops.oneHot(i as Tensor, 5),
    (draw) => [draw.whole(5)],
  ),
  row('oneHot int32', (i) => ops.oneHot(i as Tensor, 2, 'bool'), undefined, {
    example: {
      inputs: [array([0, 1, -1], { dtype: 'int32' })],
      outputs: [
        array(
          [
            [true, false],
            [false, true],
            [false, false],
          ],
          { dtype: 'bool' },
        ),
      ],
    },
  }),
]

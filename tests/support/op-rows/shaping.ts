import { array, zeros } from '../../../src/graph/ndarray.js'
import * as ops from '../../../src/graph/ops/index.js'
import type { Tensor } from '../../../src/graph/tensor.js'
import type { Draw } from '../draw.js'
import { type Row, row } from '../op-table.js'

const { reshape, transpose, expand, unsqueeze, squeeze, flattenAxes, slice, pick, concat, stack, split, pad, flip, roll } = ops
const one = (draw: Draw) => [draw.normal()]
const named = (prefix: string, calls: Readonly<Record<string, (x: Tensor) => Tensor>>): Row[] =>
  Object.entries(calls).map(([tag, fn]) => row(tag ? `${prefix} ${tag}` : prefix, (x) => fn(x as Tensor)))

export const shapingRows: readonly Row[] = [
  row('reshape', (x) => reshape(x as Tensor, [4, -1])),
  row('reshape flat', (x) => reshape(x as Tensor, [-1]), one),
  row('flattenAxes', (x) => flattenAxes(x as Tensor, 1, 2)),
  row('flattenAxes all', (x) => flattenAxes(x as Tensor), one, { rank: 1 }),
  ...named('transpose', { '1,0,2': (x) => transpose(x, [1, 0, 2]), '2,0,1': (x) => transpose(x, [2, 0, 1]) }),
  row('transpose', (x) => transpose(x as Tensor), one, { rank: 2 }),
  row('transpose turned', (x) => transpose(x as Tensor, [-1, ...Array.from({ length: (x as Tensor).rank - 1 }, (_, i) => i)]), one, {
    rank: 1,
  }),
  row('expand', (x) => expand(x as Tensor, [2, 3, 4])),
  row('expand in front', (x) => expand(x as Tensor, [2, ...(x as Tensor).shape]), one),
  row('unsqueeze', (x) => unsqueeze(x as Tensor, -1), one),
  row('squeeze', (x) => squeeze(x as Tensor, 1)),
  row(
    'squeeze last',
    (x) => squeeze(x as Tensor, -1),
    (draw) => [draw.normal([...draw.shape, 1])],
  ),

  ...[
    [1, 5, 1],
    [0, 7, 2],
    [1, 7, 3],
    [2, 7, 4],
    [0, 6, 2],
    [3, 3, 1],
    [6, 7, 5],
  ].map(([start, end, step]) => row(`slice ${start},${end},${step}`, (x) => slice(x as Tensor, 1, start, end, step))),
  row('slice negative', (x) => slice(x as Tensor, 1, -4, -1)),
  row('slice tail', (x) => slice(x as Tensor, -1, -2), one, { rank: 1 }),
  row('slice second', (x) => slice(x as Tensor, 0, 0, undefined, 2), one, { rank: 1 }),
  row('pick', (x) => pick(x as Tensor, 1, 2)),
  row('pick last', (x) => pick(x as Tensor, 1, -1)),
  row('pick first', (x) => pick(x as Tensor, -1, 0), one, { rank: 1, solid: true }),

  row('concat', (...x) => concat(x, 1)),
  row(
    'concat last',
    (...x) => concat(x, -1),
    (draw) => [draw.normal(), draw.normal([...draw.shape.slice(0, -1), 2]), draw.normal()],
    { rank: 1 },
  ),
  row('stack', (...x) => stack(x, 1)),
  row(
    'stack last',
    (...x) => stack(x, -1),
    (draw) => [draw.normal(), draw.normal()],
  ),
  row('split', (x) => split(x as Tensor, [1, 3, 2], 1)),
  row('split equal', (x) => split(x as Tensor, 3)),
  row('split part', (x) => split(x as Tensor, [1, 0, 5], 1)[2] as Tensor),
  row(
    'split two',
    (x) => split(x as Tensor, [1, 2]).map((part) => ops.square(part)),
    (draw) => [draw.normal([...draw.shape, 3])],
  ),

  row('pad', (x) => pad(x as Tensor, 1, [1, 2], 0.5)),
  row('pad constant', (x) => pad(x as Tensor, 0, [0, 2]), one, { rank: 1 }),
  row(
    'pad reflect',
    (x) => pad(x as Tensor, 2, [2, 1], 0, 'reflect'),
    (draw) => [draw.normal([2, 1, 4])],
  ),
  row(
    'pad edge',
    (x) => pad(x as Tensor, 2, [2, 3], 0, 'edge'),
    (draw) => [draw.normal([2, 1, 1])],
  ),
  row(
    'pad wrap',
    (x) => pad(x as Tensor, 2, [2, 4], 0, 'wrap'),
    (draw) => [draw.normal([2, 1, 4])],
  ),
  row('flip', (x) => flip(x as Tensor, 1)),
  row('flip last', (x) => flip(x as Tensor, -1), one, { rank: 1 }),
  row('roll', (x) => roll(x as Tensor, 2, 1)),
  row('roll back', (x) => roll(x as Tensor, -7, 1)),
  row('roll last', (x) => roll(x as Tensor, 3, -1), one, { rank: 1 }),
  row('tile', (x) => ops.tile(x as Tensor, [2, 3, 1])),
  row(
    'tile all',
    (x) =>
      ops.tile(
        x as Tensor,
        (x as Tensor).shape.map((_, i) => (i % 3) + 1),
      ),
    one,
  ),
  row('repeatInterleave', (x) => ops.repeatInterleave(x as Tensor, 3, 1)),
  row('repeatInterleave last', (x) => ops.repeatInterleave(x as Tensor, 2, -1), one, { rank: 1 }),

  ...[-1, 0, 2].flatMap((diagonal) => [
    row(`tril ${diagonal}`, (x) => ops.tril(x as Tensor, diagonal), one, { rank: 2 }),
    row(`triu ${diagonal}`, (x) => ops.triu(x as Tensor, diagonal), one, { rank: 2 }),
  ]),
  row('triu 1', (x) => ops.triu(x as Tensor, 1)),
  row('triangle', () => ops.triangle(2, 3), undefined, {
    example: {
      inputs: [],
      outputs: [
        array(
          [
            [true, false, false],
            [true, true, false],
          ],
          { dtype: 'bool' },
        ),
      ],
    },
  }),
  row('arange', () => ops.arange(1, 2.5, 0.25)),
  row('linspace', () => ops.linspace(-1, 2, 7)),
  row('range', () => ops.range(5)),
  row('full', () => ops.full([2, 0, 1], 3), undefined, { example: { inputs: [], outputs: [zeros([2, 0, 1])] } }),
  row('full int64', () => ops.full([2], 3, 'int64'), undefined, { example: { inputs: [], outputs: [array([3, 3], { dtype: 'int64' })] } }),
  row('sizeOf', () => ops.sizeOf(3), undefined, { example: { inputs: [], outputs: [array(3, { dtype: 'int64' })] } }),
]

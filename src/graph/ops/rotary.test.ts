import { describe, expect, test } from 'vitest'
import { distance, expectClose, expectCurvature, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { array } from '../ndarray.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'
import { constant, placeholder } from './constant.js'
import { type RotaryTableOptions, rotaryAngles, rotaryEmbedding, rotaryTables } from './rotary.js'
import { concat } from './shaping.js'

describe.each([true, false])('with fuse: %s', (fuse) => {
  test.each(torchCases<{ interleaved: boolean }>('rotary').map((one) => [one.name, one] as const))(
    'rotaryEmbedding() and its gradients equal PyTorch: %s',
    async (_, one) => {
      const turn = ({ x, cos, sin, positions }: Record<string, Tensor>) =>
        rotaryEmbedding(x as Tensor, { cos: cos as Tensor, sin: sin as Tensor }, { positions, ...one.options })
      await expectTorch(one, turn, { fuse })
    },
  )
})

test.each(torchCases<RotaryTableOptions>('rotary-tables').map((one) => [one.name, one] as const))(
  'rotaryTables() equals the formulas of published models: %s',
  async (_, { options, output }) => {
    const { cos, sin } = rotaryTables(options)
    const joined = await compile((a: Tensor, b: Tensor) => concat([a.unsqueeze(0), b.unsqueeze(0)]))(cos, sin)
    expectClose(joined, output, 3e-7)
  },
)

test('rotaryAngles() turns as the tables do', async () => {
  const options = { width: 8, scaling: { kind: 'yarn', factor: 4, trainedLength: 16 } } as const
  const tables = rotaryTables({ ...options, length: 50 })
  const places = array(
    [
      [3, 49],
      [0, 7],
    ],
    { dtype: 'int64' },
  )
  const x = noise([2, 3, 2, 8])
  const byAngles = await compile((y: Tensor, at: Tensor) => rotaryEmbedding(y, rotaryAngles(at, options)))(x, places)
  const byTables = await compile((y: Tensor, at: Tensor) => rotaryEmbedding(y, tables, { positions: at }))(x, places)
  expect(distance(byAngles, byTables)).toBeLessThan(1e-5)
})

test('rotaryEmbedding() leaves products of queries and keys to their distance', async () => {
  const tables = rotaryTables({ width: 8, length: 50 })
  const product = compile((q: Tensor, k: Tensor, at: Tensor, from: Tensor) =>
    rotaryEmbedding(q, tables, { positions: at })
      .mul(rotaryEmbedding(k, tables, { positions: from }))
      .sum(-1),
  )
  const [q, k] = [noise([1, 2, 1, 8], 1), noise([1, 2, 1, 8], 2)]
  const place = (at: number) => array([at], { dtype: 'int64' })
  expect(distance(await product(q, k, place(45), place(40)), await product(q, k, place(7), place(2)))).toBeLessThan(1e-6)
})

test('rotaryEmbedding() stays one kernel in the gradient', () => {
  const { cos, sin } = rotaryTables({ width: 8, length: 5 })
  const slope = (x: Tensor) => {
    const y = rotaryEmbedding(x, { cos, sin })
    return gradients(y.mul(y).sum(), [x])
  }
  const { model } = traceProgram(slope, callShape([noise([1, 2, 5, 8])]), { device: 'cpu', fuse: true })
  expect(model.size).toBeLessThanOrEqual(5) // turn, square's two halves, -sin, turn back
})

test('rotaryEmbedding() can be differentiated twice, in its angles too', async () => {
  await expectCurvature(
    (x, cos, sin) => rotaryEmbedding(x as Tensor, { cos: cos as Tensor, sin: sin as Tensor }),
    [noise([1, 2, 3, 4], 1), noise([3, 2], 2), noise([3, 2], 3)],
  )
})

test('rotaryEmbedding() runs with named batch and tokens', async () => {
  const tables = rotaryTables({ width: 4, length: 9 })
  const turn = (x: Tensor, positions: Tensor) => rotaryEmbedding(x, tables, { positions })
  const given = [
    noise([2, 3, 5, 4]),
    array(
      [
        [0, 1, 2, 3, 4],
        [4, 5, 6, 7, 8],
      ],
      { dtype: 'int64' },
    ),
  ] as const
  const wanted = await compile(turn)(...given)
  for (const fuse of [true, false])
    expectClose(
      await compile(turn, {
        fuse,
        dynamic: [
          ['batch', null, 'tokens', null],
          ['batch', 'tokens'],
        ],
      })(...given),
      wanted,
    )
})

test('rotaryEmbedding() says when the tables are too short', () => {
  const { cos, sin } = rotaryTables({ width: 4, length: 3 })
  expect(() => rotaryEmbedding(placeholder([1, 2, 5, 4]), { cos: constant(cos), sin: constant(sin) })).toThrow(
    'Cannot turn the features of [1, 2, 5, 4]: the tables hold 3 positions',
  )
})

import { describe, expect, test } from 'vitest'
import { array, compile, type NDArray, type Tensor } from '../graph/index.js'
import { dropout, embedding, groupNorm, layerNorm, linear, rmsNorm } from './layers.js'
import { given, type Parameters, type Scope } from './scope.js'

/** Runs a layer below "layer" with these parameters. */
const run = (layer: (scope: Scope, x: Tensor) => Tensor, parameters: Parameters, x: NDArray): Promise<NDArray> =>
  compile((x: Tensor) => layer(given(parameters).at('layer'), x))(x)
const close = (found: NDArray, wanted: readonly number[], digits = 5): void => {
  expect(found.length).toBe(wanted.length)
  for (const [i, value] of wanted.entries()) expect(found.at(i), `element ${i}`).toBeCloseTo(value, digits)
}

describe('linear()', () => {
  const weight = array([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const x = array([
    [1, 0, -1],
    [2, 1, 0],
  ])

  test('adds its bias to every row', async () => {
    const y = await run((scope, x) => linear(scope, x, 2), { 'layer.weight': weight, 'layer.bias': array([10, 20]) }, x)
    expect(y.toNested()).toEqual([
      [8, 18],
      [14, 33],
    ])
  })

  test('without a bias asks for none', async () => {
    const y = await run((scope, x) => linear(scope, x, 2, { bias: false }), { 'layer.weight': weight }, x)
    expect(y.toNested()).toEqual([
      [-2, -2],
      [4, 13],
    ])
  })

  test("stored 'in-out' reads GPT-2's orientation", async () => {
    const stored = array([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
    const y = await run((scope, x) => linear(scope, x, 2, { bias: false, stored: 'in-out' }), { 'layer.weight': stored }, x)
    expect(y.toNested()).toEqual([
      [-2, -2],
      [4, 13],
    ])
  })

  test('works on the last of several axes', async () => {
    const y = await run((scope, x) => linear(scope, x, 2, { bias: false }), { 'layer.weight': weight }, x.reshape([2, 1, 3]))
    expect(y.shape).toEqual([2, 1, 2])
  })
})

test('embedding() picks the rows of its table', async () => {
  const table = array([
    [1, 2],
    [3, 4],
    [5, 6],
  ])
  const y = await run((scope, x) => embedding(scope, x, 3, 2), { 'layer.weight': table }, array([[2, 0]], { dtype: 'int64' }))
  expect(y.toNested()).toEqual([
    [
      [5, 6],
      [1, 2],
    ],
  ])
})

test('layerNorm() gives mean 0 and deviation 1, then scales and shifts', async () => {
  // Mean 2, variance 2/3: (x - 2) / √(2/3) = ∓1.2247449, 0.
  const parameters = { 'layer.weight': array([1, 2, 3]), 'layer.bias': array([0, 1, -1]) }
  close(await run((scope, x) => layerNorm(scope, x), parameters, array([[1, 2, 3]])), [-1.2247357, 1, 2.674207], 4)
  // Variance 2/3 plus an epsilon of 1/3 is 1.
  close(await run((scope, x) => layerNorm(scope, x, { epsilon: 1 / 3 }), parameters, array([[1, 2, 3]])), [-1, 1, 2])
})

test('rmsNorm() divides by the root of the mean square', async () => {
  // Squares 9 and 16: mean 12.5, plus an epsilon of 12.5 is 25.
  const y = await run((scope, x) => rmsNorm(scope, x, { epsilon: 12.5 }), { 'layer.weight': array([1, 10]) }, array([[3, 4]]))
  close(y, [0.6, 8])
})

test('groupNorm() normalises each group of channels by itself', async () => {
  // Two groups of two channels with two points: [1, 3 | 1, 3] has mean 2 and variance 1; [0, 0 | 4, 4] has mean 2 and variance 4.
  const parameters = { 'layer.weight': array([1, 2, 1, 1]), 'layer.bias': array([0, 0, 0, 5]) }
  const y = await run((scope, x) => groupNorm(scope, x, 2, { epsilon: 0 }), parameters, array([1, 3, 1, 3, 0, 0, 4, 4]).reshape([1, 4, 2]))
  close(y, [-1, 1, -2, 2, -1, -1, 6, 6])
})

test('dropout() zeroes what is not kept and scales the rest', async () => {
  const keep = array([true, false, true, true], { dtype: 'bool' })
  const y = await compile((x: Tensor, keep: Tensor) => dropout(x, keep, 0.25))(array([3, 3, 6, 9]), keep)
  close(y, [4, 0, 8, 12])
})

import { describe, expect, test } from 'vitest'
import { array, compile, gradients, key, type NDArray, normal, placeholder, type Tensor } from '../graph/index.js'
import {
  attention,
  batchNorm,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  dropout,
  embedding,
  feedForward,
  groupNorm,
  layerNorm,
  linear,
  rmsNorm,
  sinusoidalPositions,
  sinusoids,
} from './layers.js'
import { given, initialise, type Parameters, parametersOf, type Scope } from './scope.js'

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

const named = (model: (scope: Scope) => unknown): string[] => [...parametersOf(model)].map(([name, { shape }]) => `${name} ${shape}`)

describe('the convolution layers', () => {
  test('conv1d() slides its kernel and adds the bias', async () => {
    // [1 2 3 4] with zeros around it and [1 10], from every second place: 0·1+1·10, 2·1+3·10, 4·1+0·10; plus 0.5.
    const parameters = { 'layer.weight': array([[[1, 10]]]), 'layer.bias': array([0.5]) }
    const y = await run((scope, x) => conv1d(scope, x, 1, 2, { stride: 2, padding: 1 }), parameters, array([[[1, 2, 3, 4]]]))
    expect(y.toNested()).toEqual([[[10.5, 32.5, 4.5]]])
  })

  test('convTranspose1d() lays its kernel down at every place', async () => {
    const y = await run(
      (scope, x) => convTranspose1d(scope, x, 1, 2, { stride: 2, bias: false }),
      { 'layer.weight': array([[[1, 10]]]) },
      array([[[3, 4]]]),
    )
    expect(y.toNested()).toEqual([[[3, 30, 4, 40]]])
  })

  test.each([
    ['conv1d()', (s: Scope) => conv1d(s, placeholder([1, 6, 9]), 4, 3, { groups: 2 }), ['weight 4,3,3', 'bias 4']],
    ['conv2d()', (s: Scope) => conv2d(s, placeholder([1, 6, 9, 9]), 4, [3, 5]), ['weight 4,6,3,5', 'bias 4']],
    ['conv3d()', (s: Scope) => conv3d(s, placeholder([1, 6, 9, 9, 9]), 4, 3, { bias: false }), ['weight 4,6,3,3,3']],
    ['convTranspose1d()', (s: Scope) => convTranspose1d(s, placeholder([1, 6, 9]), 4, 3, { groups: 2 }), ['weight 6,2,3', 'bias 4']],
    ['convTranspose2d()', (s: Scope) => convTranspose2d(s, placeholder([1, 6, 9, 9]), 4, 2, { stride: 2 }), ['weight 6,4,2,2', 'bias 4']],
    ['convTranspose3d()', (s: Scope) => convTranspose3d(s, placeholder([1, 6, 3, 3, 3]), 4, 2, { bias: false }), ['weight 6,4,2,2,2']],
  ])("%s asks for PyTorch's weight and draws it within its bounds", (_, layer, names) => {
    expect(named(layer)).toEqual(names)
    const { weight, bias } = initialise(layer, { seed: 1 })
    const bound = 1 / Math.sqrt((weight as NDArray).shape.slice(1).reduce((a, b) => a * b))
    for (const array of [weight, bias])
      for (let i = 0; i < (array?.length ?? 0); i++) expect(Math.abs(array?.at(i) as number)).toBeLessThanOrEqual(bound)
  })
})

describe('batchNorm()', () => {
  const parameters = {
    'layer.weight': array([1, 2]),
    'layer.bias': array([0, 10]),
    'layer.running_mean': array([1, 2]),
    'layer.running_var': array([4, 1]),
  }
  const x = array([1, 3, 2, 4]).reshape([1, 2, 2])

  test('uses the running statistics', async () => {
    close(await run((scope, x) => batchNorm(scope, x, { epsilon: 0 }), parameters, x), [0, 1, 10, 14])
  })

  test("uses the batch's own on demand, and asks for the same parameters", async () => {
    // Both channels have variance 1, with means 2 and 3.
    const layer = (scope: Scope, x: Tensor) => batchNorm(scope, x, { epsilon: 0, statistics: 'batch' })
    close(await run(layer, parameters, x), [-1, 1, 8, 12])
    expect(named((scope) => layer(scope, placeholder([1, 2, 2])))).toEqual(['weight 2', 'bias 2', 'running_mean 2', 'running_var 2'])
  })

  test('leaves the running statistics without a gradient', async () => {
    const slopes = await compile((p: Parameters<Tensor>, x: Tensor) =>
      gradients(batchNorm(given(p).at('layer'), x).sum(), [p['layer.running_mean'], p['layer.weight']] as Tensor[]),
    )(parameters, x)
    expect(slopes[0]?.toNested()).toEqual([0, 0])
    expect(slopes[1]?.at(0)).not.toBe(0)
  })
})

describe('attention()', () => {
  const x = normal(key(1), [2, 5, 8])
  const context = normal(key(2), [2, 3, 6])
  const layer = (scope: Scope, x: Tensor, context: Tensor) =>
    attention(scope, x, context, { heads: 4, keyValueHeads: 2, biases: ['q_proj', 'out_proj'] })

  test('asks for four projections, with the biases that it is told of', () => {
    expect(named((scope) => layer(scope, placeholder([2, 5, 8]), placeholder([2, 3, 6])))).toEqual([
      'q_proj.weight 8,8',
      'q_proj.bias 8',
      'k_proj.weight 4,6',
      'v_proj.weight 4,6',
      'out_proj.weight 8,8',
      'out_proj.bias 8',
    ])
  })

  test('with one key copies its value to every query', async () => {
    const identity = array([
      [1, 0],
      [0, 1],
    ])
    const parameters = Object.fromEntries(['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) => [`${name}.weight`, identity]))
    const attend = (x: Tensor, context: Tensor) => attention(given(parameters), x, context, { heads: 2, biases: [] })
    const y = await compile(attend)(normal(key(3), [1, 3, 2]), array([[[5, 7]]]))
    close(y, [5, 7, 5, 7, 5, 7])
  })

  test('causal does not look ahead, and a mask hides keys', async () => {
    const self = (scope: Scope, x: Tensor) => attention(scope, x, x, { heads: 2, causal: true })
    const parameters = initialise((scope) => self(scope, placeholder([2, 5, 8])), { seed: 1 })
    const changed = array(
      Array.from({ length: 80 }, (_, i) => (Math.floor(i / 8) % 5 === 4 ? 1 : x.at(i))),
      { shape: [2, 5, 8] },
    )
    const attend = compile((x: Tensor) => self(given(parameters), x).slice(1, 0, 4))
    expect((await attend(changed)).data).toEqual((await attend(x)).data)
    const hide = (mask: NDArray) =>
      compile((x: Tensor, mask: Tensor) => attention(given(parameters), x, x, { heads: 2, mask }).slice(1, 0, 4))(x, mask)
    const open = await hide(array([true, true, true, true, true], { dtype: 'bool' }))
    const shut = await hide(array([true, true, true, true, false], { dtype: 'bool' }))
    expect(shut.data).not.toEqual(open.data)
  })

  test('learns through all its projections', async () => {
    const parameters = initialise((scope) => layer(scope, placeholder([2, 5, 8]), placeholder([2, 3, 6])), { seed: 1 })
    const slopes = await compile((p: Parameters<Tensor>, x: Tensor, c: Tensor) =>
      gradients(layer(given(p), x, c).square().sum(), Object.values(p)),
    )(parameters, x, context)
    for (const slope of slopes) expect(slope.data.some((value) => Number(value) !== 0)).toBe(true)
  })

  test('refuses heads that do not divide its width', () => {
    expect(() => named((scope) => attention(scope.at('attn'), placeholder([1, 2, 8]), placeholder([1, 2, 8]), { heads: 3 }))).toThrow(
      'Cannot divide a width of 8 into 3 heads over 3 heads of keys and values at "attn"',
    )
  })
})

test('feedForward() runs fc1, the activation and fc2', async () => {
  const parameters = {
    'layer.fc1.weight': array([[1], [-1]]),
    'layer.fc1.bias': array([0, 0]),
    'layer.fc2.weight': array([[2, 3]]),
    'layer.fc2.bias': array([1]),
  }
  const y = await run((scope, x) => feedForward(scope, x, 2, { activation: (x) => x.relu() }), parameters, array([[5], [-5]]))
  expect(y.toNested()).toEqual([[11], [16]])
})

describe('sinusoidalPositions()', () => {
  test('alternates sines and cosines as the paper does', () => {
    const [one, two] = [1, 1 / 100]
    close(sinusoidalPositions(2, 4), [0, 1, 0, 1, Math.sin(one), Math.cos(one), Math.sin(two), Math.cos(two)], 6)
  })

  test("in halves and shifted gives Whisper's positions", () => {
    const row = sinusoidalPositions(3, 4, { order: 'sines-first', shift: 1 })
    close(
      row,
      [0, 0, 1, 1, Math.sin(1), Math.sin(1e-4), Math.cos(1), Math.cos(1e-4), Math.sin(2), Math.sin(2e-4), Math.cos(2), Math.cos(2e-4)],
      6,
    )
  })

  test.each(['interleaved', 'sines-first', 'cosines-first'] as const)('equals sinusoids() of 0, 1, …: %s', async (order) => {
    const found = await compile((t: Tensor) => sinusoids(t, 6, { order }))(array([0, 1, 2, 3]))
    close(found, Array.from(sinusoidalPositions(4, 6, { order }).data, Number))
  })

  test('refuses an odd width', () => {
    expect(() => sinusoidalPositions(2, 5)).toThrow('Cannot make sinusoids of width 5: it must be even')
  })
})

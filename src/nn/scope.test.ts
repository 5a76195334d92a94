import { describe, expect, test } from 'vitest'
import { array, compile, fill, placeholder, type Tensor } from '../graph/index.js'
import { withAdapter } from './adapter.js'
import { ones, zeros } from './initialisers.js'
import { embedding, layerNorm, linear } from './layers.js'
import { given, initialise, parametersOf, type Scope } from './scope.js'

/** [batch, 3] to [batch, 2]: a projection, a norm, a projection back over the same matrix, a head. */
function model(scope: Scope, x: Tensor): Tensor {
  const hidden = layerNorm(scope.at('norm'), linear(scope.at('layers', 0), x, 4))
  return linear(scope.at('head'), hidden, 2, { bias: false })
}
const described = (scope: Scope) => model(scope, placeholder([1, 3]))

test('parametersOf() lists names, shapes and element types in the order of use', () => {
  expect([...parametersOf((scope) => described(scope.at('encoder')))]).toEqual([
    ['encoder.layers.0.weight', { shape: [4, 3], dtype: 'float32' }],
    ['encoder.layers.0.bias', { shape: [4], dtype: 'float32' }],
    ['encoder.norm.weight', { shape: [4], dtype: 'float32' }],
    ['encoder.norm.bias', { shape: [4], dtype: 'float32' }],
    ['encoder.head.weight', { shape: [2, 4], dtype: 'float32' }],
  ])
  expect([...parametersOf((scope) => scope.param('codes', [2], { dtype: 'int64', initialiser: zeros }))]).toEqual([
    ['codes', { shape: [2], dtype: 'int64' }],
  ])
})

test('parametersOf() lists a shared name once and refuses it under another shape', () => {
  const tied = (scope: Scope) => linear(scope.at('wte'), embedding(scope.at('wte'), placeholder([2], 'int64'), 5, 3), 5, { bias: false })
  expect([...parametersOf(tied).keys()]).toEqual(['wte.weight'])
  expect(() => parametersOf((scope) => [scope.param('w', [2, 3]), scope.param('w', [3, 2])])).toThrow(
    'Cannot use the parameter "w" twice: once as [2, 3], once as [3, 2]',
  )
})

describe('initialise()', () => {
  test('depends on the seed', () => {
    expect(initialise(described, { seed: 7 })).toEqual(initialise(described, { seed: 7 }))
    expect(initialise(described, { seed: 7 })['head.weight']).not.toEqual(initialise(described, { seed: 8 })['head.weight'])
  })

  test('draws each array from its name alone, so the order of use does not matter', () => {
    const forwards = initialise((scope) => [scope.param('a', [3, 2]), scope.param('b', [4, 2])], { seed: 1 })
    const backwards = initialise((scope) => [scope.param('b', [4, 2]), scope.param('new', [5]), scope.param('a', [3, 2])], { seed: 1 })
    expect(backwards.a).toEqual(forwards.a)
    expect(backwards.b).toEqual(forwards.b)
    expect(forwards.a?.data.slice(0, 4)).not.toEqual(forwards.b?.data.slice(0, 4))
  })

  test('follows the initialiser of the request and its element type', () => {
    const { a, b, c } = initialise(
      (scope) => [
        scope.param('a', [2], { initialiser: ones }),
        scope.param('b', [64, 25]),
        scope.param('c', [2], { initialiser: ones, dtype: 'float16' }),
      ],
      { seed: 3 },
    )
    expect(a?.toNested()).toEqual([1, 1])
    expect(Math.max(...Array.from(b?.data as Float32Array, Math.abs))).toBeLessThanOrEqual(1 / 5)
    expect(Math.max(...Array.from(b?.data as Float32Array, Math.abs))).toBeGreaterThan(0.19)
    expect(c?.dtype).toBe('float16')
  })
})

describe('given()', () => {
  const weights = { 'fc.weight': fill('float32', [2, 3], (i) => i), 'fc.bias': array([1, 2]) }

  test('names the parameter that is missing', () => {
    expect(() => described(given(weights))).toThrow('Cannot find the parameter "layers.0.weight" among the 2 that were given')
    expect(() => given({}).param('toString', [1])).toThrow('Cannot find the parameter "toString" among the 0 that were given')
  })

  test('says the prefix by which the names differ', () => {
    expect(() =>
      given({ 'model.fc.weight': fill('float32', [2, 3], (i) => i) })
        .at('fc')
        .param('weight', [2, 3]),
    ).toThrow(
      'Cannot find the parameter "fc.weight" among the 1 that were given. The names differ by the prefix "model." of the given parameters: begin at scope.at(\'model\')',
    )
  })

  test('shows both shapes where they differ', () => {
    expect(() => linear(given(weights).at('fc'), placeholder([1, 4]), 2)).toThrow(
      'Cannot load "fc.weight": the model expects [2, 4], it was given [2, 3]',
    )
  })

  test('takes arrays as constants and tensors as inputs, and knows which names it has', async () => {
    const x = array([[1, 1, 1]])
    const constants = await compile((x: Tensor) => linear(given(weights).at('fc'), x, 2))(x)
    const inputs = await compile((w: Record<string, Tensor>, x: Tensor) => linear(given(w).at('fc'), x, 2))(weights, x)
    expect(constants.toNested()).toEqual([[4, 14]])
    expect(inputs.toNested()).toEqual([[4, 14]])
    expect(given(weights).at('fc').has('bias')).toBe(true)
    expect(given(weights).has('bias')).toBe(false)
  })

  test('hands the same tensor to every place that asks for one name', () => {
    const scope = given(weights)
    expect(scope.at('fc').param('weight', [2, 3])).toBe(scope.param('fc.weight', [2, 3]))
  })

  test('casts a parameter that is stored in half precision to what the model asks for', async () => {
    const half = { w: array([0.5, -2], { dtype: 'float16' }) }
    expect((await compile(() => given(half).param('w', [2]).mul(2))()).toNested()).toEqual([1, -4])
  })
})

test('Scope.at() joins names and numbers and skips empty parts', () => {
  const scope = given({}).at('', 'model', 'layers', 0).at('')
  expect(scope.path).toBe('model.layers.0')
})

test('one model function describes, initialises, runs and adapts itself', async () => {
  const x = array([[0.5, -1, 2]])
  const parameters = initialise(described, { seed: 5 })
  expect(Object.keys(parameters)).toEqual([...parametersOf(described).keys()])
  const adapted = (scope: Scope) => described(withAdapter(given(parameters), scope, { rank: 2 }))
  const lora = initialise(adapted, { seed: 6 })
  const run = (scope: () => Scope) => compile((x: Tensor) => model(scope(), x))(x)
  const plain = await run(() => given(parameters))
  expect(plain.shape).toEqual([1, 2])
  expect(await run(() => withAdapter(given(parameters), given(lora), { rank: 2 }))).toEqual(plain)
})

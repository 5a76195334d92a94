import { describe, expect, test } from 'vitest'
import { array, compile, convolution, fill, placeholder, type Tensor, valueAndGrad } from '../graph/index.js'
import { frozen, withAdapter } from './adapter.js'
import { linear } from './layers.js'
import { given, initialise, type Parameters, parametersOf, type Scope } from './scope.js'

const model = (scope: Scope, x: Tensor): Tensor => linear(scope.at('out'), linear(scope.at('in'), x, 4).tanh(), 2)
const described = (scope: Scope): Tensor => model(scope, placeholder([1, 3]))
const base = initialise(described, { seed: 1 })
const x = array([
  [1, -1, 0.5],
  [0, 2, 1],
])
const zeroOf = (parameters: Parameters): boolean =>
  Object.values(parameters).every(({ data }) => data.every((value) => Number(value) === 0))

/** The gradients of the mean square of what `outcome` gives, in both groups of parameters. */
const slopes = (outcome: (base: Scope, adapter: Scope, x: Tensor) => Tensor, adapter: Parameters = {}) =>
  compile(
    (groups: { base: Parameters<Tensor>; adapter: Parameters<Tensor>; x: Tensor }) =>
      valueAndGrad((all: typeof groups) => outcome(given(all.base), given(all.adapter), all.x).square().mean())(groups).gradients,
  )({ base, adapter, x })

describe('frozen()', () => {
  test('gives the same values, and no gradient but that of the input', async () => {
    const plain = await compile((x: Tensor) => model(given(base), x))(x)
    expect(await compile((x: Tensor) => model(frozen(given(base)), x))(x)).toEqual(plain)
    const found = await slopes((base, _, x) => model(frozen(base), x))
    expect(zeroOf(found.base)).toBe(true)
    expect(zeroOf({ x: found.x })).toBe(false)
  })

  test('keeps the place in the checkpoint', () => {
    expect(frozen(given(base).at('in')).path).toBe('in')
  })
})

describe('withAdapter()', () => {
  const names = (targets?: (name: string) => boolean) => [
    ...parametersOf((scope) => described(withAdapter(given(base), scope, { rank: 2, ...(targets && { targets }) }))),
  ]

  test('asks for a pair of matrices beside each one that the model multiplies with', () => {
    expect(names().map(([name, { shape }]) => `${name} ${shape}`)).toEqual([
      'in.lora_A.weight 2,3',
      'in.lora_B.weight 4,2',
      'out.lora_A.weight 2,4',
      'out.lora_B.weight 2,2',
    ])
    expect(names((name) => name.startsWith('out.')).map(([name]) => name)).toEqual(['out.lora_A.weight', 'out.lora_B.weight'])
  })

  test('starts as the base', async () => {
    const fresh = initialise((scope) => described(withAdapter(given(base), scope, { rank: 2 })), { seed: 3 })
    const run = (scope: () => Scope) => compile((x: Tensor) => model(scope(), x))(x)
    expect(await run(() => withAdapter(given(base), given(fresh), { rank: 2 }))).toEqual(await run(() => given(base)))
  })

  test('adds alpha / rank times x·Aᵀ·Bᵀ', async () => {
    const whole = { 'fc.weight': array([[1, 0]]) }
    const lora = { 'fc.lora_A.weight': array([[1, 2]]), 'fc.lora_B.weight': array([[3]]) }
    // Base 5; A·x = 5 + 2·7 = 19; B·A·x = 57; times 4 / 1.
    const y = await compile((x: Tensor) =>
      linear(withAdapter(given(whole), given(lora), { rank: 1, alpha: 4 }).at('fc'), x, 1, { bias: false }),
    )(array([[5, 7]]))
    expect(y.toNested()).toEqual([[233]])
  })

  test("adapts a matrix that is stored 'in-out'", async () => {
    const whole = {
      'fc.weight': array([
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    }
    const lora = { 'fc.lora_A.weight': array([[1, 1, 1]]), 'fc.lora_B.weight': array([[1], [10]]) }
    const y = await compile((x: Tensor) =>
      linear(withAdapter(given(whole), given(lora), { rank: 1 }).at('fc'), x, 2, { bias: false, stored: 'in-out' }),
    )(array([[1, 2, 3]]))
    expect(y.toNested()).toEqual([[7, 62]])
  })

  test('lets gradients flow into the adapter and not into the base', async () => {
    const adapter = initialise((scope) => described(withAdapter(given(base), scope, { rank: 2 })), { seed: 3 })
    const moved = Object.fromEntries(
      Object.entries(adapter).map(([name, { shape }]) => [name, fill('float32', shape, (i) => 0.1 + i / 20)]),
    )
    const found = await slopes((base, adapter, x) => model(withAdapter(base, adapter, { rank: 2 }), x), moved)
    expect(zeroOf(found.base)).toBe(true)
    for (const gradient of Object.values(found.adapter)) expect(zeroOf({ gradient })).toBe(false)
  })

  test('stands still under frozen(), and carries another adapter', async () => {
    const adapter = initialise((scope) => described(withAdapter(given(base), scope, { rank: 2 })), { seed: 3 })
    const moved = Object.fromEntries(
      Object.entries(adapter).map(([name, { shape }]) => [name, fill('float32', shape, (i) => 0.1 + i / 20)]),
    )
    const still = await slopes((base, adapter, x) => model(frozen(withAdapter(base, adapter, { rank: 2 })), x), moved)
    expect(zeroOf(still.adapter)).toBe(true)
    expect(zeroOf({ x: still.x })).toBe(false)
    const stacked = await slopes(
      (base, adapter, x) => model(withAdapter(withAdapter(base, given(moved), { rank: 2 }), adapter, { rank: 2 }), x),
      moved,
    )
    expect(zeroOf(stacked.base)).toBe(true)
    expect(zeroOf(stacked.adapter)).toBe(false)
  })

  test("merges a convolution's kernel", async () => {
    const kernel = { 'conv.weight': fill('float32', [2, 1, 3], (i) => i) }
    const lora = { 'conv.lora_A.weight': array([[1, 0, 2]]), 'conv.lora_B.weight': array([[1], [-1]]) }
    const convolve = (scope: Scope, x: Tensor) => convolution(x, scope.at('conv').param('weight', [2, 1, 3]))
    const input = array([[[1, 10, 100]]])
    const adapted = (adapter: Scope, x: Tensor) => convolve(withAdapter(given(kernel), adapter, { rank: 1 }), x)
    expect([...parametersOf((scope) => adapted(scope, placeholder([1, 1, 3])))].map(([name, { shape }]) => `${name} ${shape}`)).toEqual([
      'conv.lora_A.weight 1,3',
      'conv.lora_B.weight 2,1',
    ])
    // [0 1 2] + [1 0 2] = [1 1 4] and [3 4 5] - [1 0 2] = [2 4 3].
    expect((await compile((x: Tensor) => adapted(given(lora), x))(input)).toNested()).toEqual([[[411], [342]]])
  })
})

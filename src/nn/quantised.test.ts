import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { expectClose } from '../../tests/support/torch-cases.js'
import { array, compile, gradients, key, type NDArray, normal, placeholder, type Tensor } from '../graph/index.js'
import { openCheckpoint, writeSafetensors } from '../weights/index.js'
import { frozen, withAdapter } from './adapter.js'
import { fromCheckpoint } from './checkpoint.js'
import { embedding, linear } from './layers.js'
import { quantised, quantiseParameters } from './quantised.js'
import { given, initialise, type Scope } from './scope.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-quantised-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const model = (scope: Scope, x: Tensor): Tensor => {
  const hidden = linear(scope.at('c_attn'), linear(scope.at('fc'), x, 64), 48, { stored: 'in-out' }).tanh()
  return linear(scope.at('head'), hidden, 8, { bias: false })
}
const described = (scope: Scope): Tensor => model(scope, placeholder([1, 32]))
const parameters = initialise(described, { seed: 4 })
const x = normal(key(9), [5, 32])
const run = (scope: () => Scope): Promise<NDArray> => compile((x: Tensor) => model(scope(), x))(x)
const distance = (a: NDArray, b: NDArray): number => {
  const norm = (values: number[]) => Math.hypot(...values)
  return norm(Array.from({ length: a.length }, (_, i) => a.at(i) - b.at(i))) / norm(Array.from({ length: b.length }, (_, i) => b.at(i)))
}

describe('quantiseParameters()', () => {
  test('packs the matrices that the model multiplies with, wherever they come from', async () => {
    const path = join(folder, 'model.safetensors')
    const prefixed = Object.entries(parameters).map(([name, value]) => [`model.${name}`, value] as const)
    await writeSafetensors(path, prefixed)
    const packed = await quantiseParameters(described, parameters, { bits: 4 })
    expect(Object.entries(packed).map(([name, { shape, packed }]) => `${name} ${shape} ${packed}`)).toEqual([
      'fc.weight 64,32 uint8[64, 1, 16]',
      'c_attn.weight 48,64 uint8[48, 2, 16]',
      'head.weight 8,48 uint8[8, 2, 16]',
    ])
    expect(await quantiseParameters(described, await openCheckpoint(path), { bits: 4, prefix: 'model.' })).toEqual(packed)
    const file = await openCheckpoint(path)
    const fromFile = await run(() => quantised(fromCheckpoint(file, { prefix: 'model.' }), packed))
    expect(distance(fromFile, await run(() => quantised(given(parameters), packed)))).toBeLessThan(1e-6)
  })

  test('packs only what it is told to', async () => {
    const packed = await quantiseParameters(described, parameters, { bits: 8, only: ['fc', 'head.weight'] })
    expect(Object.keys(packed)).toEqual(['fc.weight', 'head.weight'])
  })

  test('names a matrix that is missing and one of another shape', async () => {
    await expect(quantiseParameters(described, { 'fc.bias': array([1]) }, { bits: 4 })).rejects.toThrow(
      'Cannot find the parameter "fc.weight" among the 1 that were given',
    )
    await expect(quantiseParameters(described, { 'fc.weight': normal(key(1), [32, 64]) }, { bits: 4 })).rejects.toThrow(
      'Cannot load "fc.weight": the model expects [64, 32], it was given [32, 64]',
    )
  })
})

describe('quantised()', () => {
  test.each([
    [4, true, 0.2],
    [4, false, 0.2],
    [8, false, 0.03],
  ] as const)('with %i bits and exact: %s stays close to the base', async (bits, exact, tolerance) => {
    const packed = await quantiseParameters(described, parameters, { bits })
    const error = distance(await run(() => quantised(given(parameters), packed, { exact })), await run(() => given(parameters)))
    expect(error).toBeGreaterThan(0)
    expect(error).toBeLessThan(tolerance)
  })

  test('leaves a tied embedding to its base', async () => {
    const tied = (scope: Scope, tokens: Tensor): Tensor =>
      linear(scope.at('wte'), embedding(scope.at('wte'), tokens, 16, 32), 16, { bias: false })
    const weights = initialise((scope) => tied(scope, placeholder([1], 'int64')), { seed: 1 })
    const packed = await quantiseParameters((scope) => tied(scope, placeholder([1], 'int64')), weights, { bits: 8 })
    const [tokens, full] = [
      array([3, 15], { dtype: 'int64' }),
      await compile((t: Tensor) => tied(given(weights), t))(array([3, 15], { dtype: 'int64' })),
    ]
    expect(distance(await compile((t: Tensor) => tied(quantised(given(weights), packed), t))(tokens), full)).toBeLessThan(0.02)
  })

  test('carries an adapter that learns, while nothing else does', async () => {
    const packed = await quantiseParameters(described, parameters, { bits: 4 })
    const lora = initialise((scope) => described(withAdapter(given(parameters), scope, { rank: 2 })), { seed: 5 })
    const base = (groups: { base: Record<string, Tensor> }) => quantised(given(groups.base), packed)
    // Alike but for the last digits: without the adapter the bias goes into the product.
    const plain = await run(() => frozen(quantised(given(parameters), packed)))
    const adapted = await run(() => withAdapter(quantised(given(parameters), packed), given(lora), { rank: 2 }))
    expectClose(adapted, plain)
    const slopes = await compile((groups: { base: Record<string, Tensor>; lora: Record<string, Tensor>; x: Tensor }) => {
      const y = model(withAdapter(base(groups), given(groups.lora), { rank: 2 }), groups.x)
      return gradients(y.square().sum(), [groups.base['fc.bias'], groups.lora['fc.lora_B.weight'], groups.x] as Tensor[])
    })({ base: parameters, lora, x })
    const still = slopes.map(({ data }) => data.every((value) => Number(value) === 0))
    expect(still).toEqual([true, false, false])
  })

  test('refuses a packed matrix of another shape', async () => {
    const packed = await quantiseParameters(
      (scope) => linear(scope.at('fc'), placeholder([1, 32]), 16),
      { 'fc.weight': normal(key(1), [16, 32]) },
      { bits: 4 },
    )
    expect(() => described(quantised(given(parameters), packed))).toThrow(
      'Cannot load "fc.weight": the model expects [64, 32], it was given [16, 32]',
    )
  })
})

import { describe, expect, test } from 'vitest'
import { distance, expectClose, expectSlopes, noise } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { array, fill, type NDArray } from '../ndarray.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'
import { constant, placeholder } from './constant.js'
import { dequantise, matmulNBits, type QuantisedOptions, type QuantisedWeight, quantiseBlocks } from './quantised.js'

const held = ({ packed, scales, zeroPoints }: QuantisedWeight<NDArray>): QuantisedWeight<Tensor> => ({
  packed: constant(packed),
  scales: constant(scales),
  zeroPoints: zeroPoints && constant(zeroPoints),
})

describe.each([
  [4, 32, true],
  [4, 16, false],
  [8, 32, true],
  [8, 64, false],
  [2, 16, true],
  [2, 16, false],
] as const)('with %i bits in blocks of %i, symmetric: %s', (bits, blockSize, symmetric) => {
  const weight = noise([24, 80], 1)
  const quantised = quantiseBlocks(weight, { bits, blockSize, symmetric })
  const unpacked = compile(() => dequantise(held(quantised), { bits, blockSize }, 80))

  test('quantiseBlocks() is at most one step off', async () => {
    const found = await unpacked()
    for (let i = 0; i < weight.length; i++) {
      const scale = quantised.scales.at(Math.floor(i / 80) * (quantised.scales.shape[1] as number) + Math.floor((i % 80) / blockSize))
      expect(Math.abs(found.at(i) - weight.at(i))).toBeLessThanOrEqual(Math.abs(scale) * 1.01)
    }
  })

  test.each([
    [false, 0.02],
    [true, 2e-6],
  ])('matmulNBits() multiplies by the weight as dequantised, exact: %s', async (exact, tolerance) => {
    const x = noise([3, 5, 80], 2)
    const product = (x: Tensor) => matmulNBits(x, held(quantised), { bits, blockSize, exact })
    const wanted = await compile((x: Tensor, w: Tensor) => x.matmul(w.transpose()))(x, await unpacked())
    expectClose(await compile(product)(x), wanted, tolerance)
    expectClose(await compile(product, { fuse: false })(x), wanted, 2e-6)
  })

  test('matmulNBits() passes gradients to its input and its scales', async () => {
    await expectSlopes(
      (x, scales) => matmulNBits(x as Tensor, { ...held(quantised), scales: scales as Tensor }, { bits, blockSize, exact: true }),
      [noise([2, 80], 2), quantised.scales],
      { step: 1e-3, tolerance: 5e-3 },
    )
  })
})

test('quantiseBlocks() keeps the largest magnitude of a symmetric block and zero exactly', async () => {
  const weight = fill('float32', [1, 16], (i) => (i === 3 ? 0.7 : i === 5 ? -0.2 : 0))
  const found = await compile(() => dequantise(held(quantiseBlocks(weight, { bits: 4, blockSize: 16 })), { bits: 4, blockSize: 16 }, 16))()
  expect(found.at(3)).toBeCloseTo(0.7, 6)
  expect(Math.abs(found.at(0))).toBe(0)
})

test('quantiseBlocks() packs low bits first', () => {
  const weight = fill('float32', [1, 16], (i) => i - 8)
  const { packed, scales } = quantiseBlocks(weight, { bits: 4, blockSize: 16 })
  expect(scales.at(0)).toBe(1)
  expect([...packed.data]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe])
})

test('matmulNBits() takes floating-point zero points, with 8 bits too', async () => {
  for (const bits of [4, 8] as const) {
    const { packed, scales } = quantiseBlocks(noise([6, 32], 3), { bits, blockSize: 16 })
    const zeroPoints = fill('float32', [6, 2], (i) => 3 + i / 10)
    const product = (x: Tensor) => matmulNBits(x, held({ packed, scales, zeroPoints }), { bits, blockSize: 16 })
    const x = noise([2, 32], 4)
    expect(distance(await compile(product)(x), await compile(product, { fuse: false })(x))).toBeLessThan(0.02)
  }
})

test('matmulNBits() keeps one kernel, in the gradient too', () => {
  const options: QuantisedOptions = { bits: 4, blockSize: 32 }
  const weight = held(quantiseBlocks(noise([24, 64]), options))
  const target = { device: 'cpu', fuse: true } as const
  const product = (x: Tensor) => matmulNBits(x, weight, options)
  const both = (x: Tensor) => [product(x), ...gradients(product(x), [x], x.slice(1, 0, 24))]
  const alone = traceProgram(product, callShape([noise([2, 64])]), target)
  expect(alone.model.size).toBe(1)
  expect(traceProgram(both, callShape([noise([2, 64])]), target).outputs[0]?.node.op.name).toBe('matmul-n-bits')
})

test('matmulNBits() says when features and blocks do not fit', () => {
  const weight = held(quantiseBlocks(noise([24, 64]), { bits: 4, blockSize: 32 }))
  expect(() => matmulNBits(placeholder([2, 96]), weight, { bits: 4, blockSize: 32 })).toThrow(
    '96 features make 3 blocks of 32, the weight has 2',
  )
  expect(() => quantiseBlocks(array([1, 2]), { bits: 4, blockSize: 32 })).toThrow(
    'Cannot quantise a weight of shape [2]: it must be [out, in]',
  )
})

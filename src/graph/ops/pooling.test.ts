import { describe, expect, test } from 'vitest'
import { expectClose, expectCurvature, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { fill } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { placeholder } from './constant.js'
import type { PerAxis } from './convolution.js'
import { adaptiveAveragePool, averagePool, globalAveragePool, maxPool } from './pooling.js'

const pools = { max: maxPool, avg: averagePool, adaptive: (x: Tensor, size: PerAxis, _: object) => adaptiveAveragePool(x, size) }

describe.each([true, false])('with fuse: %s', (fuse) => {
  test.each(torchCases<{ kind: keyof typeof pools; size: number }>('pooling').map((one) => [one.name, one] as const))(
    'maxPool(), averagePool(), adaptiveAveragePool() and their gradients equal PyTorch: %s',
    async (_, one) => {
      await expectTorch(one, ({ x }) => pools[one.options.kind](x as Tensor, one.options.size, one.options), { fuse })
    },
  )
})

test('maxPool() gives the whole gradient to the first of equal elements', async () => {
  const slope = compile((x: Tensor) => gradients(maxPool(x, 2).sum(), [x]))
  const [g] = await slope(fill('float32', [1, 1, 2, 2], () => 0))
  expect(g?.toNested()).toEqual([
    [
      [
        [1, 0],
        [0, 0],
      ],
    ],
  ])
})

test('averagePool() and maxPool() can be differentiated twice', async () => {
  const x = noise([1, 2, 5, 4])
  await expectCurvature((x) => averagePool(x as Tensor, 3, { stride: 2, padding: 1 }), [x])
  await expectCurvature((x) => averagePool(x as Tensor, 2, { stride: 2, padding: 0 }), [noise([1, 2, 4, 4])])
  await expectCurvature((x) => maxPool(x as Tensor, 2), [x], { step: 1e-3, tolerance: 5e-3 })
})

test('globalAveragePool() is the mean over space', async () => {
  const x = noise([2, 3, 4, 5])
  expectClose(await compile(globalAveragePool)(x), await compile((x: Tensor) => x.flatten(2).mean(2))(x))
})

test('maxPool() says which window does not fit', () => {
  expect(() => maxPool(placeholder([1, 1, 2, 8]), 3)).toThrow('Cannot max-pool [1, 1, 2, 8]: a window of 3 does not fit into axis 2')
  expect(() => averagePool(placeholder([1, 1, 8, 8]), 2, { padding: 2 })).toThrow('leaves windows of 2 empty')
})

test('adaptiveAveragePool() of no pictures is no pictures, and so is its gradient', async () => {
  const x = noise([0, 2, 4, 4])
  const run = compile((x: Tensor) => {
    const y = adaptiveAveragePool(x, 3)
    return [y, ...gradients(y.sum(), [x])]
  })
  const found = await run(x)
  expect(found.map(({ shape }) => shape)).toEqual([
    [0, 2, 3, 3],
    [0, 2, 4, 4],
  ])
})

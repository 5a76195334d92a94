import { describe, expect, test } from 'vitest'
import { expectClose, expectCurvature, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { fill } from '../ndarray.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'
import { placeholder } from './constant.js'
import { type ResizeOptions, resize, upsample } from './resize.js'

interface Options extends ResizeOptions {
  readonly sizes: readonly number[]
  readonly size: number
}

describe.each([true, false])('with fuse: %s', (fuse) => {
  test.each(torchCases<Options>('resize').map((one) => [one.name, one] as const))(
    'resize() and its gradient equal PyTorch: %s',
    async (_, one) => {
      await expectTorch(one, ({ x }) => resize(x as Tensor, one.options.sizes, one.options), { fuse })
    },
  )

  test.each(torchCases<Options>('resize-large').map((one) => [one.name, one] as const))(
    'resize() of a large picture equals PyTorch: %s',
    async (_, { options, output }) => {
      const { size } = options
      const x = fill('float32', [1, 1, size, size], (i) => Math.sin(i * 0.37 + i * i * 1e-5))
      expectClose(await compile((x: Tensor) => resize(x, options.sizes, options), { fuse })(x), output, 1e-4) // float32 positions within the picture
    },
  )
})

test('upsample() repeats every pixel, and its gradient adds them up', async () => {
  const fn = (x: Tensor) => [upsample(x, 2), ...gradients(upsample(x, 2).sum(), [x])]
  const x = fill('float32', [1, 1, 1, 2], (i) => i + 1)
  const [y, slope] = await compile(fn)(x)
  expect(y?.toNested()).toEqual([
    [
      [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
      ],
    ],
  ])
  expect(slope?.toNested()).toEqual([[[[4, 4]]]])
  const { model } = traceProgram(fn, callShape([x]), { device: 'cpu', fuse: true })
  expect(model.size).toBeLessThanOrEqual(4) // resize, expand, average pool, scale
})

test.each(['nearest', 'linear', 'cubic'] as const)('resize() can be differentiated twice: %s', async (mode) => {
  await expectCurvature((x) => resize(x as Tensor, [6, 4], { mode }), [noise([1, 2, 3, 2])])
})

test('resize() says that antialiasing keeps the outer edges', () => {
  expect(() => resize(placeholder([1, 3, 8, 8]), [4, 4], { antialias: true })).toThrow(
    'Cannot resize [1, 3, 8, 8]: antialiasing goes with linear and cubic weights that keep the outer edges',
  )
})

test('resize() of no pictures is no pictures, and so is its gradient', async () => {
  const x = noise([0, 2, 4, 4])
  const run = compile((x: Tensor) => {
    const y = resize(x, [5, 5], { mode: 'linear' })
    return [y, ...gradients(y.sum(), [x])]
  })
  const found = await run(x)
  expect(found.map(({ shape }) => shape)).toEqual([
    [0, 2, 5, 5],
    [0, 2, 4, 4],
  ])
})

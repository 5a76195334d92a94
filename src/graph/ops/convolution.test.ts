import { describe, expect, test } from 'vitest'
import { expectClose, expectCurvature, expectSlopes, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { named } from '../dimension.js'
import { gradients } from '../gradients.js'
import { array } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { placeholder } from './constant.js'
import { type ConvolutionOptions, convolution, transposedConvolution } from './convolution.js'

describe.each([true, false])('with fuse: %s', (fuse) => {
  test.each(torchCases<ConvolutionOptions>('convolution').map((one) => [one.name, one] as const))(
    'convolution() and its gradients equal PyTorch: %s',
    async (_, one) => {
      await expectTorch(one, ({ x, weight, bias }) => convolution(x as Tensor, weight as Tensor, { bias, ...one.options }), { fuse })
    },
  )

  test.each(torchCases<object>('transposed-convolution').map((one) => [one.name, one] as const))(
    'transposedConvolution() and its gradients equal PyTorch: %s',
    async (_, one) => {
      await expectTorch(one, ({ x, weight, bias }) => transposedConvolution(x as Tensor, weight as Tensor, { bias, ...one.options }), {
        fuse,
      })
    },
  )

  test.each([
    ['plain', [2, 2, 5, 4], [3, 2, 3, 2], { padding: 1 }],
    ['strided and grouped', [1, 4, 6, 5], [4, 2, 3, 3], { padding: 1, stride: 2, groups: 2 }],
    ['dilated', [1, 2, 9], [2, 2, 3], { dilation: 2 }],
  ] as const)('convolution() can be differentiated twice: %s', async (_, x, weight, options) => {
    await expectCurvature((a, b) => convolution(a as Tensor, b as Tensor, options), [noise(x, 1), noise(weight, 2)], { fuse, step: 1e-3 })
  })
})

test('transposedConvolution() can be differentiated twice', async () => {
  await expectCurvature(
    (a, b) => transposedConvolution(a as Tensor, b as Tensor, { stride: 2 }),
    [noise([1, 2, 3, 3]), noise([2, 2, 3, 3])],
    {
      step: 1e-3,
    },
  )
})

test('convolution() pads each side of an axis by its own number', async () => {
  const run = compile((x: Tensor, w: Tensor) => convolution(x, w, { padding: [[2, 0]] }))
  expectClose(await run(array([[[1, 2, 3]]]), array([[[1, 10, 100]]])), array([[[100, 210, 321]]]))
})

test('convolution() with "same" padding keeps ⌈size / stride⌉ positions', async () => {
  for (const [size, stride, kernel] of [
    [7, 2, 3],
    [8, 3, 2],
    [5, 1, 4],
  ] as const) {
    const y = convolution(placeholder([1, 1, size]), placeholder([1, 1, kernel]), { stride, padding: 'same' })
    expect(y.size(2)).toBe(Math.ceil(size / stride))
  }
})

test('convolution() takes gradients where the padding reaches farther than the kernel', async () => {
  await expectSlopes((x, w) => convolution(x as Tensor, w as Tensor, { padding: 3 }), [noise([1, 2, 4, 3]), noise([2, 2, 2, 2])])
})

test('convolution() runs with named batch and space, and so do its gradients', async () => {
  const fn = (x: Tensor, w: Tensor) => {
    const y = convolution(x, w, { padding: 1 })
    return [y, ...gradients(y.sum(), [x, w])]
  }
  const [x, w] = [noise([3, 2, 6, 5]), noise([4, 2, 3, 3])]
  const wanted = await compile(fn)(x, w)
  const found = await compile(fn, { dynamic: [['batch', null, 'height', 'width']] })(x, w)
  wanted.forEach((one, i) => void expectClose(found[i], one, 1e-5)) // static sizes run by Winograd's products, which round otherwise
})

test('convolution() names both sides when channels differ', () => {
  expect(() => convolution(placeholder([1, 3, 8, 8]), placeholder([4, 5, 3, 3]))).toThrow(
    'Cannot convolve [1, 3, 8, 8] and [4, 5, 3, 3]: the input has 3 channels, the weight reads 5',
  )
  expect(() => convolution(placeholder([1, 3, 2, 8]), placeholder([4, 3, 3, 3]))).toThrow(
    'the kernel reaches beyond the 2 elements of axis 2',
  )
})

test('convolution() gives its sizes as polynomials of named ones', () => {
  const y = convolution(placeholder([named('batch'), 3, named('height'), 8]), placeholder([4, 3, 3, 3]), { padding: 1, stride: [2, 1] })
  expect(y.shape.join()).toBe('batch,4,floor((height + -1)/(2)) + 1,8')
})

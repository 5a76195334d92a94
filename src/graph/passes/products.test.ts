import { expect, test } from 'vitest'
import { expectClose, noise } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import type { NDArray } from '../ndarray.js'
import type { Target } from '../node.js'
import { scaledDotProductAttention } from '../ops/attention.js'
import { convolution, transposedConvolution } from '../ops/convolution.js'
import { matmulNBits, quantiseBlocks } from '../ops/quantised.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'

/** Runs a function fused and plain, compares them, and checks how many ONNX nodes each takes. */
async function expectJoined(
  fn: (...args: Tensor[]) => Tensor | readonly Tensor[],
  args: readonly NDArray[],
  { fused, plain }: { fused: number; plain: number },
  device: Target['device'] = 'cpu',
): Promise<void> {
  const size = (fuse: boolean) => traceProgram((...given: Tensor[]) => [fn(...given)].flat(), callShape(args), { device, fuse }).model.size
  expect([size(true), size(false)]).toEqual([fused, plain])
  const run = (fuse: boolean) => compile((...given: Tensor[]) => [fn(...given)].flat(), { fuse })(...args)
  const [found, wanted] = [await run(true), await run(false)]
  wanted.forEach((one, i) => void expectClose(found[i], one))
}

const [x, w, b] = [noise([2, 5, 6], 1), noise([6, 4], 2), noise([4], 3)]

test('joinProduct() takes a bias behind a product of a batch', () =>
  expectJoined((x, w, b) => (x as Tensor).matmul(w as Tensor).add(b as Tensor), [x, w, b], { fused: 3, plain: 4 }))

test('joinProduct() takes a factor behind a product, then a bias', () =>
  expectJoined((x, w, b) => (b as Tensor).add((x as Tensor).matmul(w as Tensor).div(3)), [x, w, b], { fused: 3, plain: 5 }))

test('joinProduct() leaves a factor alone behind a bias', () =>
  expectJoined(
    (x, w, b) =>
      (x as Tensor)
        .matmul(w as Tensor)
        .add(b as Tensor)
        .mul(3),
    [x, w, b],
    { fused: 4, plain: 5 },
  ))

test('joinProduct() takes factors from both sides of a batched product', () =>
  expectJoined((q, k) => (q as Tensor).mul(0.5).matmul((k as Tensor).mul(3).transpose()), [noise([2, 3, 4], 1), noise([2, 5, 4], 2)], {
    fused: 1,
    plain: 3,
  }))

test('joinProduct() leaves factors of batched products alone on WebGPU, which has no kernel for them', () => {
  const fn = (q: Tensor, k: Tensor) => q.mul(0.5).matmul(k)
  const { model } = traceProgram(fn, callShape([noise([2, 3, 4]), noise([2, 4, 5])]), { device: 'webgpu', fuse: true })
  expect(model.size).toBe(2)
})

test('joinProduct() leaves a product alone that others read', () =>
  expectJoined(
    (x, w, b) => {
      const y = (x as Tensor).matmul(w as Tensor)
      return [y.add(b as Tensor), y.mul(2)]
    },
    [noise([5, 6], 1), w, b],
    { fused: 3, plain: 3 },
  ))

test('joinProduct() leaves a bias alone that is one number per row or per sample', async () => {
  await expectJoined((x, w, b) => (x as Tensor).matmul(w as Tensor).add((b as Tensor).reshape([4, 1])), [noise([4, 6], 1), w, b], {
    fused: 3,
    plain: 3,
  })
})

test('joinProduct() takes a number per channel behind a convolution as its bias', async () => {
  const [image, kernel, bias] = [noise([2, 3, 5, 4], 1), noise([2, 3, 3, 3], 2), noise([2], 3)]
  const perChannel = (b?: Tensor) => (b as Tensor).reshape([2, 1, 1])
  await expectJoined((x, w, b) => convolution(x as Tensor, w as Tensor).add(perChannel(b)), [image, kernel, bias], { fused: 1, plain: 18 })
  const spread = noise([3, 2, 2, 2], 2)
  await expectJoined((x, w, bias) => transposedConvolution(x as Tensor, w as Tensor, { bias, stride: 2 }), [image, spread, bias], {
    fused: 1,
    plain: 18,
  })
})

test('joinProduct() takes the scale of attention, forward and backward', async () => {
  const attend = (q: Tensor, k: Tensor, v: Tensor) => gradients(scaledDotProductAttention(q, k, v).sum(), [q, k, v])
  const args = [noise([1, 2, 5, 4], 1), noise([1, 2, 5, 4], 2), noise([1, 2, 5, 4], 3)]
  const operations = traceProgram(attend, callShape(args), { device: 'cpu', fuse: true })
  const names = new Set(operations.outputs.map(({ node }) => node.op.name))
  expect(names.has('mul')).toBe(false)
  const run = (fuse: boolean) => compile(attend, { fuse })(...(args as [NDArray, NDArray, NDArray]))
  const [found, wanted] = [await run(true), await run(false)]
  wanted.forEach((one, i) => void expectClose(found[i], one))
})

test.each([true, false])('joinProduct() takes a bias behind a quantised product, symmetric: %s', async (symmetric) => {
  const format = { bits: 4, blockSize: 16 } as const
  const { packed, scales, zeroPoints } = quantiseBlocks(noise([8, 32], 4), { ...format, symmetric })
  const product = (x: Tensor, bias: Tensor, packed: Tensor, scales: Tensor, zeroPoints?: Tensor) =>
    matmulNBits(x, { packed, scales, zeroPoints }, { ...format, exact: true }).add(bias)
  const fn = (...given: Tensor[]) => product(...(given as [Tensor, Tensor, Tensor, Tensor]))
  const args = [noise([2, 3, 32], 5), noise([8], 6), packed, scales, ...(zeroPoints ? [zeroPoints] : [])]
  const { model } = traceProgram(fn, callShape(args), { device: 'cpu', fuse: true })
  expect(model.size).toBe(1)
  expectClose(await compile(fn)(...args), await compile(fn, { fuse: false })(...args))
})

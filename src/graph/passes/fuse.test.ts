import { expect, test } from 'vitest'
import { compile } from '../compile.js'
import { fill, type NDArray } from '../ndarray.js'
import { gelu, geluTanh } from '../ops/activations.js'
import { layerNormalise } from '../ops/normalisation.js'
import { callShape, traceProgram } from '../program.js'
import type { Device, Runtime } from '../runtime/runtime.js'
import { sharedRuntime } from '../runtime/shared.js'
import type { Tensor } from '../tensor.js'

const noise = (shape: number[], k: number): NDArray => fill('float32', shape, (i) => Math.sin(k * i + k))

/** The CPU's engine under a GPU's name: it has the kernels, too, so what is emitted for a GPU can be checked anywhere. */
async function expectFused(
  fn: (...args: Tensor[]) => readonly Tensor[],
  args: readonly NDArray[],
  kernel: string,
  device: Device = 'cpu',
): Promise<void> {
  const { model } = traceProgram(fn, callShape(args), { device, fuse: true })
  expect(new TextDecoder('latin1').decode(model.bytes)).toContain(kernel)
  const runtime: Runtime = Object.create(await sharedRuntime(), { device: { value: device } })
  const [fused, plain] = [
    await compile(fn, { runtime })(...(args as NDArray[])),
    await compile(fn, { fuse: false })(...(args as NDArray[])),
  ]
  for (const [i, wanted] of plain.entries())
    fused[i]?.data.forEach((value, k) => {
      expect(Number(value)).toBeCloseTo(Number(wanted.data[k]), 5)
    })
}

test('fuse() joins a bias and GELU', () =>
  expectFused((x, b) => [gelu((x as Tensor).add(b as Tensor))], [noise([2, 3, 8], 1), noise([8], 2)], 'BiasGelu'))

test('fuse() joins a bias and the tanh form of GELU, whichever side the bias stands on', () =>
  expectFused((x, b) => [geluTanh((b as Tensor).add(x as Tensor))], [noise([2, 3, 8], 1), noise([8], 2)], 'FastGelu'))

test('fuse() joins a residual sum and the normalisation behind it, and hands the sum on', () =>
  expectFused(
    (a, b, scale, bias) => {
      const sum = (a as Tensor).add(b as Tensor)
      return [sum.add(layerNormalise(sum, scale as Tensor, bias as Tensor)), sum.exp()]
    },
    [noise([2, 3, 8], 1), noise([2, 3, 8], 2), noise([8], 3), noise([8], 4)],
    'SkipLayerNormalization',
    'webgpu',
  ))

test('fuse() leaves a sum alone that others read before GELU', () => {
  const fn = (x: Tensor, b: Tensor) => {
    const sum = x.add(b)
    return [gelu(sum), sum]
  }
  const { model } = traceProgram(fn, callShape([noise([2, 8], 1), noise([8], 2)]), { device: 'cpu', fuse: true })
  expect(new TextDecoder('latin1').decode(model.bytes)).not.toContain('BiasGelu')
})

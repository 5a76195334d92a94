import { expect, test } from 'vitest'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { fill } from '../ndarray.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'
import { recompute } from './recompute.js'

const width = 6
const block = (x: Tensor, w: Tensor): Tensor => x.matmul(w).tanh().mul(x.sigmoid())
const loss =
  (wrap: (fn: (x: Tensor) => Tensor) => (x: Tensor) => Tensor) =>
  (x: Tensor, weights: Tensor[]): Tensor[] => {
    const y = weights.reduce((h, w) => wrap((inner) => block(inner, w))(h), x.exp())
    const value = y.mul(y).mean()
    return [value, ...gradients(value, [x, ...weights])]
  }
const x = fill('float32', [4, width], (i) => Math.sin(i))
const weights = [1, 2, 3].map((k) => fill('float32', [width, width], (i) => Math.cos(k * i) / 2))

test('recompute() gives the gradients of the plain function, for inputs and for what it closes over', async () => {
  const plain = await compile(loss((fn) => fn))(x, weights)
  const again = await compile(loss(recompute))(x, weights)
  for (const [i, wanted] of plain.entries())
    again[i]?.data.forEach((value, k) => {
      expect(Number(value)).toBeCloseTo(Number(wanted.data[k]), 6)
    })
})

test('recompute() computes the inner values twice, so they need not be kept', () => {
  const count = (fn: typeof loss extends (wrap: never) => infer F ? F : never): number => {
    const { model } = traceProgram(fn as (...args: never[]) => unknown, callShape([x, weights]), { device: 'cpu', fuse: true })
    return new TextDecoder('latin1').decode(model.bytes).split('Tanh').length - 1
  }
  expect(count(loss((fn) => fn))).toBe(3)
  expect(count(loss(recompute))).toBe(6)
})

test('recompute() can be differentiated twice', async () => {
  const second = (wrap: typeof recompute) => (v: Tensor, w: Tensor) => {
    const [first] = gradients(wrap((inner: Tensor) => block(inner, w))(v).sum(), [v]) as [Tensor]
    return gradients(first.mul(first).sum(), [v, w])
  }
  const w = weights[0] as (typeof weights)[number]
  const plain = await compile(second(((fn: unknown) => fn) as typeof recompute))(x, w)
  const again = await compile(second(recompute))(x, w)
  plain.forEach((wanted, i) => {
    again[i]?.data.forEach((value, k) => {
      expect(Number(value)).toBeCloseTo(Number(wanted.data[k]), 4)
    })
  })
})

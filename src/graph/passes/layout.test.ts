import { describe, expect, test } from 'vitest'
import { onnxNodes } from '../../../tests/support/traced.js'
import { compile } from '../compile.js'
import type { NDArray } from '../ndarray.js'
import * as ops from '../ops/index.js'
import { key, normal } from '../random/index.js'
import type { Tensor } from '../tensor.js'

/** [height, width, batch, channels], the layout of the products, seen channels-first. */
const first = (x: Tensor): Tensor => x.transpose([2, 3, 0, 1])
const last = (x: Tensor): Tensor => x.transpose([2, 3, 0, 1])
const transposes = (fn: (x: Tensor) => Tensor, shape: number[]): number =>
  onnxNodes(fn as never, [shape]).filter((type) => type === 'Transpose').length

/** What a function gives when the engine may not look through it: every step is a program of its own. */
async function bySteps(x: NDArray, ...steps: ((x: Tensor) => Tensor)[]): Promise<NDArray> {
  let value = x
  for (const step of steps) {
    const program = compile(step)
    value = await program(value)
    await program.dispose()
  }
  return value
}

describe('transposes and reshapes', () => {
  const x = normal(key(1), [3, 4, 2, 6])
  const up = (y: Tensor): Tensor => ops.repeatInterleave(ops.repeatInterleave(y, 2, 2), 2, 3)

  test('sinkTranspose() lets upsampling by repetition run in any layout', async () => {
    const whole = (y: Tensor): Tensor => last(up(first(y)))
    expect(transposes(whole, [3, 4, 2, 6])).toBe(0)
    const program = compile(whole)
    expect((await program(x)).data).toEqual((await bySteps(x, first, up, last)).data)
    await program.dispose()
  })

  test.each<[string, number[], number]>([
    ['splits an axis', [2, 2, 3, 3, 4], 1],
    ['adds axes of size 1', [2, 1, 6, 1, 3, 4], 1],
    ['joins axes that were neighbours', [2, 6, 12], 1],
    ['joins axes that were not', [12, 3, 4], 1],
    ['takes an axis apart and joins it otherwise', [4, 9, 4], 1],
    ['makes a vector', [144], 1],
  ])('sinkTranspose() keeps the values of a reshape that %s', async (_, shape, count) => {
    const whole = (y: Tensor): Tensor => first(y).reshape(shape).mul(2)
    expect(transposes(whole, [3, 4, 2, 6])).toBe(count)
    const program = compile(whole)
    const found = await program(x)
    const wanted = await bySteps(
      x,
      first,
      (y) => y.reshape(shape),
      (y) => y.mul(2),
    )
    expect(found.shape).toEqual(shape)
    expect(found.data).toEqual(wanted.data)
    await program.dispose()
  })

  test('joinTransposes() makes one of the two around a reshape that joins axes', async () => {
    const fold = (y: Tensor): Tensor => ops.pixelUnshuffle(y, 2)
    const whole = (y: Tensor): Tensor => last(fold(y))
    const picture = normal(key(2), [2, 3, 4, 6])
    expect(transposes(whole, [2, 3, 4, 6])).toBe(1)
    const program = compile(whole)
    expect((await program(picture)).data).toEqual((await bySteps(picture, fold, last)).data)
    await program.dispose()
  })
})

import { expect, test } from 'vitest'
import { expectClose, noise } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { array, type NDArray } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { groupNormalise } from './normalisation.js'

const [scale, bias] = [noise([6], 2), noise([6], 3)]
const normalised = (x: NDArray, fuse = true): Promise<NDArray> =>
  compile((x: Tensor, s: Tensor, b: Tensor) => groupNormalise(x, 3, s, b), { fuse })(x, scale, bias)

test.each([[[2, 6, 64, 96]], [[1, 6, 40, 20, 11]], [[2, 6, 9001]]])(
  'groupNormalise() takes the statistics of large groups from their rows: %o',
  async (shape) => {
    const x = noise(shape, 1)
    expectClose(await normalised(x), await normalised(x, false))
  },
)

test('groupNormalise() of large groups keeps its digits where the mean is a thousand times the deviation', async () => {
  const plain = noise([1, 6, 64, 96], 1)
  const shifted = array(
    Float32Array.from(plain.data as Float32Array, (value) => value + 1000),
    { shape: plain.shape },
  )
  const exact = array(
    Float32Array.from(shifted.data as Float32Array, (value) => value - 1000),
    { shape: plain.shape },
  )
  const [found, wanted] = [await normalised(shifted), await normalised(exact)]
  for (let i = 0; i < wanted.length; i += 97) expect(Math.abs(found.at(i) - wanted.at(i))).toBeLessThan(2e-3)
})

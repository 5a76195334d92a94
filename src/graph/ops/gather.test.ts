import { expect, test } from 'vitest'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { fill, type NDArray, zeros } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { gather, scatterNd } from './gather.js'

const places = 20_000
const at = fill('int64', [places], (i) => i % 3)
const ones = fill('float32', [places, 64], () => 1)

const expectThirds = (found: NDArray | undefined): void => {
  for (const [i, value] of (found as NDArray).data.entries()) expect(Number(value)).toBe([6667, 6667, 6666][Math.floor(i / 64)] ?? 0)
}

test.each([4, 300])('gather() of a table of %i rows loses no gradient where many meet at one row', async (rows) => {
  const slope = compile((table: Tensor, at: Tensor) => gradients(gather(table, at).sum(), [table]))
  for (let run = 0; run < 4; run++) expectThirds((await slope(zeros([rows, 64]), at))[0])
  await slope.dispose()
})

test('scatterNd() in add mode loses no update where many meet at one place', async () => {
  const add = compile((x: Tensor, at: Tensor, updates: Tensor) => scatterNd(x, at.unsqueeze(1), updates, 'add'))
  for (let run = 0; run < 4; run++) expectThirds(await add(zeros([4, 64]), at, ones))
  await add.dispose()
})

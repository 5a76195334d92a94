import { describe, expect, test } from 'vitest'
import { array, compile, fill, key, type Tensor } from '../../graph/index.js'
import type { Prediction } from './prediction.js'
import { levelOfAlphaBar, toNoise, toPicture } from './prediction.js'
import { noiseSchedule } from './schedule.js'
import { addNoise, denoisingLoss, drawTimes, minSnrWeights, placedLoss, targetOf } from './training.js'

const schedule = noiseSchedule()
const times = array([3, 981], { dtype: 'int32' })
const picture = fill('float32', [2, 1, 1, 2], (i) => Math.sin(i + 1))
const noise = fill('float32', [2, 1, 1, 2], (i) => Math.cos(i + 1))

test('drawTimes() covers the whole schedule evenly, and the same for the same key', () => {
  const drawn = drawTimes(key(1), 20000, schedule)
  const counts = new Array<number>(10).fill(0)
  for (const time of drawn.data) counts[Math.floor(time / 100)] = (counts[Math.floor(time / 100)] as number) + 1
  expect(Math.min(...counts)).toBeGreaterThan(1800)
  expect(drawTimes(key(1), 20000, schedule)).toEqual(drawn)
})

test.each(['epsilon', 'v_prediction', 'sample'] as const)(
  'targetOf() is what the samplers take apart again: %s',
  async (prediction: Prediction) => {
    const program = compile((picture: Tensor, noise: Tensor, times: Tensor) => ({
      x: addNoise(schedule, picture, noise, times),
      target: targetOf(prediction, schedule, picture, noise, times),
    }))
    const { x, target } = await program(picture, noise, times)
    for (const row of [0, 1]) {
      const level = levelOfAlphaBar(schedule.alphaBar[times.at(row)] as number)
      const [pictures, noises] = [toPicture(prediction, x, target, level), toNoise(prediction, x, target, level)]
      for (const i of [2 * row, 2 * row + 1]) {
        expect(pictures.at(i)).toBeCloseTo(picture.at(i), 4)
        expect(noises.at(i)).toBeCloseTo(noise.at(i), 4)
      }
    }
  },
)

describe('minSnrWeights()', () => {
  test.each([
    ['epsilon', (snr: number) => Math.min(snr, 5) / snr],
    ['v_prediction', (snr: number) => Math.min(snr, 5) / (snr + 1)],
    ['sample', (snr: number) => Math.min(snr, 5)],
  ] as const)('limits how much easy times count: %s', async (prediction, expected) => {
    const found = await compile((times: Tensor) => minSnrWeights(prediction, schedule, times))(times)
    for (const row of [0, 1]) {
      const share = schedule.alphaBar[times.at(row)] as number
      expect(found.at(row) / expected(share / (1 - share))).toBeCloseTo(1, 5)
    }
  })
})

test('denoisingLoss() weighs each picture', async () => {
  const run = compile((output: Tensor, target: Tensor, weights: Tensor) => [
    denoisingLoss(output, target),
    denoisingLoss(output, target, weights),
  ])
  const [plain, weighted] = await run(
    array([
      [1, 1],
      [2, 2],
    ]),
    array([
      [0, 0],
      [0, 0],
    ]),
    array([1, 0.5]),
  )
  expect(plain?.item()).toBeCloseTo(2.5, 6)
  expect(weighted?.item()).toBeCloseTo(1.5, 6)
})

test('placedLoss() weighs each place, over all channels', async () => {
  const run = compile((output: Tensor, weights: Tensor) => placedLoss(output, output.mul(0), weights))
  const output = array([1, 2, 3, 4, 5, 6, 7, 8], { shape: [1, 2, 2, 2] })
  const squares = [(1 + 25) / 2, (4 + 36) / 2, (9 + 49) / 2, (16 + 64) / 2] // of each place
  const [a, b, c, d] = squares as [number, number, number, number]
  expect((await run(output, array([1, 1, 1, 1], { shape: [1, 1, 2, 2] }))).item()).toBeCloseTo((a + b + c + d) / 4, 5)
  expect((await run(output, array([3, 1, 0, 0], { shape: [1, 1, 2, 2] }))).item()).toBeCloseTo((3 * a + b) / 4, 5)
})

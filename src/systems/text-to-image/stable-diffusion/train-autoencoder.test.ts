import { expect, test } from 'vitest'
import { key, type NDArray } from '../../../graph/index.js'
import { initialise, type Parameters } from '../../../nn/index.js'
import { networksOf, stableDiffusionSizes } from './sizes.js'
import { latentsOf, normalised, planes, reconstruct, trainAutoencoder } from './train-autoencoder.js'

const size = { latentChannels: 2, widths: [16, 16], blocks: 1, decoderBlocks: 1, groups: 4, scaling: 1, patch: 2 }
const side = 16
/** Two colours, split at a line: what a little autoencoder can learn. */
const pixels = Uint8Array.from({ length: 4 * side * side * 3 }, (_, i) => {
  const [picture, column] = [Math.floor(i / (side * side * 3)), Math.floor(i / 3) % side]
  return column < 4 * (picture + 1) ? 230 : 20 + 40 * picture
})
const pictures = { count: 4, size: side, pixels, caption: () => '' }

function fresh(seed: number): Parameters {
  const row = { ...stableDiffusionSizes['stable-diffusion-diorama'], autoencoder: size, native: side }
  return initialise(networksOf(row).vae, { seed })
}

const distance = (a: NDArray, b: NDArray): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(Number(a.data[i]) - Number(b.data[i]))
  return sum / a.length
}

test('trainAutoencoder() learns four pictures', { timeout: 120_000 }, async () => {
  let [first, last]: [number, number] = [0, 0]
  let learnt: Parameters = {}
  for await (const event of trainAutoencoder({ pictures, size, steps: 250, batch: 4, learningRate: 5e-2 })) {
    if (event.kind === 'step') [first, last] = [event.step === 1 ? event.loss : first, event.loss]
    if (event.kind === 'done') learnt = event.parameters
  }
  expect(last).toBeLessThan(first / 3)
  const seen = planes(pictures, [0, 1, 2, 3])
  expect(distance(await reconstruct(learnt, seen, size), seen)).toBeLessThan(0.3) // grey pictures are 0.8 away
})

test('normalised() gives every latent channel mean 0 and deviation 1, and changes no picture', async () => {
  const before = fresh(1)
  const after = await normalised(before, pictures, size)
  const latents = await latentsOf(after, pictures, size)
  for (const channel of [0, 1]) {
    const own = [...latents].filter((_, i) => Math.floor(i / 16) % 2 === channel)
    const mean = own.reduce((a, b) => a + b, 0) / own.length
    expect(mean).toBeCloseTo(0, 4)
    expect(Math.sqrt(own.reduce((total, value) => total + (value - mean) ** 2, 0) / own.length)).toBeCloseTo(1, 3)
  }
  const seen = planes(pictures, [1, 3])
  expect(distance(await reconstruct(after, seen, size), await reconstruct(before, seen, size))).toBeLessThan(1e-5)
})

test('planes() shows whole pictures as they are, and mirrors and cuts them if it is given a key', () => {
  const area = 3 * side * side
  const nothing = planes(pictures, [0, 0])
  expect(nothing.data.slice(0, area)).toEqual(nothing.data.slice(area))
  expect(Array.from({ length: side }, (_, column) => Number(nothing.data[column]) > 0)).toEqual(
    Array.from({ length: side }, (_, column) => column < 4),
  )
  const cut = planes(
    pictures,
    Array.from({ length: 40 }, () => 1),
    key(2),
    8,
  )
  expect(cut.shape).toEqual([40, 3, 8, 8])
  // Picture 1 is bright in its left half: a cut shows bright pixels to the left of dark ones, and the other way round when mirrored.
  const kinds = Array.from({ length: 40 }, (_, i) => {
    const row = [...cut.data.slice(i * 192, i * 192 + 8)].map((value) => (Number(value) > 0 ? 1 : 0))
    return `${row[0]}${row[7]}`
  })
  expect(new Set(kinds)).toEqual(new Set(['10', '01', '11', '00'].filter((kind) => kinds.includes(kind))))
  expect(kinds).toContain('10')
  expect(kinds).toContain('01')
})

import { expect, test } from 'vitest'
import { autoencoderKL } from '../../../backbones/index.js'
import { chooseCheckpoint } from '../../../contract/index.js'
import { array, compile, key, type NDArray, normal, type Tensor } from '../../../graph/index.js'
import { given, initialise, type Parameters } from '../../../nn/index.js'
import { embeddedWeights } from '../../../weights/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { networksOf, stableDiffusionSizes } from './sizes.js'
import { planes } from './train-autoencoder.js'
import { decoderLoss, isDecoders, partsOf, redrawn, trainDecoder } from './train-decoder.js'

const size = { latentChannels: 2, widths: [16, 16], blocks: 1, decoderBlocks: 1, groups: 4, scaling: 1, patch: 2 }
const side = 64
const row = { ...stableDiffusionSizes['stable-diffusion-diorama'], autoencoder: size, native: side }
const initial = initialise(networksOf(row).vae, { seed: 1 })
/** Squares of chance: where a cell of 4×4 px lies, both channels of the latents say how bright it is. */
const bright = Float32Array.from(normal(key(3), [4, 16, 16]).data as Float32Array, (value) => (value > 0 ? 0.8 : -0.8))
const pixels = Uint8Array.from({ length: 4 * side * side * 3 }, (_, i) => {
  const [row, column] = [Math.floor(i / (3 * side)), Math.floor(i / 3) % side]
  return 127.5 * (1 + (bright[16 * Math.floor(row / 4) + Math.floor(column / 4)] as number))
})
const encoded = Float32Array.from({ length: 8 * 256 }, (_, i) => bright[256 * Math.floor(i / 512) + (i % 256)] as number)
const pictures = { count: 4, size: side, pixels, caption: () => '' }

test('trainDecoder() comes closer to the pictures, and gives back the decoder beside its judge', { timeout: 120_000 }, async () => {
  const drawn = encoded.map((value) => 0.9 * value)
  let learnt: Parameters = {}
  for await (const event of trainDecoder({ size, initial, pictures, encoded, drawn, steps: 150, batch: 4, learningRate: 4e-3 }))
    if (event.kind === 'done') learnt = event.parameters
  const latents = array(drawn, { shape: [4, 2, 16, 16] })
  const wanted = planes(pictures, [0, 1, 2, 3])
  const distanceOf = async (parameters: Parameters): Promise<number> => {
    const made = await compile((x: Tensor) => autoencoderKL.decode(given(parameters), x, size))(latents)
    return (made.data as Float32Array).reduce((sum, value, i) => sum + Math.abs(value - Number(wanted.data[i])), 0) / made.length
  }
  expect(await distanceOf(learnt)).toBeLessThan(0.6 * (await distanceOf(initial)))
  expect(Object.keys(learnt).filter(isDecoders).sort()).toEqual(Object.keys(initial).filter(isDecoders).sort())
  expect(Object.keys(learnt).filter((name) => !isDecoders(name) && !name.startsWith('discriminator.'))).toEqual([])
})

test('the judge has no opinion at first, and where pixels do not count nothing is wrong', async () => {
  let learnt: Parameters = {}
  for await (const event of trainDecoder({ size, initial, pictures, encoded, drawn: encoded, steps: 1, learningRate: 0 }))
    if (event.kind === 'done') learnt = event.parameters
  const program = compile((latents: Tensor, pixels: Tensor, counts: Tensor) => {
    const { loss, metrics } = decoderLoss(given(learnt), { latents, pixels, counts, weights: counts.add(1) }, size)
    return { loss, ...metrics }
  })
  const counts = array(
    Float32Array.from({ length: 32 * 32 }, (_, i) => (i < 8 * 32 ? 0 : 1)),
    { shape: [1, 1, 32, 32] },
  )
  const of = async (pixels: NDArray) => program(normal(key(1), [1, 2, 8, 8]), pixels, counts)
  const blank = new Float32Array(3 * 32 * 32)
  const { distance, doubt, hinge } = await of(array(blank, { shape: [1, 3, 32, 32] }))
  expect([doubt.item(), hinge.item()]).toEqual([0, 2].map((value) => expect.closeTo(value, 6)))
  const changedAt = (row: number) =>
    array(
      blank.map((_, i) => (i === 32 * row + 20 ? 1 : 0)),
      { shape: [1, 3, 32, 32] },
    )
  expect((await of(changedAt(6))).distance.item()).toBe(distance.item())
  expect((await of(changedAt(8))).distance.item()).not.toBe(distance.item())
})

test('partsOf() cuts the same part of latents and pixels, whose margins count only where the picture itself ends', () => {
  // Every latent and every pixel says where it is: cells of 4×4 px, 16×16 of them.
  const where = Float32Array.from({ length: 4 * 512 }, (_, i) => i % 256)
  const own = Uint8Array.from({ length: pixels.length }, (_, i) => 16 * (Math.floor(i / (12 * side)) % 16) + (Math.floor(i / 12) % 16))
  const boxes = () => [{ left: 0, top: 0, right: 0.5, bottom: 0.4 }] // and half a cell more: 8 cells to the right, 6 down
  const source = { pictures: { ...pictures, pixels: own, boxes }, encoded: where, drawn: where }
  const { latents, pixels: cut, counts, weights } = partsOf(source, key(1), { batch: 40, size, cells: 8 })
  const lying = { top: 0, left: 0, inside: 0 }
  for (let i = 0; i < 40; i++) {
    const first = Number(latents.data[i * 128])
    const [top, left] = [Math.floor(first / 16), first % 16]
    expect(Number(cut.data[i * 3 * 1024]) * 127.5 + 127.5).toBeCloseTo(first, 3)
    const at = (row: number, column: number) => counts.data[i * 1024 + row * 32 + column]
    expect([at(0, 16), at(31, 16), at(16, 0), at(16, 31)]).toEqual([top === 0, top === 8, left === 0, left === 8].map(Number))
    expect([at(8, 16), at(16, 8), at(23, 23)]).toEqual([1, 1, 1])
    const weight = (row: number, column: number) => weights.data[i * 1024 + row * 32 + column]
    const inBox = (row: number, column: number) => top + row / 4 < 7 && left + column / 4 < 9
    for (const [row, column] of [
      [0, 0],
      [13, 20],
      [31, 31],
      [31, 2],
    ] as const)
      expect(weight(row, column)).toBe(inBox(row, column) ? 3 : 1)
    if (top === 0) lying.top++
    if (left === 0) lying.left++
    if (top > 0 && top < 8 && left > 0 && left < 8) lying.inside++
  }
  expect(Math.min(lying.top, lying.left, lying.inside)).toBeGreaterThan(2)
  expect(partsOf(source, key(2), { batch: 2, size, cells: 16 }).counts.data).toEqual(new Float32Array(2 * 64 * 64).fill(1))
})

test('redrawn() keeps what latents show and changes their details, the same way for the same seed', { timeout: 60_000 }, async () => {
  const weights = embeddedWeights('stable-diffusion-diorama')
  const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, weights))
  const latents = normal(key(2), [2, 8, 16, 16]).data as Float32Array
  const captions = { count: 2, caption: () => 'a red cube' }
  const told: number[] = []
  const once = await redrawn({ model, captions, latents, onProgress: (done) => void told.push(done) })
  expect(told).toEqual([2])
  expect(await redrawn({ model, captions, latents })).toEqual(once)
  const far = Math.sqrt(once.reduce((sum, value, i) => sum + (value - (latents[i] as number)) ** 2, 0) / once.length)
  expect(far).toBeGreaterThan(0.05)
  expect(far).toBeLessThan(1.2)
})

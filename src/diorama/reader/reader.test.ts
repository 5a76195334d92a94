import { expect, test } from 'vitest'
import { compile, fill, key, type NDArray, placeholder, type Tensor, valueAndGrad } from '../../graph/index.js'
import { given, initialise, type Parameters, parametersOf, type Scope } from '../../nn/index.js'
import { adamW, train } from '../../training/index.js'
import { type Reading, type ReadObject, readingOf } from '../reading.js'
import { renderScene } from '../render/render-scene.js'
import { sampleScene } from '../sample.js'
import { diorama } from '../worlds.js'
import { compareReadings } from './accuracy.js'
import { augment, planesOf } from './augment.js'
import { decodeReading, type ReaderOutput } from './decode.js'
import { degraded } from './degraded.js'
import { type ReaderBatch, readerLoss } from './loss.js'
import { objectWordNames, objectWords, type ReaderLogits, reader, readerSizes, sceneWordNames, sceneWords } from './network.js'
import { readerOf } from './reader.js'
import { targetsOf } from './targets.js'
import { collate, type Example } from './train.js'

const size = readerSizes.tiny
const example = (seed: number): Example => {
  const scene = sampleScene(seed, diorama.simple)
  return { image: renderScene(scene, { width: size.pixels, height: size.pixels }).image, reading: readingOf(scene) }
}
/** The picture as a mirror shows it, and the boxes as they lie there. */
function mirrored({ image, reading }: Example): Example {
  const { width, channels, data } = image
  const turned = data.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels]
    const column = pixel % width
    return data[(pixel - column + width - 1 - column) * channels + channel] as number
  })
  const objects = reading.objects.map((one) => ({ ...one, box: { ...one.box, left: 1 - one.box.right, right: 1 - one.box.left } }))
  return { image: { ...image, data: turned }, reading: { ...reading, objects } }
}
const object = (box: ReadObject['box'], rest: Partial<ReadObject> = {}): ReadObject => ({
  ...{ shape: 'cube', colour: 'red', size: 'large', material: 'matte', confidence: 1 },
  box,
  ...rest,
})
const reading = (...objects: ReadObject[]): Reading => ({ objects, setting: 'snow', time: 'sunset', style: 'oil', aspect: 1 })

test('reader() has the same parameters for every batch, and fewer than two million in the embedded size', () => {
  const names = (batch: number) => parametersOf((scope) => reader(scope, placeholder([batch, 3, 128, 128]), readerSizes.embedded))
  expect([...names(1)]).toEqual([...names(7)])
  const count = [...names(1).values()].reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0)
  expect(count).toBeGreaterThan(500_000)
  expect(count).toBeLessThan(2_000_000)
})

test('targetsOf() says what stands where, and decodeReading() reads it back', () => {
  const symbol = { kind: 'symbol', symbol: 'heart' } as const
  const truth = reading(
    object(
      { left: 0.1, right: 0.3, top: 0.4, bottom: 0.7 },
      { shape: 'cone', colour: 'cyan', size: 'small', material: 'glass', decal: symbol },
    ),
    object({ left: 0.5, right: 0.95, top: 0.3, bottom: 0.8 }, { shape: 'torus', colour: 'pink', material: 'metal' }),
  )
  const found = decodeReading(certain(truth, 16), 0)
  expect(compareReadings([found], [truth])).toMatchObject({ attributes: 1, found: 1, real: 1, whole: 1, setting: 1, time: 1, style: 1 })
  expect(found.objects.map(({ decal }) => decal).sort()).toEqual([symbol, undefined].sort())
  for (const one of found.objects) {
    const twin = truth.objects.find(({ shape }) => shape === one.shape) as ReadObject
    for (const side of ['left', 'right', 'top', 'bottom'] as const) expect(one.box[side]).toBeCloseTo(twin.box[side], 5)
  }
})

test('targetsOf() leaves out an object whose middle is outside, and lets the nearer of two in one cell win', () => {
  const outside = targetsOf(reading(object({ left: -0.6, right: 0.2, top: 0.2, bottom: 0.6 })), 8)
  expect(Math.max(...outside.weight)).toBe(0)
  const far = object({ left: 0.4, right: 0.6, top: 0.4, bottom: 0.6 }, { colour: 'blue' })
  const near = object({ left: 0.35, right: 0.65, top: 0.35, bottom: 0.65 }, { colour: 'green' })
  const both = decodeReading(certain(reading(near, far), 8), 0)
  expect(both.objects.map(({ colour }) => colour)).toEqual(['green'])
})

test('augment() moves boxes with the pixels', () => {
  // A white square on black: its pixels say where the box should be.
  const pixels = 32
  const data = new Uint8Array(3 * pixels * pixels)
  for (let y = 10; y < 18; y++) for (let x = 6; x < 16; x++) data.fill(255, 3 * (y * pixels + x), 3 * (y * pixels + x) + 3)
  const truth = reading(object({ left: 6 / 32, right: 16 / 32, top: 10 / 32, bottom: 18 / 32 }))
  const middles = new Set<boolean>()
  for (let i = 0; i < 20; i++) {
    const seen = augment({ width: pixels, height: pixels, channels: 3, data }, truth, key(i))
    const [xs, ys]: [number[], number[]] = [[], []]
    for (let at = 0; at < pixels * pixels; at++)
      if ((seen.pixels[at] as number) > 0) {
        xs.push(at % pixels)
        ys.push(Math.floor(at / pixels))
      }
    const { left, right, top, bottom } = (seen.reading.objects[0] as ReadObject).box
    expect(Math.abs(left * pixels - Math.min(...xs))).toBeLessThan(1.1)
    expect(Math.abs(right * pixels - Math.max(...xs) - 1)).toBeLessThan(1.1)
    expect(Math.abs(top * pixels - Math.min(...ys))).toBeLessThan(1.1)
    expect(Math.abs(bottom * pixels - Math.max(...ys) - 1)).toBeLessThan(1.1)
    middles.add((left + right) / 2 < 0.5)
  }
  expect(middles).toEqual(new Set([true, false])) // both ways round
})

test('readerLoss() is near zero for certain and right answers, and grows with every wrong word', async () => {
  const truth = reading(object({ left: 0.2, right: 0.5, top: 0.4, bottom: 0.7 }))
  const batch = collate([{ pixels: planesOf(example(1).image), reading: truth }], size)
  const lossOf = async (said: Reading): Promise<number> => {
    const program = compile((output: ReaderLogits, given: ReaderBatch) => readerLoss(output, given).loss)
    const value = (await program(certain(said, 8), batch)).item()
    await program.dispose()
    return value
  }
  const right = await lossOf(truth)
  expect(right).toBeLessThan(0.05)
  const wrong = reading({ ...(truth.objects[0] as ReadObject), colour: 'blue' })
  expect(await lossOf(wrong)).toBeGreaterThan(right + 5)
})

test('a reader learns pictures and their mirror images by heart', { timeout: 120_000 }, async () => {
  const pictures = [1, 2, 5].map(example).flatMap((one) => [one, mirrored(one)])
  const batch = collate(
    pictures.map(({ image, reading }) => ({ pixels: planesOf(image), reading })),
    size,
  )
  const run = train<ReaderBatch>({
    name: 'six pictures',
    loss: (scope, given) => readerLoss(reader(scope, given.pictures, size), given),
    parameters: initialise((scope) => reader(scope, placeholder([6, 3, size.pixels, size.pixels]), size), { seed: 3 }),
    batch: () => batch,
    optimiser: adamW(),
    schedule: () => 0.01,
    steps: 220,
    clip: 5,
  })
  let learnt: Parameters = {}
  for await (const event of run) if (event.kind === 'done') learnt = event.parameters
  const trained = readerOf(learnt, size)
  const readings = await trained.read(pictures.map(({ image }) => image))
  const figures = compareReadings(
    readings,
    pictures.map(({ reading }) => reading),
  )
  expect(figures).toMatchObject({ attributes: 1, found: 1, real: 1, setting: 1, time: 1 })
  await expect(trained.read([{ width: 4, height: 2, channels: 3, data: new Uint8Array(24) }])).rejects.toThrow(
    'Cannot read a picture of 4 × 2 pixels: the reader was trained on squares. Crop it first',
  )
  await trained.dispose()
})

test('every parameter of the reader has a gradient', async () => {
  const { image, reading: truth } = example(2)
  const batch = collate([{ pixels: planesOf(image), reading: truth }], size)
  const parameters = initialise((scope) => reader(scope, placeholder([1, 3, size.pixels, size.pixels]), size), { seed: 1 })
  const step = compile((values: Parameters<Tensor>, given_: ReaderBatch) => {
    const loss = (all: Parameters<Tensor>) => readerLoss(reader(given(all), given_.pictures, size), given_).loss
    return valueAndGrad(loss)(values).gradients
  })
  for (const [name, gradient] of Object.entries(await step(parameters, batch)))
    expect(
      [...(gradient.data as Float32Array)].some((value) => value !== 0),
      name,
    ).toBe(true)
  await step.dispose()
})

test('degraded() keeps the readings, blurs and adds noise of the asked strength', () => {
  const one = example(4)
  const [noisy] = degraded([one], { noise: 20 }) as [Example]
  const differences = [...noisy.image.data].map((value, i) => value - (one.image.data[i] as number))
  const deviation = Math.sqrt(differences.reduce((total, d) => total + d * d, 0) / differences.length)
  expect(deviation).toBeGreaterThan(14)
  expect(deviation).toBeLessThan(21)
  const [soft] = degraded([one], { blur: 2 }) as [Example]
  const roughness = ({ image }: Example): number =>
    [...image.data].reduce((total, value, i) => total + (value - (image.data[i + 3] ?? value)) ** 2, 0)
  expect(roughness(soft)).toBeLessThan(0.8 * roughness(one))
  expect(soft.reading).toBe(one.reading)
})

/** What a reader that is sure of everything would put out. */
function certain(said: Reading, cells: number): ReaderOutput {
  const pixels = 4 * cells
  const batch = collate([{ pixels: new Float32Array(3 * pixels * pixels), reading: said }], { ...size, pixels })
  const sure = (labels: NDArray, words: number): NDArray => {
    const indices = [...(labels.data as BigInt64Array)].map(Number)
    return fill('float32', [...labels.shape, words], (i) => (indices[Math.floor(i / words)] === i % words ? 10 : 0))
  }
  const heat = batch.heat.data as Float32Array
  return {
    middle: fill('float32', batch.heat.shape, (i) => ((heat[i] as number) >= 1 ? 10 : -10)),
    box: batch.box,
    object: mapped(objectWordNames, (name) => sure(batch.object[name], objectWords[name].length)),
    scene: mapped(sceneWordNames, (name) => sure(batch.scene[name], sceneWords[name].length)),
  }
}

const mapped = <Name extends string, T>(names: readonly Name[], make: (name: Name) => T): Record<Name, T> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>

test('readerOf() reads a picture and its mirror image alike', async () => {
  const scope = (at: Scope) => reader(at, placeholder([1, 3, size.pixels, size.pixels]), size)
  const untrained = readerOf(initialise(scope, { seed: 3 }), size)
  const one = example(5)
  const [seen, turned] = await untrained.read([one.image, mirrored(one).image], { threshold: 0 })
  await untrained.dispose()
  expect(seen?.setting).toBe(turned?.setting)
  const asSeen = mirrored({ image: one.image, reading: turned as Reading }).reading.objects
  expect(seen?.objects.length).toBeGreaterThan(0)
  expect(asSeen).toHaveLength(seen?.objects.length as number)
  for (const [i, { box, confidence, ...look }] of (seen?.objects ?? []).entries()) {
    const { box: other, confidence: sure, ...rest } = asSeen[i] as (typeof asSeen)[number]
    expect(rest).toEqual(look)
    expect(sure).toBeCloseTo(confidence, 4)
    for (const side of ['left', 'right', 'top', 'bottom'] as const) expect(other[side]).toBeCloseTo(box[side], 4)
  }
})

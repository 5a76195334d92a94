import { describe, expect, it } from 'vitest'
import { tinySize } from '../../../../tests/support/tiny-stable-diffusion.js'
import { parseInput } from '../../../contract/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import { array, fill, key, type NDArray, normal } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import { given } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { input } from './input.js'
import type { StableDiffusionModel } from './model.js'
import type { DenoiserInputs, Networks } from './networks.js'
import { stableDiffusionPipeline } from './pipeline.js'
import { stagesOf } from './sampling.js'

/** Latents that a planted model always sees in the noise: a slope from -1 to 1. */
const planted = fill('float32', [1, 4, 8, 8], (i) => i / 128 - 1)
const scope = given({})
const model: StableDiffusionModel = {
  name: 'planted',
  scopes: { text_encoder: scope, unet: scope, vae: scope },
  size: tinySize,
  tokenizer: await openTokenizer(),
  schedule: noiseSchedule(),
  settings: { prediction: 'sample', sampling: {}, guidanceScale: 1 },
}

/** Latents of a picture are the red channel of every fourth pixel in all channels; pixels of latents are their first three channels, enlarged. */
const latentsOf = (pixels: NDArray) => fill('float32', planted.shape, (i) => pixels.at(Math.floor((i % 64) / 8) * 4 * 32 + (i % 8) * 4))
const pixelsOf = (latents: NDArray) =>
  fill('float32', [1, 3, 32, 32], (i) => latents.at(Math.floor(i / 1024) * 64 + ((Math.floor(i / 32) % 32) >> 2) * 8 + ((i % 32) >> 2)))

function plantedNetworks() {
  const calls: DenoiserInputs<NDArray>[] = []
  const read: number[][] = []
  const readText = async ({ tokens }: { tokens: NDArray }) => {
    read.push([...tokens.data].map(Number))
    return { states: array(new Float32Array(8).fill(read.length), { shape: [1, 1, 8] }) }
  }
  const networks = {
    readText: Object.assign(readText, { hold: <T>(task: () => T): T => task() }),
    ofSize: () => ({
      value: {
        predict: async (inputs: DenoiserInputs<NDArray>) => {
          calls.push(inputs)
          return planted
        },
        encodePicture: async (pixels: NDArray) => latentsOf(pixels),
        decodePicture: async (latents: NDArray) => pixelsOf(latents),
      },
      release: async () => {},
    }),
    dispose: async () => {},
  }
  return { networks: networks as unknown as Networks, calls, read }
}

async function run(asked: object, seed = 7) {
  const { networks, calls, read } = plantedNetworks()
  const complete = parseInput('stable-diffusion', input, { prompt: 'a red cube', steps: 4, ...asked })
  const pictures: Image[] = []
  for await (const event of stableDiffusionPipeline(model, networks)(complete, { seeds: [seed], signal: new AbortController().signal }))
    if (event.kind === 'result') pictures.push(...event.results.map(({ value }) => value))
  return { picture: pictures[0] as Image, calls, read }
}

const byte = (value: number): number => Math.round((value / 2 + 0.5) * 255)
const photo: Image = { width: 32, height: 32, channels: 3, data: new Uint8Array(3 * 1024).fill(200) }

describe('stableDiffusionPipeline()', () => {
  it.each(['euler', 'dpm++-2m', 'heun', 'unipc', 'ddpm', 'dpm++-2m-sde-karras'])(
    'paints what the model sees in the noise: %s',
    async (scheduler) => {
      const { picture } = await run({ scheduler })
      const [first, last] = [picture.data[0] as number, picture.data.at(-1) as number]
      expect(Math.abs(first - byte(-1))).toBeLessThanOrEqual(1)
      expect(Math.abs(last - byte(planted.at(191)))).toBeLessThanOrEqual(1)
    },
  )

  it('begins with the noise of the seed', async () => {
    const { calls } = await run({ scheduler: 'ddim' })
    expect(calls[0]?.sample).toEqual(normal(key(7).child('start'), planted.shape))
    expect(calls.map(({ time }) => time.item())).toEqual([751, 501, 251, 1])
  })

  it('asks once a step without guidance, and for the unwanted words before the wanted ones with it', async () => {
    const plain = await run({ guidanceScale: 1 })
    expect(plain.calls.map(({ context, guidance }) => [context.shape, guidance])).toEqual(Array(4).fill([[1, 1, 8], undefined]))
    const guided = await run({ guidanceScale: 3, negativePrompt: 'blue', guidanceRescale: 0.5 })
    const [call] = guided.calls
    expect(guided.read.map((ids) => model.tokenizer.decode(ids.slice(0, ids.indexOf(model.tokenizer.end))))).toEqual(['blue', 'a red cube'])
    expect([call?.context.shape, call?.context.at(0), call?.context.at(8)]).toEqual([[2, 1, 8], 1, 2])
    expect([call?.guidance?.scale.item(), call?.guidance?.rescale?.item()]).toEqual([3, 0.5])
  })

  it('begins in the middle with a picture, under the noise of that step', async () => {
    const { calls } = await run({ scheduler: 'ddim', image: photo, strength: 0.5 })
    expect(calls.map(({ time }) => time.item())).toEqual([251, 1])
    const share = model.schedule.alphaBar[251] as number
    const noise = normal(key(7).child('start'), planted.shape)
    expect(calls[0]?.sample.at(9)).toBeCloseTo(Math.sqrt(share) * (200 / 127.5 - 1) + Math.sqrt(1 - share) * noise.at(9), 5)
  })

  it('puts the known part back at every step, with the noise of that step', async () => {
    const mask = { ...photo, data: photo.data.map((_, i) => (Math.floor(i / 3) % 32 >= 16 ? 255 : 0)) }
    const { calls, picture } = await run({ scheduler: 'ddim', image: photo, mask })
    const share = model.schedule.alphaBar[501] as number
    const noise = normal(key(7).child('start'), planted.shape)
    expect(calls[1]?.sample.at(3)).toBeCloseTo(Math.sqrt(share) * (200 / 127.5 - 1) + Math.sqrt(1 - share) * noise.at(3), 5)
    expect(calls[0]?.sample).toEqual(noise)
    expect([picture.data[0], picture.data[3 * 15]]).toEqual([200, 200])
    expect(picture.data[3 * 16]).not.toBe(200)
  })

  it.each([
    ['without a scale', { hiresStrength: 0.5 }, 'hiresStrength to be left out where no hiresScale is given'],
    ['behind a mask', { hiresScale: 2, image: photo, mask: photo }, 'hiresScale to be left out where a mask is given'],
  ])('refuses to enlarge %s', async (_, asked, sentence) => {
    await expect(run(asked)).rejects.toThrow(sentence)
  })

  it('goes on from enlarged latents, a part of the way', async () => {
    const asked = { scheduler: 'ddim', steps: 4, hiresScale: 2, hiresStrength: 0.5 }
    const calls: DenoiserInputs<NDArray>[] = []
    const networks = {
      ...plantedNetworks().networks,
      ofSize: () => ({
        value: {
          predict: async (inputs: DenoiserInputs<NDArray>) => {
            calls.push(inputs)
            return fill('float32', inputs.sample.shape, () => 0.5)
          },
          decodePicture: async ({ shape }: NDArray) => fill('float32', [1, 3, 4 * (shape[2] as number), 4 * (shape[3] as number)], () => 0),
        },
        release: async () => {},
      }),
    } as unknown as Networks
    const complete = parseInput('stable-diffusion', input, { prompt: 'a red cube', ...asked })
    const events = stableDiffusionPipeline(model, networks)(complete, { seeds: [7], signal: new AbortController().signal })
    for await (const event of events)
      if (event.kind === 'result')
        expect(event.results[0]).toMatchObject({ value: { width: 64, height: 64 }, facts: { width: 64, height: 64 } })
      else if (event.kind === 'progress' && event.stage === 'denoise') expect(event.total).toBe(6)
    expect(calls.map(({ sample, time }) => [sample.shape[3], time.item()])).toEqual([
      ...[751, 501, 251, 1].map((time) => [8, time]),
      ...[251, 1].map((time) => [16, time]),
    ])
    // What the model saw in the first picture, 0.5 everywhere but for the little noise that the method leaves, under the noise of the step.
    const share = model.schedule.alphaBar[251] as number
    const noise = normal(key(7).child('enlarged'), [1, 4, 16, 16])
    expect(calls[4]?.sample.at(9)).toBeCloseTo(Math.sqrt(share) * 0.5 + Math.sqrt(1 - share) * noise.at(9), 1)
    expect(stagesOf(complete, [7])[1]).toEqual({ stage: 'denoise', total: 6 })
  })

  it('stops at latents that are no numbers', async () => {
    const { networks } = plantedNetworks()
    const broken = {
      ...networks,
      ofSize: () => ({
        ...networks.ofSize(model.size as never),
        value: { predict: async () => fill('float32', planted.shape, () => Number.NaN) },
      }),
    }
    const walk = async () => {
      const complete = parseInput('stable-diffusion', input, { prompt: 'a red cube' })
      for await (const _ of stableDiffusionPipeline(model, broken as unknown as Networks)(complete, {
        seeds: [1],
        signal: new AbortController().signal,
      }));
    }
    await expect(walk()).rejects.toThrow(
      'Cannot finish the picture: after call 1 of 20 the latents of planted are no longer finite numbers',
    )
  })
})

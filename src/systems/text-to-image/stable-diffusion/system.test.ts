import { readFileSync, truncateSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { testSystem } from '../../../../tests/support/test-system.js'
import { type TinyCheckpoint, tinyCheckpoint, tinySize } from '../../../../tests/support/tiny-stable-diffusion.js'
import type { Result } from '../../../contract/index.js'
import { fill } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import { stableDiffusion } from './system.js'

const checkpoint = await tinyCheckpoint()
const asked = { prompt: 'a red cube', steps: 3, seed: 7 }
const make = (input: object, path = checkpoint) => stableDiffusion.make({ ...asked, ...input }, { checkpoint: path })
const one = async (input: object, path?: string) => (await make(input, path))[0] as Result<Image>
const warningsOf = async (input: object, path?: string) => (await one(input, path)).facts?.warnings

/** A slope of colours, no two neighbours alike. */
const picture = (width = 32, height = 32): Image => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251),
})
/** White on the right of column `from`. */
const maskFrom = (from: number, width = 32, height = 32): Image => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width >= from ? 255 : 0)),
})
const distance = (a: Image, b: Image) => a.data.reduce((sum, value, i) => sum + Math.abs(value - (b.data[i] as number)), 0) / a.data.length

type Shapes = Readonly<Record<string, readonly number[]>>
type Nested = { readonly [name: string]: Nested | readonly number[] }
function listing(name: string): Shapes {
  const flat = (nested: Nested, path: string): [string, readonly number[]][] =>
    Object.entries(nested).flatMap(([key, value]) =>
      Array.isArray(value)
        ? [[`${path}${key}`, value as readonly number[]] as [string, readonly number[]]]
        : flat(value as Nested, `${path}${key}.`),
    )
  const file = new URL(`../../../../tests/fixtures/backbones/listings/${name}.json`, import.meta.url)
  return Object.fromEntries(flat(JSON.parse(readFileSync(file, 'utf8')), ''))
}
const published = (text: string, unet: string) => ({ text_encoder: listing(text), unet: listing(unet), vae: listing('sd-vae') })

const second = { text_encoder_2: listing('openclip-bigg-text') }

testSystem(stableDiffusion, {
  tiny: { prompt: 'a red cube', steps: 2, previewEvery: 1 },
  options: { checkpoint },
  limit: false, // evaluate.test.ts measures with a reader of its own
  listings: {
    'stable-diffusion-v1-5/stable-diffusion-v1-5': published('clip-vit-l-text', 'sd-1.5-unet'),
    'stable-diffusion-v1-5/stable-diffusion-inpainting': published('clip-vit-l-text', 'sd-1.5-inpainting-unet'),
    'stabilityai/stable-diffusion-2-1': published('openclip-h-text-sd2', 'sd-2.1-unet'),
    'stabilityai/sd-turbo': published('openclip-h-text-sd2', 'sd-2.1-unet'),
    'SimianLuo/LCM_Dreamshaper_v7': published('clip-vit-l-text', 'lcm-sd-1.5-unet'),
    'stabilityai/stable-diffusion-xl-base-1.0': { ...published('clip-vit-l-text', 'sdxl-unet'), ...second },
    'stabilityai/sdxl-turbo': { ...published('clip-vit-l-text', 'sdxl-unet'), ...second },
    'stabilityai/stable-diffusion-xl-refiner-1.0': { unet: listing('sdxl-refiner-unet'), vae: listing('sd-vae'), ...second },
  },
})

describe('text to image', () => {
  it('makes pictures of the native size, and of those asked for', async () => {
    expect((await one({})).value).toMatchObject({ width: 32, height: 32, channels: 3 })
    expect((await one({ width: 40, height: 24 })).value).toMatchObject({ width: 40, height: 24 })
  })

  it('makes the same picture of a seed, alone or among others, again or for the first time', async () => {
    const [first] = await make({ seed: 5 })
    const [, second] = await make({ seed: 4, count: 2 })
    expect(second).toEqual(first)
    expect((await one({ seed: 6 })).value.data).not.toEqual(first.value.data)
  })

  it.each(['ddim', 'ddpm', 'pndm', 'lcm', 'euler-ancestral', 'heun-karras', 'lms', 'dpm++-2m-sde', 'unipc'])(
    'works with %s',
    async (scheduler) => {
      const [made, again] = [await one({ scheduler }), await one({ scheduler })]
      expect(made.value).toEqual(again.value)
      expect(made.facts).toMatchObject({ scheduler, steps: 3 })
    },
  )

  it("follows torch's noise if it is asked to", async () => {
    expect((await one({ rng: 'torch-cpu' })).value).not.toEqual((await one({})).value)
  })

  it('tells what of a prompt was not read', async () => {
    expect(await warningsOf({})).toEqual([])
    const [warning] = (await warningsOf({ prompt: `${'a red cube and '.repeat(12)}a zebra` })) as string[]
    expect(warning).toMatch(/^The end of prompt found no room in 30 tokens and was not read: ".*zebra"$/)
  })

  it('says that a negative prompt needs guidance', async () => {
    expect(await warningsOf({ negativePrompt: 'blue', guidanceScale: 1 })).toEqual([
      'negativePrompt does nothing where guidanceScale is 1 or less',
    ])
  })

  it('heeds the negative prompt, the guidance and its rescaling', async () => {
    const strong = { guidanceScale: 60 }
    const pictures = [
      strong,
      { ...strong, negativePrompt: 'a large blue sphere in the snow' },
      { guidanceScale: 1 },
      { ...strong, guidanceRescale: 1 },
    ]
    const made = await Promise.all(pictures.map((input) => one(input)))
    expect(new Set(made.map(({ value }) => value.data.join())).size).toBe(4)
  })

  it('shows what it will be, every so many steps, and not the last one', async () => {
    const previews: number[] = []
    let done = 0
    for await (const event of stableDiffusion.generate({ ...asked, steps: 7, previewEvery: 2 }, { checkpoint })) {
      if (event.kind === 'progress' && event.stage === 'denoise') done = event.done
      if (event.kind === 'preview') previews.push(done)
    }
    expect(previews).toEqual([2, 4, 6])
  })

  it('warns far from the size that the model was trained with', async () => {
    expect(await warningsOf({ width: 64, height: 64 })).toEqual([
      '64 × 64 is far from the 32 × 32 that the model was trained with: expect repeated or missing parts',
    ])
  })
})

describe('image to image', () => {
  it('gives the picture back at strength 0, and goes at least one step otherwise', async () => {
    const image = picture()
    expect((await one({ image, strength: 0 })).value).toEqual(image)
    const stages: string[] = []
    for await (const event of stableDiffusion.generate({ ...asked, image, strength: 0.01 }, { checkpoint }))
      if (event.kind === 'plan') stages.push(...event.stages.map(({ stage, total }) => `${stage} ${total}`))
    expect(stages).toEqual(['load 1', 'read 1', 'denoise 1', 'decode 1'])
  })

  it('resizes a picture that the model cannot take, and says so', async () => {
    const { value, facts } = await one({ image: picture(90, 45) })
    expect(value).toMatchObject({ width: 44, height: 24 })
    expect(facts?.warnings).toEqual(['The picture of 90 × 45 was resized to 44 × 24, which suits the model'])
    expect((await one({ image: picture(90, 45), width: 32, height: 16 })).value).toMatchObject({ width: 32, height: 16 })
  })
})

describe('inpainting', () => {
  const image = picture()

  it('leaves every byte outside the mask as it was', async () => {
    const { value } = await one({ image, mask: maskFrom(13) })
    const outside = (i: number) => Math.floor(i / 3) % 32 < 13
    expect(value.data.filter((_, i) => outside(i))).toEqual(image.data.filter((_, i) => outside(i)))
    expect(distance(value, image)).toBeGreaterThan(5)
  })

  it('keeps the picture behind a black mask, and says why', async () => {
    const { value, facts } = await one({ image, mask: maskFrom(32) })
    expect(value.data).toEqual(image.data)
    expect(facts?.warnings).toEqual(['Nothing in the mask is white: the picture stays as it is'])
  })

  it('feeds mask and masked picture to models of nine channels, which do nothing else', async () => {
    const nine = await tinyCheckpoint({ size: { unet: { ...tinySize.unet, inChannels: 9 } } })
    const { value } = await one({ image, mask: maskFrom(13) }, nine)
    expect(value.data.slice(0, 39)).toEqual(image.data.slice(0, 39))
    expect(await one({ image, mask: maskFrom(13), strength: 0.5 }, nine)).toBeDefined()
    await expect(make({}, nine)).rejects.toThrow(
      'Cannot run stable-diffusion: expected image to be given: this checkpoint only paints into pictures, behind a mask, found nothing',
    )
  })
})

describe('bad input', () => {
  it.each([
    [{ prompt: ' ' }, 'expected prompt to be words that say what is to be seen, found " "'],
    [{ mask: maskFrom(3) }, 'expected mask to be left out where no image is given, or given together with one, found a picture of 32 × 32'],
    [{ strength: 0.5 }, 'expected strength to be left out where no image is given, or given together with one, found 0.5'],
    [
      { image: picture(), mask: maskFrom(3, 16, 8) },
      'expected mask to be a picture of 32 × 32, as large as the image, found a picture of 16 × 8',
    ],
    [{ scheduler: 'euler-a' }, /expected scheduler to be "ddim", .* found "euler-a"/],
    [{ width: 33 }, 'expected width to be a multiple of 4, found 33. The nearest are 32 and 36'],
    [
      { width: 4096, height: 4096 },
      'expected width × height to be at most 65,536 pixels, 64 times what the model was trained with, found 4096 × 4096',
    ],
    [{ scheduler: 'lcm', steps: 60 }, 'Cannot sample in 60 steps with a consistency model'],
  ] as const)('%j is refused with a sentence', async (input, sentence) => {
    await expect(make(input)).rejects.toThrow(sentence)
  })
})

describe('bad checkpoints', () => {
  const spoiled = (change: NonNullable<TinyCheckpoint['change']>) => tinyCheckpoint({ change })

  it('weights that are no numbers end in an error, not in a black picture', async () => {
    const path = await spoiled(({ unet }) => ({ unet: { ...unet, 'conv_out.bias': fill('float32', [4], () => Number.NaN) } }))
    await expect(make({}, path)).rejects.toThrow(
      /^Cannot finish the picture: after call 1 of 3 the latents of .* are no longer finite numbers/,
    )
  })

  it('so do those of the decoder', async () => {
    const path = await spoiled(({ vae }) => ({ vae: { ...vae, 'decoder.conv_out.bias': fill('float32', [3], () => Number.NaN) } }))
    await expect(make({}, path)).rejects.toThrow('Cannot finish the picture: the decoded pixels are no longer finite numbers')
  })

  it('a truncated file is refused, and leaves nothing behind', async () => {
    const path = `${checkpoint}.short.safetensors`
    await copyFile(checkpoint, path)
    truncateSync(path, 20_000)
    await expect(make({}, path)).rejects.toMatchObject({ name: 'CheckpointError' })
    await copyFile(checkpoint, path)
    expect((await one({}, path)).value).toEqual((await one({})).value)
  })

  it('a tensor too few and one too many are both named', async () => {
    const path = await spoiled(({ unet: { 'conv_out.bias': bias, ...unet } }) => ({ unet: { ...unet, 'conv_out.bios': bias as never } }))
    await expect(make({}, path)).rejects.toThrow(
      /1 of \d+ tensors are missing \(first "unet\.conv_out\.bias"\) and 1 were never read \(first "unet\.conv_out\.bios"\)/,
    )
  })
})

describe('an abort', () => {
  it('from outside comes through between two steps, and the next run is clean', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 30)
    await expect(stableDiffusion.make({ ...asked, steps: 1000 }, { checkpoint, signal: controller.signal })).rejects.toBe(reason)
    expect((await one({})).value).toEqual((await one({})).value)
  })
})

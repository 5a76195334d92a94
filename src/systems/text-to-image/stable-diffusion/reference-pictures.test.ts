import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { drawn, references, withVocabulary, written } from '../../../../tests/support/single-file.js'
import type { Image } from '../../../media/image.js'
import { openCheckpoint } from '../../../weights/index.js'
import { stableDiffusion } from './system.js'

interface Case {
  readonly name: string
  readonly checkpoint: keyof typeof checkpoints
  readonly asked: { readonly prompt: string; readonly seed: number }
  readonly image?: string
  readonly mask?: string
  readonly loras?: readonly string[]
  readonly embeddings?: readonly string[]
}

const place = (name: string): string => fileURLToPath(new URL(`../../../../tests/fixtures/stable-diffusion/${name}`, import.meta.url))
const cases: readonly Case[] = JSON.parse(readFileSync(place('cases.json'), 'utf8'))
const pictures = await openCheckpoint(place('pictures.safetensors'))

async function stored(name: string): Promise<Image> {
  const { shape, data } = await pictures.read(name)
  return { width: shape[1] as number, height: shape[0] as number, channels: 3, data: new Uint8Array(data as Uint8Array) }
}

const { '1.x': one, '2.x': two } = references()
const single = (shapes: (typeof one)['shapes']): string => written('tiny.safetensors', withVocabulary(drawn(shapes)))
const checkpoints = {
  '1.x': single(one.shapes),
  '2.x': single(two.shapes),
  inpainting: single({ ...one.shapes, 'model.diffusion_model.input_blocks.0.0.weight': [32, 9, 3, 3] }),
  diffusers: place('diffusers'),
}
afterAll(() => stableDiffusion.dispose())

describe('with the noise of torch, published layouts give the reference its pictures', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (name, { checkpoint, asked, image, mask, loras, embeddings }) => {
    const [{ value }] = await stableDiffusion.make(
      {
        ...asked,
        rng: 'torch-cpu',
        ...(image !== undefined && { image: await stored(image) }),
        ...(mask !== undefined && { mask: await stored(mask) }),
        ...(loras && { loras: loras.map(place) }),
        ...(embeddings && { embeddings: embeddings.map(place) }),
      },
      { checkpoint: checkpoints[checkpoint] },
    )
    const wanted = await stored(name)
    expect([value.width, value.height]).toEqual([wanted.width, wanted.height])
    expect(value.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - (wanted.data[i] as number))), 0)).toBeLessThanOrEqual(2)
  })
})

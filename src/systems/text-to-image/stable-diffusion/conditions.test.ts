import { describe, expect, it } from 'vitest'
import { tinySize } from '../../../../tests/support/tiny-stable-diffusion.js'
import { noiseSchedule } from '../../../generative/index.js'
import { array } from '../../../graph/index.js'
import { given } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { readConditions } from './conditions.js'
import type { StableDiffusionModel } from './model.js'

const scope = given({})
const added = (numbers: number) => ({ size: { ...tinySize, unet: { ...tinySize.unet, added: { pooled: 2, numbers, sinusoids: 8 } } } })
const model: StableDiffusionModel = {
  name: 'planted',
  scopes: { text_encoder: scope, unet: scope, vae: scope },
  size: tinySize,
  tokenizer: await openTokenizer(),
  schedule: noiseSchedule(),
  settings: { prediction: 'epsilon', sampling: {}, guidanceScale: 1 },
}
const asked = { prompt: 'a red cube', negativePrompt: '', guidanceRescale: 0 }

async function read(model: StableDiffusionModel, { scale = 3, ...changed }: Partial<typeof asked> & { scale?: number } = {}) {
  let calls = 0
  const readText = async () => ({ states: array([[[++calls]]]), pooled: array([[calls, calls]]) })
  return (await readConditions(model, { readText } as never, { ...asked, ...changed }, { width: 40, height: 24 }, scale)).conditions
}

describe('readConditions()', () => {
  it('has the unwanted text before the wanted one, and the whole texts in the same order', async () => {
    const { context, pooled, guidance, numbers } = await read(model)
    expect([context.toNested(), pooled?.toNested(), guidance?.scale.item(), numbers]).toEqual([
      [[[1]], [[2]]],
      [
        [1, 1],
        [2, 2],
      ],
      3,
      undefined,
    ])
  })

  it('puts zeros in place of a text that is not there, for models that were trained so', async () => {
    const { context, pooled } = await read({ ...model, emptyIsZero: true })
    expect([context.toNested(), pooled?.at(0), pooled?.at(2)]).toEqual([[[[0]], [[1]]], 0, 1])
    expect((await read({ ...model, emptyIsZero: true }, { negativePrompt: 'blue' })).context.at(0)).toBe(1)
  })

  it('tells XL heights before widths, of the picture and of what it was cut from', async () => {
    const sizes = [24, 40, 0, 0, 24, 40]
    expect((await read({ ...model, ...added(6) })).numbers?.toNested()).toEqual([sizes, sizes])
    expect((await read({ ...model, ...added(6) }, { scale: 1 })).numbers?.toNested()).toEqual([sizes])
  })

  it('tells the refiner a score for either text', async () => {
    expect((await read({ ...model, ...added(5) })).numbers?.toNested()).toEqual([
      [24, 40, 0, 0, 2.5],
      [24, 40, 0, 0, 6],
    ])
  })

  it('tells a model the scale that was distilled to know it, and makes one pass', async () => {
    const { context, told, guidance } = await read(
      { ...model, size: { ...tinySize, unet: { ...tinySize.unet, guidance: 8 } } },
      { scale: 8.5 },
    )
    expect([context.shape, told?.toNested(), guidance]).toEqual([[1, 1, 1], [8.5], undefined])
    expect((await read(model)).told).toBeUndefined()
  })
})

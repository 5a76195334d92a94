import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  changedPipeline,
  expectPicture,
  expectSamePicture,
  pipelineFolder,
  referencePicture,
  referenceResult,
} from '../../../../tests/support/reference-pictures.js'
import { chooseCheckpoint } from '../../../contract/index.js'
import { type NDArray, sharedRuntime } from '../../../graph/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { compileNetworks } from './networks.js'
import { encodePrompt, readWindows } from './prompt.js'
import { stableDiffusion } from './system.js'

const [base, refiner, consistency] = ['base', 'refiner', 'consistency'].map(pipelineFolder) as [string, string, string]
const asked = { prompt: 'a red cube', seed: 7, rng: 'torch-cpu', scheduler: 'euler' } as const
const make = async (input: object, checkpoint: string) => (await stableDiffusion.make({ ...asked, ...input }, { checkpoint }))[0]
const turbo = changedPipeline('base', {
  'scheduler/scheduler_config.json': JSON.parse(readFileSync(join(pipelineFolder('turbo-scheduler'), 'scheduler_config.json'), 'utf8')),
})

const expectClose = (found: NDArray, wanted: NDArray) => {
  expect(found.shape).toEqual(wanted.shape)
  const largest = Math.max(...Array.from(wanted.data, Number).map(Math.abs))
  const worst = Math.max(...Array.from(wanted.data, Number).map((value, i) => Math.abs(value - found.at(i))))
  expect(worst / largest).toBeLessThan(1e-4)
}

describe('the text towers of XL', () => {
  it('give the reference its states, side by side, and the text as a whole', async () => {
    const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, base))
    const networks = compileNetworks(model, await sharedRuntime())
    const { windows } = encodePrompt(model.tokenizer, 'a red cube', 'prompt', { second: model.secondTokenizer })
    const { states, pooled } = await readWindows(networks.readText, windows)
    expectClose(states, await referenceResult('base.states'))
    expectClose(pooled as NDArray, await referenceResult('base.pooled'))
    await networks.dispose()
  })
})

describe('XL', () => {
  it('makes the picture of the reference for the same seed', async () => {
    const { value, facts } = await make({ steps: 4 }, base)
    await expectPicture(value, 'base.text')
    expect(facts).toMatchObject({ scheduler: 'euler', steps: 4, guidanceScale: 5 })
  })

  it('so it does with a negative prompt, and in another size', async () => {
    const input = { steps: 4, negativePrompt: 'a blue one', width: 24, height: 40, guidanceScale: 3 }
    await expectPicture((await make(input, base)).value, 'base.negative')
  })

  it('goes on from a picture', async () => {
    const input = { prompt: 'a blue cube', image: await referencePicture('base.text'), strength: 0.6, steps: 5 }
    await expectPicture((await make(input, base)).value, 'base.picture')
  })

  it.each(['1.0', '0.6'])('paints behind a mask as the reference does, and leaves the rest as it was: strength %s', async (strength) => {
    const image = await referencePicture('base.text')
    const mask = { ...image, data: image.data.map((_, i) => (Math.floor(i / 3) % 32 >= 16 ? 255 : 0)) }
    const input = { prompt: 'a blue cube', image, mask, strength: Number(strength), steps: 5 }
    const { value } = await make(input, base)
    const wanted = await referencePicture(`base.masked.${strength}`)
    // The reference gives the known part as the autoencoder has it.
    const expected = { ...wanted, data: wanted.data.map((value, i) => (mask.data[i] === 255 ? value : (image.data[i] as number))) }
    expectSamePicture(value, expected, `base.masked.${strength}`)
  })

  it.each([1, 3])('distilled as Turbo makes it in %i steps without guidance, and with its own method', async (steps) => {
    const { value, facts } = await make({ steps, scheduler: undefined }, turbo)
    await expectPicture(value, `turbo.${steps}`)
    expect(facts).toMatchObject({ scheduler: 'euler-ancestral', steps, guidanceScale: 0 })
  })

  it('takes four steps as Turbo if nothing else is said', async () => {
    const { facts } = await make({ scheduler: undefined }, turbo)
    expect(facts).toMatchObject({ scheduler: 'euler-ancestral', steps: 4 })
    expect(facts?.warnings).toEqual([expect.stringContaining('if it is none, pass steps and guidanceScale')]) // its name says nothing
    expect((await make({ scheduler: undefined, steps: 2 }, base)).facts).toMatchObject({ scheduler: 'dpm++-2m', steps: 2 })
  })

  it('reads long prompts in windows', async () => {
    const { value, facts } = await make({ prompt: 'a red cube and a blue cube and a cube', negativePrompt: 'blue', steps: 2 }, base)
    expect(facts?.warnings).toEqual([])
    expect(value.data).not.toEqual((await make({ steps: 2, negativePrompt: 'blue' }, base)).value.data)
  })
})

describe('files that are added to XL', () => {
  it.each(['peft', 'kohya'])('a LoRA of the U-Net and of both text towers changes them as the reference does: %s', async (form) => {
    const loras = [`${pipelineFolder(`lora-${form}.safetensors`)}:0.8`]
    await expectPicture((await make({ steps: 4, loras }, base)).value, `lora.${form}`)
  })

  it('a word that was learnt for both text towers', async () => {
    const embeddings = [pipelineFolder('thing.safetensors')]
    await expectPicture((await make({ prompt: 'a red thing', steps: 4, embeddings }, base)).value, 'word')
  })
})

describe('the refiner', () => {
  it('goes on from a picture as the reference does', async () => {
    const image = await referencePicture('base.text')
    const { value } = await make({ image, strength: 0.5, steps: 6, guidanceScale: 4 }, refiner)
    await expectPicture(value, 'refiner.picture')
  })

  it('reads scores, and changes a third if nothing else is said', async () => {
    const image = await referencePicture('base.text')
    const scores = { aestheticScore: 9, negativeAestheticScore: 1, negativePrompt: 'blue' }
    await expectPicture((await make({ image, steps: 10, ...scores }, refiner)).value, 'refiner.scores')
  })

  it('makes the last steps of what the base began', async () => {
    const { value } = await make({ refiner, denoisingEnd: 0.6, steps: 5 }, base)
    await expectPicture(value, 'handover')
  })

  it('says that it needs a picture', async () => {
    await expect(make({}, refiner)).rejects.toThrow(
      'Cannot run stable-diffusion: expected image to be given: this checkpoint is a refiner, which goes on from a picture, found nothing',
    )
  })
})

describe('bad input', () => {
  it.each([
    [{ denoisingEnd: 0.8 }, 'expected denoisingEnd to be left out where no refiner is given, or given together with one, found 0.8'],
    [
      { refiner: consistency },
      /Cannot go on with .*consistency where .*base ends: expected latents of 4 channels scaled by 0\.13025, found 4/,
    ],
    [{ refiner: 'nowhere' }, 'Cannot load the checkpoint "nowhere" of stable-diffusion: there is no file and no folder of this name'],
  ] as const)('%j is refused with a sentence', async (input, sentence) => {
    await expect(make(input, base)).rejects.toThrow(sentence)
  })

  it('two tokenizers that do not belong together are refused', async () => {
    const vocabulary = JSON.parse(readFileSync(join(base, 'tokenizer_2/vocab.json'), 'utf8'))
    const other = changedPipeline('base', { 'tokenizer_2/vocab.json': { ...vocabulary, more: 522 } })
    await expect(make({}, other)).rejects.toThrow(/tokenizer_2: expected 522 tokens .*, as the first tokenizer has them, found 523 tokens/)
  })

  it('so is a U-Net that reads something else beside the text', async () => {
    const config = JSON.parse(readFileSync(join(base, 'unet/config.json'), 'utf8'))
    const other = changedPipeline('base', { 'unet/config.json': { ...config, projection_class_embeddings_input_dim: 66 } })
    await expect(make({}, other)).rejects.toThrow(
      'expected "projection_class_embeddings_input_dim" to be 10, the text\'s projection, and 5 or 6 numbers of 8, found 66',
    )
  })
})

describe('a consistency model', () => {
  it('makes the picture of the reference in four steps, told the guidance scale', async () => {
    const { value, facts } = await make({ scheduler: undefined }, consistency)
    await expectPicture(value, 'consistency.text')
    expect(facts).toMatchObject({ scheduler: 'lcm', steps: 4, guidanceScale: 8.5 })
  })

  it('goes on from a picture in as many steps', async () => {
    const input = { image: await referencePicture('base.text'), strength: 0.5, steps: 3, guidanceScale: 2, scheduler: undefined }
    await expectPicture((await make(input, consistency)).value, 'consistency.picture')
  })

  it('says that negative prompts do nothing', async () => {
    const { facts } = await make({ negativePrompt: 'blue', scheduler: undefined }, consistency)
    expect(facts?.warnings).toEqual([expect.stringContaining('negativePrompt does nothing: this model was distilled')])
  })
})

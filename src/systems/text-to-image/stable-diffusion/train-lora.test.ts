import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { chooseCheckpoint } from '../../../contract/index.js'
import { sharedRuntime } from '../../../graph/index.js'
import { blankImage } from '../../../media/image.js'
import { encodePng } from '../../../media/png.js'
import { openCheckpoint } from '../../../weights/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { stableDiffusion } from './system.js'
import { runs } from './train.js'
import { type LoraTraining, trainLora } from './train-lora.js'

const published = fileURLToPath(new URL('../../../../tests/fixtures/stable-diffusion/diffusers', import.meta.url))
const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, published))
const runtime = await sharedRuntime()
const folder = await mkdtemp(join(tmpdir(), 'genera-lora-'))
afterAll(async () => {
  await stableDiffusion.dispose()
  await rm(folder, { recursive: true })
})

/** One is red, one is blue. */
const side = model.size.native
const pictures = {
  count: 2,
  size: side,
  pixels: Uint8Array.from({ length: 2 * 3 * side ** 2 }, (_, i) => (i % 3 === (i < 3 * side ** 2 ? 0 : 2) ? 255 : 0)),
  caption: (index: number) => ['a red cube', 'a sphere'][index] as string,
}

async function lossesOf(options: Partial<LoraTraining>): Promise<number[]> {
  const losses: number[] = []
  for await (const event of trainLora({ model, pictures, runtime, batch: 4, ...options }))
    if (event.kind === 'step') losses.push(event.loss)
  return losses
}

test('trainLora() lowers the loss of the same batches, and starts as the model is', { timeout: 120_000 }, async () => {
  const still = await lossesOf({ steps: 100, learningRate: 0 })
  const learnt = await lossesOf({ steps: 100, learningRate: 2e-2 })
  expect(learnt[0]).toBe(still[0])
  const end = (losses: readonly number[]) => losses.slice(-30).reduce((a, b) => a + b, 0)
  expect(end(learnt)).toBeLessThan(0.8 * end(still))
})

test('trainLora() refuses a model that paints behind masks', async () => {
  const size = { ...model.size, unet: { ...model.size.unet, inChannels: 9 } }
  await expect(lossesOf({ model: { ...model, size } })).rejects.toThrow(
    'expected a model that draws from words alone, found one that reads a mask or another picture. Train with the model that it was made of',
  )
})

test("the stage lora writes the reference's names, and the system draws with it", { timeout: 120_000 }, async () => {
  for (const [name, colour] of Object.entries({ red: [255, 0, 0], blue: [0, 0, 255] } as const)) {
    await writeFile(join(folder, `${name}.png`), encodePng(blankImage(40, 36, colour)))
    await writeFile(join(folder, `${name}.txt`), `something ${name}`)
  }
  const written: string[] = []
  for await (const event of runs.lora({ data: folder, from: published, output: folder, steps: 2, seed: 3 }))
    if (event.kind === 'done') written.push(...event.files)
  const [location = ''] = written
  expect(location.slice(folder.length + 1)).toBe('pytorch_lora_weights.safetensors')
  const file = await openCheckpoint(location)
  const matrix = 'unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0'
  expect(file.info(`${matrix}.lora_A.weight`).shape).toEqual([8, 16])
  expect(file.info(`${matrix}.lora_B.weight`).shape).toEqual([16, 8])
  // Three transformers before the middle's, three of them behind it, one in it; eight matrices in each.
  expect(file.names.length).toBe((2 + 1 + 3) * 8 * 2)
  const draw = async (...loras: string[]) =>
    (await stableDiffusion.make({ prompt: 'something red', steps: 2, seed: 1, loras }, { checkpoint: published }))[0].value.data
  const plain = await draw()
  expect(await draw(`${location}:0`)).toEqual(plain)
  expect(await draw(`${location}:100`)).not.toEqual(plain)
})

test('the stage lora wants pictures', async () => {
  const run = async () => {
    for await (const _ of runs.lora({ output: folder, from: published }));
  }
  await expect(run()).rejects.toThrow('Cannot train a LoRA: expected pictures to learn from, found none. Pass a folder of pictures')
})

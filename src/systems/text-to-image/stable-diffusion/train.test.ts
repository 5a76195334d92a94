import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tinyCheckpoint, tinySize } from '../../../../tests/support/tiny-stable-diffusion.js'
import { array } from '../../../graph/index.js'
import { blankImage } from '../../../media/image.js'
import { encodePng } from '../../../media/png.js'
import { encodeSafetensors, openCheckpoint } from '../../../weights/index.js'
import { readSettings } from './settings.js'
import { stages } from './stages.js'
import { stableDiffusion } from './system.js'

const folder = await mkdtemp(join(tmpdir(), 'genera-train-'))
afterAll(() => rm(folder, { recursive: true }))

test("the stages make a model of a user's own pictures, each from what those before it left", { timeout: 240_000 }, async () => {
  const [data, output] = [join(folder, 'data'), join(folder, 'model')]
  await Promise.all([mkdir(data), mkdir(output)])
  for (const [name, colour] of Object.entries({ red: [255, 0, 0], blue: [0, 0, 255] } as const)) {
    await writeFile(join(data, `${name}.png`), encodePng(blankImage(20, 16, colour)))
    await writeFile(join(data, `${name}.txt`), `something ${name}`)
  }
  const written: string[] = []
  for (const stage of stages) {
    const kinds = new Set<string>()
    for await (const event of stage.run({ data, output, steps: 1 })) {
      kinds.add(event.kind)
      if (event.kind === 'done') written.push(...event.files)
    }
    expect(kinds, stage.name).toContain('done')
  }
  expect(new Set(written.map((path) => path.slice(output.length + 1)))).toEqual(
    new Set([
      'diorama-tokenizer.json',
      'clip.safetensors',
      'autoencoder.safetensors',
      'stable-diffusion.safetensors',
      'pytorch_lora_weights.safetensors',
    ]),
  )
  const checkpoint = join(output, 'stable-diffusion.safetensors')
  const [made] = await stableDiffusion.make({ prompt: 'something red', steps: 1, seed: 1 }, { checkpoint })
  expect(made.value).toMatchObject({ width: 128, height: 128 })
  await stableDiffusion.dispose()

  // A model to start from brings its tokenizer.
  const tokenizer = 'diorama-tokenizer.json'
  for (const stage of ['unet', 'decoder']) {
    const further = join(folder, stage)
    await mkdir(further)
    for await (const _ of stages.find(({ name }) => name === stage)?.run({ data, output: further, from: checkpoint, steps: 1 }) ?? []);
    expect(await readFile(join(further, tokenizer))).toEqual(await readFile(join(output, tokenizer)))
    expect(await readdir(further)).toContain('stable-diffusion.safetensors')
  }
})

test('a model that starts from another has its sizes', { timeout: 60_000 }, async () => {
  const [data, output] = [join(folder, 'one'), join(folder, 'tiny')]
  await Promise.all([mkdir(data), mkdir(output)])
  await writeFile(join(data, 'red.png'), encodePng(blankImage(20, 16, [255, 0, 0])))
  for await (const _ of stages.find(({ name }) => name === 'unet')?.run({ data, output, from: await tinyCheckpoint(), steps: 1 }) ?? []);
  const { metadata } = await openCheckpoint(join(output, 'stable-diffusion.safetensors'))
  expect(readSettings(metadata, 'tiny').size).toMatchObject({
    unet: tinySize.unet,
    autoencoder: tinySize.autoencoder,
    native: tinySize.native,
  })
})

test.each(['autoencoder', 'unet', 'decoder'])('the stage %s starts from no other kind of file, and leaves nothing behind', async (name) => {
  const output = join(folder, `foreign ${name}`)
  await mkdir(output)
  const from = join(folder, 'foreign.safetensors')
  await writeFile(from, encodeSafetensors([['w', array([1])]]))
  const consumed = async () => {
    for await (const _ of stages.find((stage) => stage.name === name)?.run({ output, from }) ?? []);
  }
  await expect(consumed()).rejects.toThrow('expected the metadata "format" to be "genera-1", found "pt"')
  expect(await readdir(output)).toEqual([])
})

test('a stage that is interrupted while it renders ends, and leaves nothing behind', { timeout: 60_000 }, async () => {
  const output = join(folder, 'interrupted')
  await mkdir(output)
  const stop = new AbortController()
  const told: unknown[] = []
  const run = stages
    .find(({ name }) => name === 'autoencoder')
    ?.run({
      output,
      signal: stop.signal,
      onPreparation: (preparation) => {
        told.push(preparation)
        stop.abort(new Error('Interrupted'))
      },
    })
  const consumed = async () => {
    for await (const event of run ?? []) told.push(event)
  }
  await expect(consumed()).rejects.toThrow('Interrupted')
  expect(told).toEqual([{ what: 'rendering scenes', done: 100, total: 72_000 }])
  expect(await readdir(output)).toEqual([])
})

test('a stage without what an earlier one makes says which one that is', async () => {
  const output = join(folder, 'empty')
  await mkdir(output)
  const events = stages.find(({ name }) => name === 'unet')?.run({ output })
  const first = async () => {
    for await (const event of events ?? []) return event
    return undefined
  }
  await expect(first()).rejects.toThrow(`First: genera train stable-diffusion tokenizer -o ${output}`)
})

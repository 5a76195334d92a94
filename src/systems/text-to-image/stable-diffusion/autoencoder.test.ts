import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipelineFolder } from '../../../../tests/support/reference-pictures.js'
import { chooseCheckpoint } from '../../../contract/index.js'
import type { NDArray } from '../../../graph/index.js'
import { type Checkpoint, openCheckpoint, writeSafetensors } from '../../../weights/index.js'
import { withAutoencoder } from './autoencoder.js'
import { openStableDiffusion } from './checkpoint.js'
import type { StableDiffusionModel } from './model.js'
import { diffusersName } from './single-file-autoencoder.js'
import { autoencoderName } from './single-file-names.js'
import { stableDiffusion } from './system.js'

const [base, other] = [pipelineFolder('base'), pipelineFolder('consistency')]
const folder = mkdtempSync(join(tmpdir(), 'genera-autoencoder-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const asked = { prompt: 'a red cube', seed: 7, steps: 2, guidanceScale: 1 } as const
const pictureOf = async (input: object, checkpoint = base) => (await stableDiffusion.make({ ...asked, ...input }, { checkpoint }))[0].value
const levels = 3

let tensors: [string, NDArray][]
let stored: Checkpoint
let model: StableDiffusionModel
beforeAll(async () => {
  stored = await openCheckpoint(join(other, 'vae'), { inMemory: true })
  tensors = await Promise.all(stored.names.map(async (name) => [name, await stored.read(name)] as [string, NDArray]))
  model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, base))
})

async function written(name: string, rename: (name: string) => string, kept: (name: string) => boolean = () => true): Promise<string> {
  const path = join(folder, name)
  await writeSafetensors(
    path,
    tensors.filter(([name]) => kept(name)).map(([name, value]) => [rename(name), value] as const),
  )
  return path
}

describe('withAutoencoder()', () => {
  it('paints with the one that is given, as if it were the own of the checkpoint', async () => {
    const copy = join(folder, 'copy')
    cpSync(base, copy, { recursive: true })
    rmSync(join(copy, 'vae'), { recursive: true })
    cpSync(join(other, 'vae'), join(copy, 'vae'), { recursive: true })
    const wanted = await pictureOf({}, copy)
    expect(await pictureOf({ vae: join(other, 'vae') })).toEqual(wanted)
    expect(await pictureOf({ vae: other })).toEqual(wanted) // the folder of a whole pipeline
    expect(wanted).not.toEqual(await pictureOf({}))
  })

  it('reads files in the names of diffusers and of the original code, whose latents are scaled as before', async () => {
    const original = (name: string) => autoencoderName(name, levels)
    const files = [
      await written('diffusers.safetensors', (name) => name),
      await written('original.safetensors', original),
      await written('whole.safetensors', (name) => `first_stage_model.${original(name)}`),
    ]
    const [first, ...others] = await Promise.all(files.map((vae) => pictureOf({ vae })))
    for (const each of others) expect(each).toEqual(first)
    const { size } = await withAutoencoder(model, files[1])
    expect({ quantConvolutions: true, ...size.autoencoder }).toEqual(model.size.autoencoder)
    expect((await withAutoencoder(model, join(other, 'vae'))).size.autoencoder.scaling).toBe(0.18215)
  })

  it('names what is missing and what is not read', async () => {
    const path = await written(
      'damaged.safetensors',
      (name) => name.replace('decoder.conv_out.bias', 'decoder.conv_out.bios'),
      (name) => name !== 'quant_conv.bias',
    )
    await expect(withAutoencoder(model, path)).rejects.toThrow(
      /2 of \d+ tensors are missing \(first "quant_conv\.bias"\) and 1 were never read \(first "decoder\.conv_out\.bios"\)/,
    )
  })

  it('refuses latents of another kind, and files that are none', async () => {
    const wider = { ...model, size: { ...model.size, autoencoder: { ...model.size.autoencoder, latentChannels: 16 } } }
    await expect(withAutoencoder(wider, join(other, 'vae'))).rejects.toThrow(
      /expected latents of 16 channels for 4 × 4 pixels, found 4 channels for 4 × 4 pixels\. Use one/,
    )
    await expect(withAutoencoder(model, join(base, 'unet', 'diffusion_pytorch_model.safetensors'))).rejects.toThrow(
      /as an autoencoder: expected its tensor "encoder\.conv_in\.weight", found \d+ others/,
    )
    await expect(withAutoencoder(model, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'CheckpointMissing' })
  })
})

describe('diffusersName()', () => {
  it('is the way back from the names of the original code', () => {
    for (const name of stored.names) expect(diffusersName(autoencoderName(name, levels), levels)).toBe(name)
  })
})

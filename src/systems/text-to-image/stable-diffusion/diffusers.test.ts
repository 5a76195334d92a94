import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinySize } from '../../../../tests/support/tiny-stable-diffusion.js'
import { initialise, type Parameters } from '../../../nn/index.js'
import {
  clipWords,
  countWords,
  endOfText,
  startOfText,
  trainBytePairs,
  vocabularyFiles,
  writeTokenizer,
} from '../../../tokenizers/index.js'
import { openCheckpoint, writeSafetensors } from '../../../weights/index.js'
import { writeStableDiffusion } from './checkpoint.js'
import { dioramaSettings } from './settings.js'
import { type NetworkName, networksOf } from './sizes.js'
import { stableDiffusion } from './system.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-diffusers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const words = trainBytePairs(countWords(['a red cube', 'a red sphere'], clipWords), {
  vocabularySize: 518,
  special: [startOfText, endOfText],
})
const context = 12
const size = { ...tinySize, text: { ...tinySize.text, vocabulary: words.vocabulary.size, context } }
const models = networksOf(size)
const networks = {
  text_encoder: initialise(models.text_encoder, { seed: 1 }),
  unet: initialise(models.unet, { seed: 2 }),
  vae: initialise(models.vae, { seed: 3 }),
}
const schedule = { betas: 'scaled_linear', betaStart: 0.001, betaEnd: 0.02, zeroTerminalSnr: false, trainSteps: 1000 } as const

const configs = {
  'model_index.json': {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.30.0',
    unet: ['diffusers', 'UNet2DConditionModel'],
    safety_checker: [null, null],
  },
  'unet/config.json': {
    in_channels: 4,
    block_out_channels: [8, 16],
    layers_per_block: 1,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
    attention_head_dim: 2,
    cross_attention_dim: 8,
    norm_num_groups: 4,
    use_linear_projection: true,
    sample_size: 8,
    addition_embed_type: null,
  },
  'vae/config.json': { block_out_channels: [8, 8, 8], layers_per_block: 1, norm_num_groups: 4, scaling_factor: 0.5 },
  'text_encoder/config.json': {
    vocab_size: words.vocabulary.size,
    max_position_embeddings: context,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    hidden_act: 'gelu',
  },
  'scheduler/scheduler_config.json': {
    _class_name: 'PNDMScheduler',
    beta_schedule: 'scaled_linear',
    beta_start: 0.001,
    beta_end: 0.02,
    prediction_type: 'v_prediction',
    steps_offset: 1,
    set_alpha_to_one: false,
    trained_betas: null,
  },
  'tokenizer/tokenizer_config.json': { model_max_length: context },
}
/** Two blocks in each level of the decoder, as published autoencoders have one more than the encoder. */
const published = { ...size, autoencoder: { ...tinySize.autoencoder, decoderBlocks: 2, scaling: 0.5 } }
const vae = initialise(networksOf(published).vae, { seed: 3 })

async function write(
  name: string,
  changes: Partial<Record<keyof typeof configs, object>> = {},
  { text_encoder, unet, vae: autoencoder }: Readonly<Record<NetworkName, Parameters>> = { ...networks, vae },
  dtype: 'float16' | 'float32' = 'float16',
): Promise<string> {
  const path = join(folder, name)
  for (const part of ['unet', 'vae', 'text_encoder', 'scheduler', 'tokenizer']) mkdirSync(join(path, part), { recursive: true })
  for (const [file, config] of Object.entries({ ...configs, ...changes })) writeFileSync(join(path, file), JSON.stringify(config))
  const { vocabulary, merges } = vocabularyFiles(words)
  writeFileSync(join(path, 'tokenizer', 'vocab.json'), vocabulary)
  writeFileSync(join(path, 'tokenizer', 'merges.txt'), merges)
  await writeSafetensors(join(path, 'text_encoder', 'model.safetensors'), Object.entries(text_encoder), { dtype })
  await writeSafetensors(join(path, 'unet', 'diffusion_pytorch_model.safetensors'), Object.entries(unet), { dtype })
  await writeSafetensors(join(path, 'vae', 'diffusion_pytorch_model.safetensors'), Object.entries(autoencoder), { dtype })
  return path
}

const asked = { prompt: 'a red sphere', steps: 3, seed: 7, scheduler: 'ddim' } as const
const pictureOf = async (checkpoint: string) => (await stableDiffusion.make({ ...asked, guidanceScale: 3 }, { checkpoint }))[0].value

describe('openDiffusers()', () => {
  let whole: string
  beforeAll(async () => {
    whole = await write('whole')
  })

  it('makes of a published folder what the same weights make in one file', async () => {
    const single = join(folder, 'single.safetensors')
    writeFileSync(join(folder, 'own-tokenizer.json'), writeTokenizer(words, { context }))
    const settings = {
      ...dioramaSettings,
      size: published,
      schedule,
      tokenizer: 'own-tokenizer.json',
      sampling: { stepsOffset: 1, setAlphaToOne: false },
    }
    await writeStableDiffusion(single, { ...networks, vae }, settings)
    // What 8 bits have made of the weights is what both hold.
    const file = await openCheckpoint(single)
    const kept = async (name: NetworkName, parameters: Parameters): Promise<Parameters> =>
      Object.fromEntries(
        await Promise.all(Object.keys(parameters).map(async (inner) => [inner, await file.read(`${name}.${inner}`)] as const)),
      )
    const read = {
      text_encoder: await kept('text_encoder', networks.text_encoder),
      unet: await kept('unet', networks.unet),
      vae: await kept('vae', vae),
    }
    const same = await write('same', {}, read, 'float32')
    expect(await pictureOf(same)).toEqual(await pictureOf(single))
  })

  it('guides as published pipelines do, if nothing else is said', async () => {
    expect((await stableDiffusion.make(asked, { checkpoint: whole }))[0].facts).toMatchObject({ guidanceScale: 7.5, width: 32, height: 32 })
  })

  it('reads autoencoders whose attention is spelled as it once was', async () => {
    const once = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' }
    const older = Object.fromEntries(
      Object.entries(vae).map(([name, value]) => [name.replace(/to_(?:q|k|v|out\.0)/, (now) => once[now as keyof typeof once]), value]),
    )
    expect(await pictureOf(await write('older', {}, { ...networks, vae: older }))).toEqual(await pictureOf(whole))
  })

  it.each([
    [
      'model_index.json',
      { _class_name: 'FluxPipeline' },
      /the configuration has "_class_name": "FluxPipeline"; Invalid option: expected one of "StableDiffusionPipeline"/,
    ],
    ['unet/config.json', { addition_embed_type: 'image' }, '"addition_embed_type": "image"; only "text_time" and null are built'],
    [
      'unet/config.json',
      { addition_embed_type: 'text_time' },
      'expected a pipeline of XL, since its U-Net reads sizes and a text as a whole, found another',
    ],
    [
      'model_index.json',
      { _class_name: 'StableDiffusionXLPipeline' },
      'expected a U-Net with "addition_embed_type": "text_time", as XL has it, found none',
    ],
    ['unet/config.json', { block_out_channels: [1e9] }, 'Too big'],
    [
      'unet/config.json',
      { ...configs['unet/config.json'], block_out_channels: [8, 24] },
      'the model expects [24, 8, 3, 3], the file holds [16, 8, 3, 3]',
    ],
    ['scheduler/scheduler_config.json', { prediction_type: 'flow' }, '"prediction_type": "flow"; Invalid option'],
  ] as const)('refuses %s with %j', async (file, config, sentence) => {
    const path = await write('refused', { [file]: config })
    await expect(stableDiffusion.make(asked, { checkpoint: path })).rejects.toThrow(sentence)
  })

  it('names a part that is not there', async () => {
    const path = join(folder, 'headless')
    cpSync(whole, path, { recursive: true })
    rmSync(join(path, 'unet'), { recursive: true })
    await expect(stableDiffusion.make(asked, { checkpoint: path })).rejects.toThrow(/headless\/unet\/config\.json/)
  })
})

import { copyFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drawn, referenceModel, references, storedJson, withVocabulary, written } from '../../../../tests/support/single-file.js'
import { array, fill, type NDArray } from '../../../graph/index.js'
import type { ByteRegion } from '../../../graph/region.js'
import { parametersOf } from '../../../nn/index.js'
import { encodeSafetensors, openCheckpoint } from '../../../weights/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { viewOf } from './single-file.js'
import { familyOf } from './single-file-family.js'
import { autoencoderName, openClipName, storedInSingleFile, unetName } from './single-file-names.js'
import { sizeOf } from './single-file-size.js'
import { networkNames, networksOf, stableDiffusionSizes } from './sizes.js'
import { stableDiffusion } from './system.js'

const reference = references()

const open = (location: string) =>
  openStableDiffusion({ name: 'tiny', kind: 'local', location, open: () => openCheckpoint(location), sha256: async () => undefined })

describe('the names of the original code', () => {
  it('are those that diffusers reads: the U-Net and the autoencoder of 1.x, tensor for tensor', () => {
    const names = storedJson<Record<'unet' | 'vae', Record<string, string>>>('names.json')
    const size = stableDiffusionSizes['stable-diffusion-v1-5/stable-diffusion-v1-5']
    const asked = networksOf(size)
    const found = {
      unet: [...parametersOf(asked.unet).keys()].map((name) => [name, unetName(name, size.unet)]),
      vae: [...parametersOf(asked.vae).keys()].map((name) => [name, autoencoderName(name, 4)]),
    }
    expect(Object.fromEntries(found.unet)).toEqual(names.unet)
    expect(Object.fromEntries(found.vae)).toEqual(names.vae)
  })

  it('split the matrix of an OpenCLIP attention in three', () => {
    expect(openClipName('text_model.encoder.layers.3.self_attn.k_proj.bias')).toEqual({
      name: 'transformer.resblocks.3.attn.in_proj_bias',
      part: { index: 1, of: 3 },
    })
    expect(openClipName('text_model.encoder.layers.0.mlp.fc2.weight')).toEqual({ name: 'transformer.resblocks.0.mlp.c_proj.weight' })
  })
})

describe('openLdm()', () => {
  it.each(['1.x', '2.x'] as const)('finds the sizes of the networks, and gives them the tensors that they ask for: %s', async (family) => {
    const wanted = reference[family]
    const model = await referenceModel(family, wanted)
    expect(model.size.unet).toMatchObject({ blocks: 2, depth: [1, 0], middleDepth: 1, context: 64, linearProjection: family === '2.x' })
    expect(model.size.unet.heads).toEqual(family === '2.x' ? [1, 2] : [8, 8])
    expect(model.tokenizer.padding).toBe(family === '2.x' ? 0 : model.tokenizer.end)
    const file = await openCheckpoint(encodeSafetensors(Object.entries(drawn(wanted.shapes))))
    for (const network of networkNames)
      for (const [name, { shape }] of parametersOf(networksOf(model.size)[network])) {
        const { name: stored, part } = storedInSingleFile(network, name, model.size, file)
        const [found, whole] = [await viewOf(file, network, model.size).read(name), await file.read(stored)]
        expect([name, found.length]).toEqual([name, shape.reduce((a, b) => a * b, 1)])
        expect(found.at(0)).toBe(whole.at((part?.index ?? 0) * found.length))
      }
  })

  it('wants a vocabulary as large as the table of tokens', async () => {
    const location = written('a.safetensors', drawn(reference['1.x'].shapes))
    await expect(open(location)).rejects.toThrow('a vocabulary of 99 tokens, as its text encoder has, found one of 516 beside it')
  })

  it('reads one part of a fused matrix as it points at it', async () => {
    const file = await openCheckpoint(encodeSafetensors(Object.entries(drawn(reference['2.x'].shapes))), { inMemory: true })
    const view = viewOf(file, 'text_encoder', sizeOf(file, '2.x', 512))
    const name = 'text_model.encoder.layers.1.self_attn.v_proj.weight'
    const whole = await file.read('cond_stage_model.model.transformer.resblocks.1.attn.in_proj_weight')
    const part = await view.read(name)
    expect(part.shape).toEqual([64, 64])
    expect(part.at(0)).toBe(whole.at(2 * 64 * 64))
    const region = view.info(name).region as ByteRegion & { readonly source: { readonly bytes: Uint8Array } }
    expect(region.length).toBe(64 * 64 * 4)
    const { bytes } = region.source
    expect(new DataView(bytes.buffer, bytes.byteOffset + region.offset).getFloat32(0, true)).toBe(whole.at(2 * 64 * 64))
  })

  const one = drawn(reference['1.x'].shapes)
  const two = drawn(reference['2.x'].shapes)

  it('finds out what the model predicts', async () => {
    const facts = async (location: string) => {
      const { settings, size, notes = [] } = await open(location)
      return [settings.prediction, size.native, notes.length]
    }
    expect(await facts(written('a.safetensors', withVocabulary(one)))).toEqual(['epsilon', 512, 0])
    expect(await facts(written('a.safetensors', withVocabulary(two)))).toEqual(['v_prediction', 768, 1])
    const told = { 'modelspec.architecture': 'stable-diffusion-v2-512', 'modelspec.prediction_type': 'epsilon' }
    expect(await facts(written('a.safetensors', withVocabulary(two), { metadata: told }))).toEqual(['epsilon', 512, 0])
    const besideYaml = written('a.safetensors', withVocabulary(two))
    writeFileSync(besideYaml.replace('.safetensors', '.yaml'), 'model:\n  params:\n    parameterization: "v"\n')
    expect(await facts(besideYaml)).toEqual(['v_prediction', 768, 0])
  })

  it('draws a picture', async () => {
    const checkpoint = written('tiny.safetensors', withVocabulary(one))
    const asked = { prompt: 'a red cube', steps: 2, width: 16, height: 16, seed: 1, scheduler: 'ddim' } as const
    const [{ value, facts }] = await stableDiffusion.make(asked, { checkpoint })
    expect([value.width, value.height, facts?.guidanceScale]).toEqual([16, 16, 7.5])
  })

  it('wants the vocabulary beside the file', async () => {
    const location = written('a.safetensors', withVocabulary(one), { tokenizer: false })
    const tokenizer = join(dirname(location), 'tokenizer')
    await expect(open(location)).rejects.toThrow(
      `vocab.json and merges.txt in the folder ${tokenizer}, or beside the file itself, found none. A single file holds no vocabulary, and 1.x, 2.x and XL have the same one: genera pull openai/clip-vit-large-patch14 --include vocab.json merges.txt prints the folder`,
    )
    // What it says helps, in either place.
    const complete = written('a.safetensors', withVocabulary(one))
    for (const name of ['vocab.json', 'merges.txt']) copyFileSync(join(dirname(complete), 'tokenizer', name), join(dirname(location), name))
    expect((await open(location)).tokenizer.vocabulary).toBe(516)
  })

  it('names tensors that are missing and tensors that it never reads', async () => {
    const { 'model.diffusion_model.out.2.bias': _, ...rest } = withVocabulary(one)
    const location = written('a.safetensors', {
      ...rest,
      'model.diffusion_model.extra.weight': array([1]),
      'model_ema.decay': array([1]),
      betas: array([1]),
    })
    await expect(open(location)).rejects.toThrow(
      /tensors are missing \(first "conv_out\.bias"\) and 1 were never read \(first "model\.diffusion_model\.extra\.weight"\)/,
    )
  })
})

describe('familyOf()', () => {
  const holding = (...names: readonly (string | readonly [string, readonly number[]])[]) =>
    openCheckpoint(
      encodeSafetensors(
        names.map(
          (name) => (typeof name === 'string' ? [name, array([0])] : [name[0], fill('float32', name[1], () => 0)]) as [string, NDArray],
        ),
      ),
      { name: 'x.safetensors' },
    )
  const first = ['model.diffusion_model.input_blocks.0.0.weight', [1, 4, 1, 1]] as const

  it.each([
    ['Stable Diffusion 3', ['model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight']],
    ['FLUX', ['double_blocks.0.img_attn.norm.key_norm.scale']],
    ['a LoRA', ['lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight']],
    ['a LoRA', ['unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight']],
    ['a textual inversion', ['emb_params']],
    ['a ControlNet', ['control_model.zero_convs.0.0.weight']],
    ['an autoencoder (VAE) alone', ['first_stage_model.decoder.conv_in.weight', 'first_stage_model.encoder.conv_in.weight']],
    ['an autoencoder (VAE) alone', ['encoder.mid_block.attentions.0.to_q.weight']],
    ['the U-Net alone', ['conv_in.weight', 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight']],
    ['a text encoder alone', ['text_model.encoder.layers.0.layer_norm1.bias']],
    ['its U-Net alone', [first]],
    ['one without its text encoder', [first, 'first_stage_model.decoder.conv_in.weight']],
    ['one without its text encoder', [first, 'first_stage_model.decoder.conv_in.weight', 'conditioner.embedders.0.transformer.x']],
    ['one without its autoencoder', [first, 'cond_stage_model.transformer.text_model.x']],
    ['the ×4 upscaler', [['model.diffusion_model.input_blocks.0.0.weight', [1, 7, 1, 1]]]],
  ] as const)('says of another model that it is %s', async (found, names) => {
    const file = await holding(...names)
    expect(() => familyOf(file)).toThrow(`Cannot load x.safetensors: expected Stable Diffusion 1.x, 2.x or XL, found ${found}`)
  })

  it('knows nothing of anything else', async () => {
    expect(familyOf(await holding('wte.weight'))).toBeUndefined()
  })
})

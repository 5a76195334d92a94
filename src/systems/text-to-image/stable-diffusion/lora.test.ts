import { describe, expect, it } from 'vitest'
import { drawn, referenceModel, references, withVocabulary, written } from '../../../../tests/support/single-file.js'
import { array, compile, fill, type NDArray } from '../../../graph/index.js'
import { given } from '../../../nn/index.js'
import { LoraMismatchError, openLora, parseLora, withLoras } from './lora.js'
import { listLora, placesOf } from './lora-names.js'
import type { StableDiffusionModel } from './model.js'
import { stableDiffusionSizes } from './sizes.js'
import { stableDiffusion } from './system.js'

const reference = references()['1.x']
const model = await referenceModel('1.x', reference)
const file = (tensors: Record<string, NDArray>, metadata: Record<string, string> = {}): string =>
  written('lora.safetensors', tensors, { metadata, tokenizer: false })

const ones = (...shape: number[]) => fill('float32', shape, () => 1)
const query = 'text_model.encoder.layers.1.self_attn.q_proj'
const files = {
  peft: file({
    [`text_encoder.${query}.lora_A.weight`]: ones(1, 64),
    [`text_encoder.${query}.lora_B.weight`]: fill('float32', [64, 1], (o) => o + 1),
  }),
  kohya: file({
    [`lora_te_${query.replaceAll('.', '_')}.lora_down.weight`]: ones(1, 64),
    [`lora_te_${query.replaceAll('.', '_')}.lora_up.weight`]: ones(64, 1),
    [`lora_te_${query.replaceAll('.', '_')}.alpha`]: array([3]),
    'lora_unet_conv_in.lora_down.weight': ones(2, 4, 3, 3),
    'lora_unet_conv_in.lora_up.weight': ones(32, 2, 1, 1),
    'lora_unet_conv_in.alpha': array([6]),
  }),
}

describe('parseLora()', () => {
  it.each([
    ['a.safetensors', { location: 'a.safetensors', weight: 1 }],
    ['a.safetensors:0.8', { location: 'a.safetensors', weight: 0.8 }],
    ['C:\\loras\\a.safetensors:-1e-1', { location: 'C:\\loras\\a.safetensors', weight: -0.1 }],
    ['C:\\loras\\a.safetensors', { location: 'C:\\loras\\a.safetensors', weight: 1 }],
    ['loras/v2:final.safetensors', { location: 'loras/v2:final.safetensors', weight: 1 }],
  ])('reads %s', (text, choice) => expect(parseLora(text)).toEqual(choice))

  it('refuses weights that are none', () => {
    expect(() => parseLora('a.safetensors:1.2.3')).toThrow(
      'Cannot use the LoRA a.safetensors: expected a weight from -100 to 100, found "1.2.3"',
    )
    expect(() => parseLora('a.safetensors:1e9')).toThrow('from -100 to 100')
  })
})

describe('openLora() and withLoras()', () => {
  it('add scale · up · down to linear layers and convolutions of both networks, several at once', async () => {
    const { peft, kohya } = files
    const loras = [await openLora({ location: peft, weight: 0.5 }, model), await openLora({ location: kohya, weight: -1 }, model)]
    const weight = `${query}.weight`
    const zeros = (shape: readonly number[]) => fill('float32', shape, () => 0)
    const text = withLoras(given({ [weight]: zeros([64, 64]) }), 'text_encoder', loras)
    const denoiser = withLoras(given({ 'conv_in.weight': zeros([32, 4, 3, 3]) }), 'unet', loras)
    // 0.5 · (o + 1) of the one, whose alpha is its rank, and -1 · 3 / 1 of the other.
    const found = await compile(() => text.param(weight, [64, 64]))()
    expect([found.at(0), found.at(64), found.at(65)]).toEqual([0.5 - 3, 1 - 3, 1 - 3])
    expect((await compile(() => denoiser.param('conv_in.weight', [32, 4, 3, 3]))()).data.every((value) => value === -6)).toBe(true)
  })

  it('form up · core · down of a convolution that was taken apart twice', async () => {
    const name = 'lora_unet_down_blocks_0_resnets_0_conv1'
    const lora = await openLora(
      {
        location: file({
          [`${name}.lora_up.weight`]: fill('float32', [32, 1, 1, 1], (o) => o),
          [`${name}.lora_mid.weight`]: fill('float32', [1, 1, 3, 3], (tap) => tap),
          [`${name}.lora_down.weight`]: fill('float32', [1, 32, 1, 1], (i) => i + 1),
        }),
        weight: 0.5,
      },
      model,
    )
    const parameter = 'down_blocks.0.resnets.0.conv1.weight'
    const scope = withLoras(given({ [parameter]: fill('float32', [32, 32, 3, 3], () => 1) }), 'unet', [lora])
    const found = await compile(() => scope.param(parameter, [32, 32, 3, 3]))()
    expect(found.toNested()).toEqual(
      fill('float32', [32, 32, 3, 3], (n) => 1 + 0.5 * Math.floor(n / 288) * (n % 9) * ((Math.floor(n / 9) % 32) + 1)).toNested(),
    )
  })

  it('take alpha from the metadata of newer files', async () => {
    const tensors = {
      'unet.conv_in.lora_A.weight': fill('float32', [2, 4, 3, 3], () => 1),
      'unet.conv_in.lora_B.weight': fill('float32', [32, 2, 1, 1], () => 1),
    }
    const scales = async (metadata: Record<string, string>) => {
      const { changes } = await openLora({ location: file(tensors, metadata), weight: 1 }, model)
      return [...changes.unet.values()].flat().map(({ scale }) => scale)
    }
    expect(await scales({})).toEqual([1])
    expect(await scales({ lora_adapter_metadata: '{"unet.lora_alpha": 4, "unet.r": 2}' })).toEqual([2])
    expect(await scales({ lora_adapter_metadata: 'no JSON' })).toEqual([1])
  })

  it('stand below the place of a network in a file of genera', async () => {
    const lora = await openLora({ location: files.kohya, weight: 1 }, model)
    const zeros = { 'unet.conv_in.weight': fill('float32', [32, 4, 3, 3], () => 0) }
    const scope = withLoras(given(zeros).at('unet'), 'unet', [lora])
    expect((await compile(() => scope.param('conv_in.weight', [32, 4, 3, 3]))()).data.every((value) => value === 6)).toBe(true)
  })
})

describe('a LoRA for another base', () => {
  const published = (name: keyof typeof stableDiffusionSizes): Pick<StableDiffusionModel, 'name' | 'size'> => ({
    name,
    size: stableDiffusionSizes[name],
  })
  const one = published('stable-diffusion-v1-5/stable-diffusion-v1-5')
  const pair = (name: string, a: readonly number[], b: readonly number[]) => ({
    [`${name}.lora_down.weight`]: fill('float32', a, () => 0),
    [`${name}.lora_up.weight`]: fill('float32', b, () => 0),
  })
  const reader = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k'

  it('of 2.x is refused by 1.x with both sizes', async () => {
    const opening = openLora({ location: file(pair(reader, [4, 1024], [320, 4])), weight: 1 }, one)
    await expect(opening).rejects.toThrow(
      /^Cannot use the LoRA .*lora\.safetensors with stable-diffusion-v1-5\/stable-diffusion-v1-5: 1 of its 1 matrices have other sizes \(lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k: the model has \[320, 768\], the LoRA changes it by \[320, 4\] · \[4, 1024\]\)\. It was made for Stable Diffusion 2\.x: use it with a checkpoint of that kind$/,
    )
  })

  it('of XL is refused with the list of what the model lacks', async () => {
    const names = ['lora_te2_text_model_encoder_layers_0_mlp_fc1', 'lora_unet_input_blocks_4_1_transformer_blocks_9_attn2_to_k']
    const tensors = { ...pair(names[0] as string, [4, 1280], [5120, 4]), ...pair(names[1] as string, [4, 2048], [640, 4]) }
    const error = await openLora({ location: file(tensors), weight: 1 }, one).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(LoraMismatchError)
    expect((error as LoraMismatchError).parts).toMatchObject({
      base: 'Stable Diffusion XL',
      matrices: 2,
      unplaced: names,
      misshapen: [],
      others: [],
    })
  })

  it.each([
    ['FLUX', { ...pair('lora_unet_double_blocks_0_img_attn_proj', [4, 8], [8, 4]) }, 'It was made for FLUX'],
    [
      'half a matrix',
      { 'lora_unet_conv_in.lora_down.weight': fill('float32', [4, 4, 3, 3], () => 0) },
      'lora_unet_conv_in without its other half',
    ],
    [
      'LoHa',
      { 'lora_unet_conv_in.hada_w1_a': array([[1]]) },
      '1 tensors are of no LoRA (lora_unet_conv_in.hada_w1_a). Only LoRA and LoCon are read',
    ],
    [
      'DoRA',
      { ...pair('lora_unet_conv_in', [1, 4, 3, 3], [320, 1, 1, 1]), 'lora_unet_conv_in.dora_scale': array([1]) },
      'Only LoRA and LoCon are read',
    ],
    ['a rank of nothing', pair('lora_unet_conv_in', [0, 4, 3, 3], [320, 0, 1, 1]), 'have other sizes'],
  ])('is refused: %s', async (_, tensors, sentence) => {
    await expect(openLora({ location: file(tensors), weight: 1 }, one)).rejects.toThrow(sentence)
  })

  it('is refused for an alpha that is no number', async () => {
    const tensors = { ...pair('lora_unet_conv_in', [1, 4, 3, 3], [320, 1, 1, 1]), 'lora_unet_conv_in.alpha': array([Number.NaN]) }
    await expect(openLora({ location: file(tensors), weight: 1 }, one)).rejects.toThrow('expected one finite number, found NaN')
  })

  it('finds its places under every spelling that is in use', () => {
    const places = placesOf(one.size)
    const matrix = 'down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0'
    const flat = 'down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0'
    for (const name of [
      `unet.${matrix}.lora_A.weight`,
      `unet.${matrix}.lora.down.weight`,
      `base_model.model.${matrix}.lora_A.default.weight`,
      `${matrix}.lora_A.weight`,
      'down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight',
      'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight',
      `lora_unet_${flat}.lora_down.weight`,
      'lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_out_0.lora_down.weight',
    ]) {
      const [[found = '', tensors] = []] = listLora([name]).matrices
      expect([name, places.get(found)?.name, tensors?.down]).toEqual([name, `${matrix}.weight`, name])
    }
    for (const name of [
      'text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_A.weight',
      'text_encoder.encoder.layers.3.self_attn.q_proj.lora_A.weight',
      'text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.down.weight',
      'text_encoder.text_model.encoder.layers.3.self_attn.to_q_lora.down.weight',
      'lora_te_text_model_encoder_layers_3_self_attn_q_proj.lora_down.weight',
    ]) {
      const [[found = ''] = []] = listLora([name]).matrices
      expect([name, places.get(found)?.name]).toEqual([name, 'text_model.encoder.layers.3.self_attn.q_proj.weight'])
    }
  })
})

it('the system draws with LoRAs, as much of them as is asked for', async () => {
  const checkpoint = written('tiny.safetensors', withVocabulary(drawn(reference.shapes)))
  const asked = { prompt: 'a red cube', steps: 2, width: 16, height: 16, seed: 1, scheduler: 'ddim' } as const
  const lora = files.kohya
  const draw = async (...loras: string[]) => (await stableDiffusion.make({ ...asked, loras }, { checkpoint }))[0].value.data
  const plain = await draw()
  expect(await draw(`${lora}:0`)).toEqual(plain)
  const half = await draw(`${lora}:0.5`)
  expect(half).not.toEqual(plain)
  expect(await draw(`${lora}:0.25`, `${lora}:0.25`)).toEqual(half)
  expect(await draw()).toEqual(plain)
})

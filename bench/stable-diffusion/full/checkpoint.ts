import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parametersOf } from '../../../src/nn/index.js'
import { networkNames, networksOf, stableDiffusionSizes } from '../../../src/systems/text-to-image/stable-diffusion/sizes.js'
import { streamSafetensors } from '../../../src/weights/index.js'
import { randomStretch } from './measurement.js'

export const size = stableDiffusionSizes['stable-diffusion-v1-5/stable-diffusion-v1-5']

/** What the diffusers and transformers libraries are told of Stable Diffusion 1.5, as far as it decides what they compute. */
const configs = {
  unet: {
    _class_name: 'UNet2DConditionModel',
    sample_size: 64,
    in_channels: 4,
    out_channels: 4,
    block_out_channels: [320, 640, 1280, 1280],
    layers_per_block: 2,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
    attention_head_dim: 8,
    cross_attention_dim: 768,
    norm_num_groups: 32,
    norm_eps: 1e-5,
    act_fn: 'silu',
  },
  vae: {
    _class_name: 'AutoencoderKL',
    in_channels: 3,
    out_channels: 3,
    latent_channels: 4,
    block_out_channels: [128, 256, 512, 512],
    layers_per_block: 2,
    down_block_types: new Array(4).fill('DownEncoderBlock2D'),
    up_block_types: new Array(4).fill('UpDecoderBlock2D'),
    norm_num_groups: 32,
    act_fn: 'silu',
    sample_size: 512,
  },
  text_encoder: {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: 49_408,
    hidden_size: 768,
    intermediate_size: 3072,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    max_position_embeddings: 77,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: 768,
    bos_token_id: 0,
    eos_token_id: 2,
    pad_token_id: 1,
  },
} as const

const weightFiles = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  vae: 'vae/diffusion_pytorch_model.safetensors',
  text_encoder: 'text_encoder/model.safetensors',
} as const

/**
 * Writes Stable Diffusion 1.5 into a folder as the diffusers library keeps it, with weights at random, the same each time: small enough for
 * every layer that nothing overflows. One stretch of numbers serves all tensors, each from a place of its own: engines keep equal arrays once.
 */
export async function writeFullCheckpoint(folder: string): Promise<void> {
  const stretch = randomStretch(2 ** 20, 1)
  const networks = networksOf(size)
  for (const name of networkNames) {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'config.json'), JSON.stringify(configs[name]))
    const tensors = [...parametersOf(networks[name])].map(([tensor, { shape }]) => ({ name: tensor, dtype: 'float32' as const, shape }))
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const [i, { name: tensor, shape }] of tensors.entries()) yield* valuesOf(tensor, shape, turned(stretch, 7919 * (i + 1)))
    }
    await streamSafetensors(join(folder, weightFiles[name]), tensors, bytes())
  }
}

function turned(values: Float32Array, by: number): Float32Array {
  const start = by % values.length
  const out = new Float32Array(values.length)
  out.set(values.subarray(start))
  out.set(values.subarray(0, start), values.length - start)
  return out
}

function* valuesOf(name: string, shape: readonly number[], stretch: Float32Array): Generator<Uint8Array> {
  const count = shape.reduce((a, b) => a * b, 1)
  const isNorm = shape.length === 1 && name.endsWith('.weight')
  const fanIn = shape.length > 1 && !name.includes('embeddings') ? count / (shape[0] as number) : 2500
  const factor = Math.sqrt(3 / fanIn)
  const values = isNorm ? new Float32Array(count).fill(1) : stretch.map((value) => value * factor)
  for (let at = 0; at < count; at += values.length) {
    const part = values.slice(0, Math.min(values.length, count - at))
    yield new Uint8Array(part.buffer)
  }
}

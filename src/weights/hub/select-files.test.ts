import { describe, expect, it } from 'vitest'
import { memoryFor, selectFiles } from './select-files.js'

const selected = (...names: readonly string[]) =>
  selectFiles(
    names.map((path) => ({ path })),
    {},
    'owner/name',
  ).map(({ path }) => path)

describe('selectFiles()', () => {
  it('takes of a pipeline the configuration and the weights of each part once, and nothing that no system reads', () => {
    const wanted = [
      'model_index.json',
      'README.md',
      'scheduler/scheduler_config.json',
      'text_encoder/config.json',
      'text_encoder/model.safetensors',
      'tokenizer/merges.txt',
      'tokenizer/vocab.json',
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/config.json',
      'vae/diffusion_pytorch_model.safetensors',
    ]
    const others = [
      '.gitattributes',
      'preview.png',
      'v1-5-pruned.ckpt',
      'v1-5-pruned-emaonly.safetensors',
      'safety_checker/config.json',
      'safety_checker/model.safetensors',
      'text_encoder/model.fp16.safetensors',
      'text_encoder/pytorch_model.bin',
      'unet/diffusion_pytorch_model.bin',
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'unet/diffusion_pytorch_model.non_ema.safetensors',
      'vae_1_0/diffusion_pytorch_model.safetensors',
      'vae_decoder/model.onnx',
    ]
    expect(selected(...others, ...wanted).sort()).toEqual([...wanted].sort())
  })

  it('takes all shards of an index, and of no other', () => {
    expect(
      selected(
        'model.safetensors.index.json',
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'pytorch_model.bin.index.json',
        'pytorch_model-00001-of-00002.bin',
        'consolidated.safetensors',
      ),
    ).toEqual(['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'])
    expect(
      selected(
        'model_index.json',
        'unet/diffusion_pytorch_model.safetensors.index.fp16.json',
        'unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors',
        'unet/diffusion_pytorch_model.fp16-00002-of-00002.safetensors',
      ),
    ).toHaveLength(4)
  })

  it('takes half precision, and then the pickled form, where there is nothing better', () => {
    expect(selected('model_index.json', 'vae/model.fp16.safetensors', 'vae/pytorch_model.bin')).toContain('vae/model.fp16.safetensors')
    expect(selected('config.json', 'pytorch_model.bin', 'tf_model.h5')).toEqual(['config.json', 'pytorch_model.bin'])
  })

  it('takes the only file of weights whatever it is called, and asks which one where there are several', () => {
    expect(selected('README.md', 'pytorch_lora_weights.safetensors', 'old.ckpt')).toEqual(['README.md', 'pytorch_lora_weights.safetensors'])
    expect(() => selected('a.safetensors', 'b.safetensors')).toThrow(
      'Cannot choose the weights of owner/name: it has 2 files of them. Name one with --include, or as a checkpoint hf://owner/name/a.safetensors: there are a.safetensors, b.safetensors',
    )
  })
})

describe('memoryFor()', () => {
  it('counts weights alone, and those of 16 bits twice', () => {
    const files = [
      { path: 'config.json', size: 7 },
      { path: 'model.safetensors', size: 100 },
      { path: 'unet/model.fp16.safetensors', size: 10 },
      { path: 'unet/model.bf16-00001-of-00002.safetensors', size: 1 },
      { path: 'tokenizer.model', size: 5 },
    ]
    expect(memoryFor(files)).toBe(100 + 20 + 2)
  })
})

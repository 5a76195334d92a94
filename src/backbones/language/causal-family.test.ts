import { describe, expect, test } from 'vitest'
import { storedModel, storedRows } from '../../../tests/support/language.js'
import { llamaConfig } from '../llama/config.js'
import { llamaSizes } from '../llama/sizes.js'
import { readConfig } from '../read-config.js'
import { causalFamily } from './causal-family.js'
import { decoderOf } from './open-language-model.js'

const smollm = {
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rope_scaling: null,
  hidden_act: 'silu',
  attention_bias: false,
  bos_token_id: 0,
  eos_token_id: 0,
}
const qwen25 = {
  model_type: 'qwen2',
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  tie_word_embeddings: true,
  vocab_size: 151936,
  max_position_embeddings: 32768,
  sliding_window: 32768,
  use_sliding_window: false,
  max_window_layers: 21,
}
const qwen3 = {
  model_type: 'qwen3',
  hidden_size: 1024,
  intermediate_size: 3072,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  tie_word_embeddings: true,
  vocab_size: 151936,
  max_position_embeddings: 40960,
}
const llama32 = {
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 500000.0,
  rope_scaling: { factor: 32.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192, rope_type: 'llama3' },
  tie_word_embeddings: true,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
}
const mistral = {
  model_type: 'mistral',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  sliding_window: 4096,
  vocab_size: 32000,
  max_position_embeddings: 32768,
}

describe('causalFamily()', () => {
  test.each([
    ['smollm2-135m', smollm],
    ['qwen2.5-0.5b', qwen25],
    ['qwen3-0.6b', qwen3],
    ['llama-3.2-1b', llama32],
    ['mistral-7b', mistral],
  ] as const)('reads the published configuration into the row of sizes: %s', (name, config) => {
    expect(readConfig(llamaConfig, JSON.stringify(config), 'config.json')).toEqual(llamaSizes[name])
  })

  test('knows which tokens begin and end texts', () => {
    expect(causalFamily(JSON.stringify(llama32))).toMatchObject({ startToken: 128000, endTokens: [128001, 128008, 128009] })
    expect(causalFamily(JSON.stringify(smollm))).toMatchObject({ startToken: 0, endTokens: [0] })
    expect(causalFamily(JSON.stringify(qwen25))).toMatchObject({ startToken: undefined, endTokens: [] })
  })

  test.each<[string, object, string]>([
    ['another kind of model', { model_type: 'mamba' }, 'expected a model of type gpt2, opt, llama, mistral, qwen2, qwen3, found "mamba"'],
    [
      'angles that are not built',
      { ...smollm, rope_scaling: { rope_type: 'longrope' } },
      'built are the types default, linear, llama3 and yarn, found "longrope"',
    ],
    ['a size without bound', { ...smollm, hidden_size: 1e12 }, 'the configuration has "hidden_size": 1000000000000'],
    ['heads that do not divide the width', { ...smollm, hidden_size: 577 }, 'its width does not divide into its heads'],
    ['an attention that is not built', { model_type: 'gpt2', scale_attn_by_inverse_layer_idx: true }, 'only false is built'],
  ])('refuses %s', (_, config, sentence) => {
    expect(() => causalFamily(JSON.stringify(config))).toThrow(sentence)
  })
})

test('decoderOf() finds the spelling of the names in the file', async () => {
  const file = await storedModel('gpt2') // its names begin with "transformer."
  const inner = { ...file, names: file.names.filter((name) => name.startsWith('transformer.')) }
  const decoder = decoderOf(causalFamily(file.metadata.get('config') as string), inner)
  const found = await decoder.next([[5, 17, 40, 3, 22, 9, 31]])
  const [wanted] = (await storedRows('gpt2', 'padded.logits')) as [number[]]
  for (const [i, value] of wanted.entries()) expect(found.at(i)).toBeCloseTo(value, 3)
  await decoder.dispose()
})

import { describe, expect, test } from 'vitest'
import { expectSameDecoding, storedEncoderDecoder, storedModel, storedPrompts } from '../../../tests/support/language.js'
import { expectListing, expectParity } from '../../../tests/support/published.js'
import { placeholder, type Tensor } from '../../graph/index.js'
import { encoderDecoderFamily } from '../language/index.js'
import { readConfig } from '../read-config.js'
import { t5Config } from './config.js'
import { t5Sizes } from './sizes.js'
import { t5 } from './t5.js'

const ids = () => placeholder([1, 8], 'int32')
const flan = {
  model_type: 't5',
  d_ff: 1024,
  d_kv: 64,
  d_model: 512,
  decoder_start_token_id: 0,
  eos_token_id: 1,
  feed_forward_proj: 'gated-gelu',
  num_decoder_layers: 8,
  num_heads: 6,
  num_layers: 8,
  relative_attention_num_buckets: 32,
  tie_word_embeddings: false,
  vocab_size: 32_128,
}

describe('t5()', () => {
  test.each([
    ['t5-base', 222_903_552],
    ['flan-t5-small', 76_961_152],
  ] as const)('asks for exactly the tensors of %s', (name, parameters) => {
    expect(expectListing(name, (scope) => t5(scope, ids(), ids(), t5Sizes[name]))).toBe(parameters)
  })

  test.each([
    ['the first version: a plain feed-forward, a tied head', 't5'],
    ['1.1 and FLAN: a gated feed-forward, a head of its own', 'flan-t5'],
  ])('gives the reference its logits, its greedy answers and its beams for a batch of padded sources: %s', async (_, name) => {
    const size = readConfig(t5Config, (await storedModel(name)).metadata.get('config') as string, name)
    await expectParity(name, (scope, { tokens, answer }) => ({ logits: t5(scope, tokens as Tensor, answer as Tensor, size) }))
    const decoder = await storedEncoderDecoder(name)
    const rows = storedPrompts.map((source) => [...source, size.startToken])
    await expectSameDecoding(name, decoder, rows)
    await decoder.dispose()
  })
})

describe('t5Config', () => {
  test('reads the published configuration into the row of sizes', () => {
    expect(readConfig(t5Config, JSON.stringify(flan), 'config.json')).toEqual(t5Sizes['flan-t5-small'])
    expect(encoderDecoderFamily(JSON.stringify(flan))).toMatchObject({ startToken: 0, endTokens: [1] })
  })

  test('knows a head of its own by what version 5 of the library writes', () => {
    const later = { ...flan, tie_word_embeddings: true, scale_decoder_outputs: false }
    expect(readConfig(t5Config, JSON.stringify(later), 'config.json').tied).toBe(false)
  })

  test.each<[string, object, string]>([
    [
      'an activation that is not built',
      { feed_forward_proj: 'gated-mish' },
      '"feed_forward_proj": "gated-mish"; expected an activation such as relu',
    ],
    ['distances without end', { relative_attention_max_distance: 1e9 }, '"relative_attention_max_distance": 1000000000'],
    ['buckets that do not part', { relative_attention_num_buckets: 31 }, '"relative_attention_num_buckets": 31'],
    ['more buckets than distances', { relative_attention_max_distance: 16 }, 'expected more than half of relative_attention_num_buckets'],
  ])('refuses %s', (_, changes, sentence) => {
    expect(() => readConfig(t5Config, JSON.stringify({ ...flan, ...changes }), 'config.json')).toThrow(sentence)
  })
})

import { describe, expect, test } from 'vitest'
import { readGenerationConfig, samplingFor } from './generation-config.js'

const read = (config: object) => readGenerationConfig(JSON.stringify(config), 'generation_config.json')

describe('readGenerationConfig()', () => {
  test('gives what ends a text, and how tokens should be drawn', () =>
    expect(
      read({ eos_token_id: [7, 9], do_sample: true, temperature: 0.6, top_k: 20, top_p: 0.8, repetition_penalty: 1.05, pad_token_id: 0 }),
    ).toEqual({
      endTokens: [7, 9],
      recommended: { temperature: 0.6, topK: 20, topP: 0.8, repetitionPenalty: 1.05 },
    }))

  test('draws from the model as it is where nothing else is said', () =>
    expect(read({ do_sample: true, top_k: null }).recommended).toEqual({ temperature: 1 }))

  test('recommends nothing where tokens are not to be drawn', () => {
    expect(read({ temperature: 0.6 })).toEqual({ endTokens: [], recommended: {} })
    expect(read({ do_sample: false, temperature: 0.6 }).recommended).toEqual({})
  })

  test('refuses what cannot be', () => expect(() => read({ do_sample: true, top_p: 3 })).toThrow(/top_p/))
})

test('samplingFor() heeds the caller before the model, and the model before its own', () => {
  expect(samplingFor({ recommended: {} }, { temperature: undefined, topK: 3 })).toEqual({ temperature: 0.7, topK: 3 })
  expect(samplingFor({ recommended: { temperature: 1, topP: 0.8 } }, { topP: 0.5 })).toEqual({ temperature: 1, topP: 0.5 })
})

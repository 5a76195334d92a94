import { describe, expect, test } from 'vitest'
import { expectSameLanguage } from '../../../tests/support/language.js'
import { expectListing } from '../../../tests/support/published.js'
import { placeholder } from '../../graph/index.js'
import { llama } from './llama.js'
import { llamaSizes } from './sizes.js'

describe('llama()', () => {
  test.each([
    ['llama-2-7b', 6_738_415_616],
    ['llama-3.2-1b', 1_235_814_400],
    ['mistral-7b', 7_241_732_096],
    ['qwen2.5-0.5b', 494_032_768],
    ['qwen3-0.6b', 596_049_920],
    ['smollm2-135m', 134_515_008],
  ] as const)('asks for exactly the tensors of %s', (name, parameters) => {
    expect(expectListing(name, (scope) => llama(scope, placeholder([1, 8], 'int32'), llamaSizes[name]))).toBe(parameters)
  })

  test.each([
    ["Llama 3's stretched angles and grouped queries", 'llama'],
    ['a tied head and angles stretched evenly', 'llama-tied'],
    ["Mistral's sliding window", 'mistral'],
    ["Qwen 2's biases, and a window in the upper layer", 'qwen2'],
    ["Qwen 2.5's YaRN over one head of keys", 'qwen2-yarn'],
    ["Qwen 3's normalised queries and keys, wider than the model", 'qwen3'],
  ])('gives the reference its logits, its greedy text and its beams: %s', (_, fixture) => expectSameLanguage(fixture))
})

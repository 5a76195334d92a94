import { expect, test } from 'vitest'
import { expectSameLanguage } from '../../../tests/support/language.js'
import { expectListing } from '../../../tests/support/published.js'
import { placeholder } from '../../graph/index.js'
import { gpt2 } from './gpt2.js'
import { gpt2Sizes } from './sizes.js'

test('gpt2() asks for exactly the tensors of the published checkpoint', () => {
  expect(expectListing('gpt2', (scope) => gpt2(scope, placeholder([1, 8], 'int32'), gpt2Sizes.gpt2))).toBe(124_439_808)
})

test('gpt2() gives the reference its logits, its greedy text and its beams, for a batch of prompts of different lengths', () =>
  expectSameLanguage('gpt2'))

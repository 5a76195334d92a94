import { describe, expect, test } from 'vitest'
import { expectSameLanguage } from '../../../tests/support/language.js'
import { expectListing } from '../../../tests/support/published.js'
import { placeholder } from '../../graph/index.js'
import { opt } from './opt.js'
import { optSizes } from './sizes.js'

describe('opt()', () => {
  test.each([
    ['opt-125m', 125_239_296],
    ['opt-350m', 331_196_416],
  ] as const)('asks for exactly the tensors of %s', (name, parameters) => {
    expect(expectListing(name, (scope) => opt(scope, placeholder([1, 8], 'int32'), optSizes[name]))).toBe(parameters)
  })

  test.each([
    ['norms first', 'opt'],
    ['norms behind and narrow words, as in the 350M model', 'opt-350m'],
  ])('gives the reference its logits, its greedy text and its beams: %s', (_, fixture) => expectSameLanguage(fixture))
})

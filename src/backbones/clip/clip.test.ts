import { describe, expect, test } from 'vitest'
import { expectListing, expectParity } from '../../../tests/support/published.js'
import { placeholder, type Tensor } from '../../graph/index.js'
import { parametersOf, type Scope } from '../../nn/index.js'
import { clip } from './clip.js'
import { clipSizes } from './sizes.js'
import { clipVision } from './vision.js'

const inputs = { tokens: placeholder([2, 77], 'int32'), pixels: placeholder([2, 3, 224, 224]) }

describe('clip()', () => {
  test.each([
    ['clip-vit-b-32', clipSizes['vit-b-32'], 151_277_313],
    ['clip-vit-l-14', clipSizes['vit-l-14'], 427_616_513],
  ] as const)('asks for exactly the tensors of %s', (listing, size, parameters) => {
    expect(expectListing(listing, (scope) => clip(scope, inputs, size))).toBe(parameters)
  })

  const shared = { activation: 'quick-gelu', projection: 12 } as const
  const size = {
    text: { ...shared, vocabulary: 99, context: 9, end: 'largest', width: 16, layers: 3, heads: 4, hidden: 40 },
    vision: { ...shared, image: 24, patch: 8, width: 20, layers: 2, heads: 5, hidden: 36 },
  } as const

  test('gives the reference its embeddings, scores and states', () =>
    expectParity('clip', (scope, { tokens, pixels }) => {
      const { states, pooled } = clipVision(scope, pixels as Tensor, size.vision)
      return { ...clip(scope, { tokens: tokens as Tensor, pixels: pixels as Tensor }, size), states, pooled }
    }))

  test('says which tower cannot compare', () => {
    const { projection, ...text } = size.text
    const without = (scope: Scope) =>
      clip(scope, { tokens: placeholder([1, 9], 'int32'), pixels: placeholder([1, 3, 24, 24]) }, { ...size, text })
    expect(() => parametersOf(without)).toThrow('Cannot compare texts with pictures: the text tower of this size has no projection')
  })
})

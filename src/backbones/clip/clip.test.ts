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

  test('makes patches by a stem of convolutions where a size has one', () => {
    const parameters = parametersOf((scope) => clipVision(scope, placeholder([2, 3, 24, 24]), { ...size.vision, stem: [6, 10] }))
    const shapeOf = (name: string) => parameters.get(`vision_model.embeddings.${name}.weight`)?.shape
    expect(shapeOf('stem.0.down')).toEqual([6, 3, 4, 4])
    expect(shapeOf('stem.1.down')).toEqual([10, 6, 3, 3])
    // Patches of 8 px are one place of a picture that is smaller by 8.
    expect(shapeOf('patch_embedding')).toEqual([20, 10, 1, 1])
    expect(parameters.get('vision_model.embeddings.position_embedding.weight')?.shape).toEqual([10, 20])
  })

  test('says which tower cannot compare', () => {
    const { projection, ...text } = size.text
    const without = (scope: Scope) =>
      clip(scope, { tokens: placeholder([1, 9], 'int32'), pixels: placeholder([1, 3, 24, 24]) }, { ...size, text })
    expect(() => parametersOf(without)).toThrow('Cannot compare texts with pictures: the text tower of this size has no projection')
  })
})

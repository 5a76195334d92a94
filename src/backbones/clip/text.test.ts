import { describe, expect, test } from 'vitest'
import { countOf, expectListing, expectParity } from '../../../tests/support/published.js'
import { array, compile, type NDArray, placeholder, type Tensor } from '../../graph/index.js'
import { given, initialise, parametersOf } from '../../nn/index.js'
import { type ClipTextSize, clipSizes, clipTextSizes } from './sizes.js'
import { clipText } from './text.js'

const ids = placeholder([1, 77], 'int32')

describe('clipText()', () => {
  test.each([
    ['clip-vit-l-text', clipTextSizes['clip-vit-l'], 123_060_480],
    ['openclip-h-text-sd2', clipTextSizes['openclip-h'], 340_387_840],
    ['openclip-bigg-text', clipTextSizes['openclip-bigg'], 694_659_840],
  ] as const)('asks for exactly the tensors of %s', (listing, size, parameters) => {
    expect(expectListing(listing, (scope) => clipText(scope, ids, size))).toBe(parameters)
  })

  const size: ClipTextSize = {
    vocabulary: 99,
    context: 9,
    end: 'largest',
    width: 16,
    layers: 3,
    heads: 4,
    hidden: 40,
    activation: 'quick-gelu',
  }
  const outputs = (scope: Parameters<typeof clipText>[0], tokens: Tensor, row: ClipTextSize) => {
    const { states, pooled, embedding } = clipText(scope, tokens, row)
    return {
      last: states,
      penultimate: clipText(scope, tokens, row, { skip: 1, finalNorm: false }).states,
      normalised: clipText(scope, tokens, row, { skip: 1 }).states,
      pooled,
      ...(embedding && { embedding }),
    }
  }

  test('gives the reference its states, the pooled one at the first largest id', () =>
    expectParity('clip-text', (scope, { tokens }) => outputs(scope, tokens as Tensor, size)))

  test('gives the reference its projection, pooled at the first end token', () =>
    expectParity('clip-text-projected', (scope, { tokens }) =>
      outputs(scope, tokens as Tensor, { ...size, end: 50, activation: 'gelu', projection: 10 }),
    ))

  test('takes texts shorter than its context, and no state knows of later tokens', async () => {
    const weights = initialise((scope) => clipText(scope, placeholder([1, 9], 'int32'), size), { seed: 1 })
    const states = compile((tokens: Tensor) => clipText(given(weights), tokens, size).states)
    const long = (await states(array([[1, 2, 3, 4, 5, 6]], { dtype: 'int32' }))) as NDArray
    const short = (await states(array([[1, 2, 3]], { dtype: 'int32' }))) as NDArray
    for (let i = 0; i < short.length; i++) expect(short.at(i)).toBeCloseTo(long.at(i), 5)
  })

  test('has an embedded size of about 0.4 million parameters', () => {
    const parameters = countOf(parametersOf((scope) => clipText(scope, placeholder([1, 32], 'int32'), clipSizes.diorama.text)))
    expect(parameters).toBe(400_224)
  })
})

import { describe, expect, it } from 'vitest'
import { readTokenizer, writeTokenizer } from '../../../tokenizers/index.js'
import { trainTokenizer } from './train-tokenizer.js'

describe('trainTokenizer()', () => {
  it('learns the words of captions, the same ones every time', () => {
    const recipe = { vocabularySize: 800, captions: 150, seed: 1 }
    const vocabulary = trainTokenizer(recipe)
    expect(vocabulary.vocabulary.size).toBe(800)
    expect(trainTokenizer(recipe)).toEqual(vocabulary)
    const tokenizer = readTokenizer(writeTokenizer(vocabulary, { context: 32 }))
    expect(tokenizer.tokens('a red cube is left of the sphere')).toHaveLength(8)
  })
})

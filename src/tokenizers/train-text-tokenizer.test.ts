import { describe, expect, test } from 'vitest'
import { textTokenizer } from './text-tokenizer.js'
import { trainTextTokenizer } from './train-text-tokenizer.js'

const texts = ['the cat sat on the mat, 27 cats', 'the cats and the mats sat', 'a mat; the cat'] as const

describe('trainTextTokenizer()', () => {
  const tokenizer = textTokenizer(trainTextTokenizer(texts, { vocabularySize: 264, special: ['<|end|>', '<|pad|>'] }))

  test('writes what opens again: frequent words are one token, digits stand alone, special tokens come last', () => {
    const spelled = (text: string): string[] => tokenizer.encode(text).map((token) => tokenizer.decode([token]))
    expect(spelled('the cat')).toEqual(['the', ' cat'])
    expect(spelled('cat 27')).toEqual(['cat', ' ', '2', '7'])
    expect([tokenizer.size, tokenizer.token('<|end|>'), tokenizer.token('<|pad|>')]).toEqual([264, 262, 263])
    expect(tokenizer.encode('a<|end|>').at(-1)).toBe(262)
  })

  test.each(['the cat', 'Ünïcödé → 😀', '  two  spaces\n\tand a tab', '{"a": 1}'])('spells any text: %j', (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })

  test('needs room for the bytes', () => {
    expect(() => trainTextTokenizer(texts, { vocabularySize: 100, special: [] })).toThrow(/256 bytes/)
  })
})

import { describe, expect, it } from 'vitest'
import { clipWords, endOfText, startOfText } from './clip-pieces.js'
import { readTokenizer, writeTokenizer } from './embedded.js'
import { countWords, trainBytePairs } from './train-bpe.js'

const vocabulary = trainBytePairs(countWords(['a red cube', 'the red cube', 'a café'], clipWords), {
  vocabularySize: 520,
  special: [startOfText, endOfText],
})

describe('readTokenizer()', () => {
  it('reads what writeTokenizer() wrote, and needs the merges alone', () => {
    const tokenizer = readTokenizer(writeTokenizer(vocabulary, { context: 12 }))
    expect([tokenizer.vocabulary, tokenizer.context, tokenizer.end, tokenizer.padding]).toEqual([519, 12, 518, 518]) // 512 bytes, five merges, two special tokens
    const { ids, attention, truncated } = tokenizer.encode('a red cube')
    expect(ids).toHaveLength(12)
    expect(attention.reduce((sum, one) => sum + one, 0)).toBe(5) // start, three words, end
    expect(truncated).toBeUndefined()
    expect(tokenizer.decode(tokenizer.tokens('an unheard-of 猫'))).toBe('an unheard - of 猫')
  })

  it.each([
    ['another format', '{"format":"sentencepiece"}', 'Cannot read t.json: expected the format "genera-bpe-1", found "sentencepiece"'],
    ['no format', '{}', 'expected the format "genera-bpe-1", found none. A tokenizer of format genera-bpe-1 is needed'],
    ['no context', '{"format":"genera-bpe-1","merges":[]}', 'expected a context of at least 3 tokens, found undefined'],
    [
      'half a merge',
      '{"format":"genera-bpe-1","context":9,"merges":["a b","ab"]}',
      'two tokens with a space between them at merge 2, found "ab"',
    ],
    ['a merge of nothing known', '{"format":"genera-bpe-1","context":9,"merges":["猫 b"]}', 'tokens of t.json at merge 1, found "猫"'],
    ['no list', '{"format":"genera-bpe-1","context":9,"merges":7}', 'expected the list of merges, found 7'],
  ])('refuses a file with %s', (_, text, sentence) => {
    expect(() => readTokenizer(text, 't.json')).toThrow(sentence)
  })
})

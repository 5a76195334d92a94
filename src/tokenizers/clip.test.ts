import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clipTokenizer } from './clip.js'

interface Answer {
  readonly text: string
  readonly tokens: readonly number[]
  readonly ids: readonly number[]
  readonly attention: readonly number[]
  readonly decoded: string
  readonly lost?: string
}
const fixture = JSON.parse(readFileSync(new URL('../../tests/fixtures/tokenizers/clip.json', import.meta.url), 'utf8')) as {
  readonly vocabulary: string
  readonly merges: string
  readonly answers: readonly Answer[]
  readonly exclamation: readonly number[]
}
const tokenizer = clipTokenizer(fixture)

describe('ClipTokenizer', () => {
  it.each(fixture.answers.map((answer) => [answer.text.slice(0, 40), answer] as const))('reads %j as the reference does', (_, answer) => {
    expect(tokenizer.tokens(answer.text)).toEqual(answer.tokens)
    const { ids, attention, truncated } = tokenizer.encode(answer.text)
    expect(ids).toEqual(answer.ids)
    expect(attention).toEqual(answer.attention)
    expect(truncated).toBe(answer.lost)
    expect(tokenizer.decode(answer.tokens)).toBe(answer.decoded)
  })

  it('pads with the token that the configuration names', () => {
    const withExclamation = clipTokenizer(fixture, { padding: '!' })
    expect(withExclamation.padding).toBe(0)
    expect(withExclamation.encode('a photo').ids).toEqual(fixture.exclamation)
  })

  it('cuts a long text into windows and loses none of it', () => {
    const text = 'left '.repeat(160)
    const windows = tokenizer.windows(text)
    expect(windows.map(({ attention }) => attention.reduce((sum, one) => sum + one, 0))).toEqual([77, 77, 77, 77, 22]) // two tokens a word
    expect(windows.flatMap(({ ids }) => ids).filter((id) => id !== tokenizer.start && id !== tokenizer.end)).toEqual(tokenizer.tokens(text))
    expect(windows.every(({ truncated }) => truncated === undefined)).toBe(true)
    expect(tokenizer.windows('')).toEqual([tokenizer.encode('')])
  })

  it('says what a window holds', () => {
    expect(() => tokenizer.window(Array(76).fill(0))).toThrow('Cannot make a window: it holds 75 tokens, found 76')
  })

  it('gives text back as it came, but for case and spaces', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^(?:[a-zà-öø-ÿ猫]{1,12}|[0-9]|[.,:!?]{1,3})$/)), (words) => {
        const text = words.map((word) => word.normalize('NFC').toLowerCase()).join(' ')
        expect(tokenizer.decode(tokenizer.tokens(text))).toBe(text)
      }),
    )
  })

  it('has tokens for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { ids } = tokenizer.encode(text)
        expect(ids).toHaveLength(77)
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabulary)).toBe(true)
      }),
    )
  })

  it('reads one word of a megabyte', () => {
    const { ids, truncated } = tokenizer.encode('ab'.repeat(2 ** 19))
    expect(ids).toHaveLength(77)
    expect(truncated?.length).toBeGreaterThan(2 ** 20 - 1000)
  })

  it('refuses a vocabulary of another kind, and a context without room', () => {
    expect(() => clipTokenizer({ vocabulary: '{"a":0}', merges: '' })).toThrow(
      'Cannot read vocab.json: expected the token "<|startoftext|>", found a vocabulary of 1. This is not the vocabulary of a CLIP text encoder',
    )
    expect(() => clipTokenizer(fixture, { padding: '[PAD]' })).toThrow(/expected the token "\[PAD\]".*padding must be a token/)
    expect(() => clipTokenizer(fixture, { context: 2 })).toThrow('context must be a whole number of at least 3 tokens, found 2')
  })
})

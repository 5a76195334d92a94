import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { textTokenizer } from './text-tokenizer.js'

interface Answer {
  readonly text: string
  readonly ids: readonly number[]
  /** Without the tokens that begin and end texts. */
  readonly plain: readonly number[]
  readonly decoded: string
  /** With special tokens. */
  readonly whole: string
}
type Stored = Readonly<Record<string, { readonly tokenizer: Readonly<Record<string, unknown>>; readonly answers: readonly Answer[] }>>
const stored = JSON.parse(readFileSync(new URL('../../tests/fixtures/language/tokenizers.json', import.meta.url), 'utf8')) as Stored
const specOf = (name: string) => structuredClone(stored[name]?.tokenizer) as Record<string, object>

describe('textTokenizer()', () => {
  test.each(Object.keys(stored))('reads and writes as the reference does: %s', (name) => {
    const tokenizer = textTokenizer(JSON.stringify(specOf(name)))
    for (const { text, ids, plain, decoded, whole } of stored[name]?.answers ?? []) {
      expect(tokenizer.encode(text), text).toEqual(ids)
      expect(tokenizer.encode(text, { special: false }), text).toEqual(plain)
      expect(tokenizer.decode(ids), text).toBe(decoded)
      expect(tokenizer.decode(ids, { special: true }), text).toBe(whole)
    }
  })

  test('knows its tokens by their spelling, and how many there are', () => {
    const tokenizer = textTokenizer(JSON.stringify(specOf('llama3')))
    expect(tokenizer.size).toBe(400)
    expect(tokenizer.decode([tokenizer.token('<|end|>') as number], { special: true })).toBe('<|end|>')
    expect(tokenizer.token('no such token')).toBeUndefined()
    expect(tokenizer.chat).toBeUndefined()
  })

  test.each(['gpt2', 'llama3', 'llama2', 't5'])('knows the bytes that each token adds: %s', (name) => {
    const { bytes = [], encode } = textTokenizer(JSON.stringify(specOf(name)))
    const written = (text: string) => {
      const all = encode(text, { special: false }).flatMap((token) => [...(bytes[token] ?? [])])
      return new TextDecoder().decode(Uint8Array.from(all)).trimStart()
    }
    for (const text of ['The red fox', "one two, isn't it?"]) expect(written(text)).toBe(text)
    if (name !== 't5') expect(written('né 猫 😀!')).toBe('né 猫 😀!') // of which T5 knows no letter
    if (name === 'gpt2') expect(bytes[encode('<|end|>')[0] as number]).toBeUndefined() // special
  })

  test('does not say so for pieces of words', () => {
    expect(textTokenizer(JSON.stringify(specOf('bert'))).bytes).toBeUndefined()
  })

  test('reads half a surrogate pair as what it is: no character', () => {
    const tokenizer = textTokenizer(JSON.stringify(specOf('gpt2')))
    expect(tokenizer.decode(tokenizer.encode('a\ud83d'))).toBe('a\uFFFD')
  })

  const bpe = (model: object, rest: object = {}) =>
    JSON.stringify({ ...specOf('gpt2'), ...rest, model: { ...specOf('gpt2').model, ...model } })
  test.each<[string, string, RegExp]>([
    ['what is no JSON', '{', /Cannot read tokenizer.json: expected JSON/],
    ['a list', '[]', /expected an object, found a list/],
    ['no model', '{}', /expected a model, found none/],
    ['a model of another kind', bpe({ type: 'Magic' }), /expected a model of type BPE, Unigram or WordPiece, found "Magic"/],
    ['a negative id', bpe({ vocab: { a: -1 } }), /expected tokens with an id below 524288, found \["a",-1\]/],
    ['an id without end', bpe({ vocab: { a: 1e15 } }), /an id below 524288/],
    ['a vocabulary that is none', bpe({ vocab: 3 }), /expected a vocabulary as a table, found number/],
    ['a million merges too many', bpe({ merges: Array(2 ** 20 + 1).fill('a b') }), /at most 1,048,576 merges, found 1048577/],
    ['added tokens without content', bpe({}, { added_tokens: [{ id: 1 }] }), /added tokens with content and an id/],
    [
      'a pattern that may take for ever',
      bpe({}, { pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated', invert: false } }),
      /without nested repetition, found \(a\+\)\+\$/,
    ],
    ['a part that nobody knows', bpe({}, { pre_tokenizer: { type: 'Sorcery' } }), /a tokenizer whose parts are known/],
  ])('refuses %s', (_, contents, sentence) => {
    expect(() => textTokenizer(contents)).toThrow(sentence)
  })
})

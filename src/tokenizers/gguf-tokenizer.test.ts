import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type GgufCheckpoint, type GgufValue, openCheckpoint } from '../weights/index.js'
import { ggufTokenizer } from './gguf-tokenizer.js'

interface Answer {
  readonly text: string
  readonly ids: readonly number[]
  readonly plain: readonly number[]
  readonly decoded: string
  readonly whole: string
}
const fixtures = new URL('../../tests/fixtures/', import.meta.url)
const stored = JSON.parse(readFileSync(new URL('language/tokenizers.json', fixtures), 'utf8')) as Record<
  string,
  { readonly answers: readonly Answer[] }
>
const headerOf = async (name: string) =>
  ((await openCheckpoint(fileURLToPath(new URL(`gguf/tokenizer-${name}.gguf`, fixtures)))) as GgufCheckpoint).gguf

describe('ggufTokenizer()', () => {
  test.each(['gpt2', 'llama3', 'llama2'])('reads and writes as the tokenizer does that the file was made of: %s', async (name) => {
    const tokenizer = ggufTokenizer(await headerOf(name), name)
    for (const { text, ids, plain, decoded, whole } of stored[name]?.answers ?? []) {
      expect(tokenizer.encode(text), text).toEqual(ids)
      expect(tokenizer.encode(text, { special: false }), text).toEqual(plain)
      expect(tokenizer.decode(ids), text).toBe(decoded)
      expect(tokenizer.decode(ids, { special: true }), text).toBe(whole)
    }
  })

  test('has the chat template of the file, which knows the tokens by their meaning', async () => {
    const { chat } = ggufTokenizer(await headerOf('gpt2'), 'gpt2')
    expect(chat?.render([{ role: 'user', content: 'Hi' }])).toBe('<user>Hi<|end|>')
  })

  test.each<[string, Record<string, GgufValue | undefined>, RegExp]>([
    ['no tokenizer', { model: undefined }, /the tokenizer of x.gguf: expected a tokenizer of the kind gpt2 or llama, found none/],
    ['another kind', { model: 'bert' }, /kind gpt2 or llama, found "bert"/],
    ['an unknown way to split', { pre: '__proto__' }, /texts split as by default, .*, found "__proto__"/],
    ['tokens that are no text', { tokens: [1] }, /expected a list as tokenizer.ggml.tokens/],
    ['a token without end', { tokens: ['x'.repeat(1e5)] }, /expected tokens of at most/],
    ['merges that are no list', { merges: 'a b' }, /expected a list as tokenizer.ggml.merges/],
  ])('refuses %s', async (_, change, message) => {
    const header = await headerOf('gpt2')
    const metadata = new Map(header.metadata)
    for (const [key, value] of Object.entries(change))
      if (value === undefined) metadata.delete(`tokenizer.ggml.${key}`)
      else metadata.set(`tokenizer.ggml.${key}`, value)
    expect(() => ggufTokenizer({ ...header, metadata }, 'x.gguf')).toThrow(message)
  })
})

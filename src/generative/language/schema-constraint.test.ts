import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { key, uniform, zeros } from '../../graph/index.js'
import type { Decoder } from './decoder.js'
import { completeText, generateText, type LanguageModel, type TextOptions } from './generate-text.js'
import type { JsonSchema } from './json-schema.js'
import type { Row } from './reuse.js'
import { schemaConstraint } from './schema-constraint.js'

const pieces = ['{"', '":', '": ', '","', 'true', 'null', '], ', '"}', '}]', 'né', ' \n', '-1', '12', 'name', '"name": "A']
const bytes = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...pieces.map((piece) => new TextEncoder().encode(piece)),
  undefined,
]
const end = bytes.length - 1
const tokenizer = {
  size: bytes.length,
  bytes,
  encode: (text: string) => [...new TextEncoder().encode(text)],
  decode: (tokens: Row) => new TextDecoder().decode(Uint8Array.from(tokens.flatMap((token) => [...(bytes[token] ?? [])]))),
}

/** Wants to say anything at all. */
function babbler(seed: number, endTokens: readonly number[] = [end], wide = bytes.length + 5): LanguageModel {
  const decoder: Decoder = {
    vocabulary: wide,
    context: 4000,
    async next(rows) {
      const logits = zeros([rows.length, wide])
      const noise = uniform(key(seed).child(rows[0]?.length ?? 0), [wide])
      for (let i = 0; i < logits.length; i++) logits.data[i] = 4 * noise.at(i % wide)
      // Closes what it opens, now and then, so that answers end.
      for (const letter of '"]}') logits.data[letter.charCodeAt(0)] = 6
      return logits
    },
    async dispose() {},
  }
  return { decoder, tokenizer, endTokens }
}

const schemas: readonly JsonSchema[] = [
  {
    type: 'object',
    properties: { name: { type: 'string', maxLength: 8 }, age: { type: 'integer', minimum: 1, maximum: 130 } },
    required: ['name', 'age'],
  },
  {
    type: 'array',
    items: { anyOf: [{ type: 'boolean' }, { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] }] },
    maxItems: 4,
  },
  {
    type: 'object',
    properties: {
      colour: { enum: ['red', 'green'] },
      parts: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 3 },
      kind: { const: 'x' },
    },
    required: ['kind'],
  },
  { type: 'object', additionalProperties: { type: 'string', maxLength: 3 } },
  { type: 'string', minLength: 2, maxLength: 5 },
  { type: 'number', minimum: -1, maximum: 1 },
  { enum: ['one', 'two', 3] },
]

describe('generateText() with a schema', () => {
  test.each(schemas)('answers with JSON that keeps to it, whatever the model wants to say: %j', async (schema) => {
    const check = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
    const answers = new Set<string>()
    for (let seed = 0; seed < 12; seed++) {
      const answer = await completeText(babbler(seed), 'x', { schema, seed, maxTokens: 500 })
      answers.add(answer)
      expect(check.safeParse(JSON.parse(answer)).error, answer).toBeUndefined()
    }
    expect(answers.size).toBeGreaterThan(1)
  })

  test('ends when nothing can follow, and says that it is whole', async () => {
    const events = []
    for await (const event of generateText(babbler(1, []), 'x', {
      schema: { type: 'array', items: { type: 'null' }, minItems: 2, maxItems: 2 },
    }))
      events.push(event)
    expect(events.at(-1)).toMatchObject({ kind: 'result', ending: 'end' })
    expect(JSON.parse((events.at(-1) as { text: string }).text)).toEqual([null, null])
  })

  test('keeps several samples apart', async () => {
    const texts: string[] = []
    for await (const event of generateText(babbler(3), 'x', { schema: schemas[0], samples: 4, maxTokens: 300 }))
      if (event.kind === 'result') texts.push(event.text)
    expect(texts.map((text) => Object.keys(JSON.parse(text)))).toEqual(Array(4).fill(['name', 'age']))
  })

  test.each<[string, TextOptions, string]>([
    ['beams', { beams: 2 }, 'Cannot keep to a schema with beams'],
    ['another constraint', { constrain: () => undefined }, 'Cannot keep to a schema with another constraint'],
  ])('refuses %s', async (_, options, sentence) => {
    await expect(completeText(babbler(0), 'x', { schema: true, ...options })).rejects.toThrow(sentence)
  })

  test('refuses a tokenizer that does not say what its tokens are', async () => {
    const model = { ...babbler(0), tokenizer: { ...tokenizer, bytes: undefined } }
    await expect(completeText(model, 'x', { schema: true })).rejects.toThrow('the tokenizer does not say what bytes its tokens are')
  })
})

describe('schemaConstraint()', () => {
  test('says that a vocabulary cannot write what must come', () => {
    const { constrain } = schemaConstraint({ type: 'array' }, [new TextEncoder().encode('a')], [])
    expect(() => constrain(new Float32Array(1), { row: 0, tokens: [], prompt: 0 })).toThrow(
      "Cannot keep to the JSON schema: no token of the model's vocabulary can come next",
    )
  })

  test('allows a token only if all of its bytes may come', () => {
    const { constrain } = schemaConstraint({ enum: ['nés'] }, bytes, [end])
    let row = 0
    const allowed = (tokens: Row): number[] => {
      const logits = new Float32Array(bytes.length)
      constrain(logits, { row: row++, tokens, prompt: 0 })
      return [...logits.keys()].filter((token) => logits[token] === 0)
    }
    const quote = 0x22
    expect(allowed([])).toEqual([0x20, quote])
    expect(allowed([quote])).toEqual([0x6e, 256 + pieces.indexOf('né')])
    expect(allowed([quote, 0x6e])).toEqual([0xc3])
    expect(allowed([quote, 256 + pieces.indexOf('né'), 0x73, quote])).toEqual([end])
  })
})

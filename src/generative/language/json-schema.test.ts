import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type JsonSchema, readSchema } from './json-schema.js'

describe('readSchema()', () => {
  test('reads what zod writes', () => {
    const shape = z.object({
      name: z.string().min(1),
      age: z.int().min(0).max(150).optional(),
      tags: z.array(z.enum(['a', 'b'])).max(3),
      kind: z.literal('x'),
    })
    expect(readSchema(z.toJSONSchema(shape) as JsonSchema)).toMatchObject({
      kind: 'object',
      properties: [
        { name: 'name', required: true, value: { kind: 'string', least: 1 } },
        { name: 'age', required: false, value: { kind: 'number', whole: true, least: 0, most: 150 } },
        { name: 'tags', value: { kind: 'array', most: 3, items: { kind: 'literals', values: ['a', 'b'] } } },
        { name: 'kind', value: { kind: 'literals', values: ['x'] } },
      ],
    })
  })

  test('reads references, to itself, too', () => {
    const tree = readSchema({ $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } }, $ref: '#/$defs/node' })
    expect(tree.kind).toBe('reference')
    const node = tree.kind === 'reference' ? tree.target() : tree
    expect(node.kind === 'object' && node.properties[0]?.value).toBe(tree)
  })

  test.each<[string, JsonSchema, string]>([
    [
      'patterns',
      { type: 'string', pattern: 'a+' },
      'at "#" the keyword "pattern" is not built for the type string. Leave it out and check the answer',
    ],
    [
      'formats',
      { type: 'object', properties: { day: { type: 'string', format: 'date' } } },
      'at "#/properties/day" the keyword "format" is not built',
    ],
    ['exactly one of several', { oneOf: [{ type: 'null' }] }, 'the keyword "oneOf" is not built. Say anyOf'],
    ['keywords of another type', { type: 'string', minimum: 3 }, 'the keyword "minimum" is not built for the type string'],
    ['steps of numbers', { type: 'number', multipleOf: 0.5 }, 'the keyword "multipleOf" is not built'],
    ['an unknown type', { type: 'date' }, 'expected a type among object, array, string, number, integer, boolean, null, found "date"'],
    [
      'what is required and not there',
      { type: 'object', properties: {}, required: ['a'] },
      'at "#/required" "a" is not among the properties',
    ],
    ['references to elsewhere', { $ref: 'https://example.com/a.json' }, 'expected a reference inside the schema'],
    ['references to nothing', { $ref: '#/$defs/a' }, 'there is nothing at "#/$defs/a"'],
    ['an empty range', { type: 'integer', minimum: 3, maximum: 2 }, 'no number is between 3 and 2'],
    ['more items than there may be', { type: 'array', minItems: 3, maxItems: 2 }, 'minItems is 3 and maxItems is 2'],
    ['counts that are none', { type: 'string', maxLength: -1 }, 'expected maxLength from 0 to 1048576, found -1'],
    ['no choice', { enum: [] }, 'at "#/enum" expected a list of 1 to 4096, found 0'],
    ['nothing', false, 'nothing satisfies the schema false'],
    ['prototypes', { $ref: '#/__proto__/constructor' }, 'there is nothing at'],
  ])('refuses %s', (_, schema, sentence) => {
    expect(() => readSchema(schema)).toThrow(sentence)
  })

  test('refuses schemas without end', () => {
    let deep: JsonSchema = {}
    for (let i = 0; i < 70; i++) deep = { type: 'array', items: deep }
    expect(() => readSchema(deep)).toThrow('nested more than 64 deep')
    const wide = { anyOf: Array.from({ length: 200 }, () => ({ anyOf: Array.from({ length: 100 }, () => ({ type: 'null' })) })) }
    expect(() => readSchema(wide)).toThrow('more than 10000 parts')
  })
})

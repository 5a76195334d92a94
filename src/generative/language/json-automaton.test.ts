import { describe, expect, test } from 'vitest'
import { JsonAutomaton } from './json-automaton.js'
import { type JsonSchema, readSchema } from './json-schema.js'

/** Whether the automaton takes a text as a whole. */
function takes(schema: JsonSchema, text: string | Uint8Array): boolean {
  const automaton = new JsonAutomaton(readSchema(schema))
  let state = automaton.start
  for (const byte of typeof text === 'string' ? new TextEncoder().encode(text) : text) {
    const next = automaton.step(state, byte)
    if (next === undefined) return false
    state = next
  }
  return state.complete
}

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' }, pet: { type: ['string', 'null'] } },
  required: ['name', 'pet'],
} as const

describe('JsonAutomaton', () => {
  test.each<[JsonSchema, readonly string[], readonly string[]]>([
    [
      person,
      ['{"name":"Ann","age":3,"pet":null}', '{"name": "Ann", "pet": "cat"}', ' {"name":"","pet":null}'],
      [
        '{}',
        '{"name":"Ann"}',
        '{"pet":null,"name":"Ann"}',
        '{"name":"Ann","pet":null,}',
        '{"name":"Ann","age":1.5,"pet":null}',
        '{"name":"Ann"  ,"pet":null}',
      ],
    ],
    [
      { type: 'object', properties: { a: {}, b: {} } },
      ['{}', '{"b":1}', '{"a":[1,{"x":null}],"b":""}'],
      ['{,"b":1}', '{"c":1}', '{"b":1,"a":1}'],
    ],
    [
      { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 },
      ['[true]', '[true, false]'],
      ['[]', '[true,true,true]', '[1]', '[true,]'],
    ],
    [{ enum: ['red', 'rose', 3, null, { a: 1 }] }, ['"red"', '"rose"', '3', 'null', '{"a":1}'], ['"re"', '"blue"', '33']],
    [{ const: 'né "猫"' }, ['"né \\"猫\\""'], ['"n"']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, ['{}', '{"x":1,"né":-2}'], ['{"x":"1"}', '{x:1}']],
    [{ type: 'object', additionalProperties: false }, ['{}'], ['{"a":1}']],
    [
      {
        anyOf: [
          { type: 'array', items: { type: 'null' } },
          { type: 'string', maxLength: 1 },
        ],
      },
      ['[null]', '"a"'],
      ['"ab"', '[1]'],
    ],
    [true, ['null', '-1.5', '"a"', '[[],{}]', '{"a":{"b":[true]}}'], ['', 'nul', '01', '1.', '+1', '[1 ,2]', "'a'"]],
    [
      {
        $defs: {
          list: { anyOf: [{ type: 'null' }, { type: 'object', properties: { next: { $ref: '#/$defs/list' } }, required: ['next'] }] },
        },
        $ref: '#/$defs/list',
      },
      ['null', '{"next":{"next":null}}'],
      ['{"next":{}}'],
    ],
  ])('takes what keeps to a schema and nothing else: %j', (schema, right, wrong) => {
    for (const text of right) expect(takes(schema, text), text).toBe(true)
    for (const text of wrong) expect(takes(schema, text), text).toBe(false)
  })

  test.each<[object, readonly string[], readonly string[]]>([
    [{ type: 'integer' }, ['0', '-0', '-12', '9007199254740993'], ['1.0', '00', '-', '1e3', '12345678901234567']],
    [{ type: 'number' }, ['0.5', '-1.25', '3'], ['.5', '5.', '1e9', '0.12345678901234567']],
    [{ type: 'integer', minimum: 18, maximum: 120 }, ['18', '99', '120'], ['17', '1', '121', '200', '0', '-18']],
    [{ type: 'integer', exclusiveMinimum: -5, exclusiveMaximum: 3 }, ['-4', '0', '2'], ['-5', '3', '-10', '10']],
    [{ type: 'number', minimum: 0, maximum: 1 }, ['0', '1', '0.25', '1.0'], ['1.1', '2', '-0.5', '10']],
    [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 }, ['0.1', '0.499'], ['0', '0.5', '0.0', '1']],
    [{ type: 'number', minimum: -2.5, maximum: -1.5 }, ['-1.5', '-2', '-2.50'], ['-1', '-2.6', '2', '-3', '-20']],
  ])('keeps numbers in their range: %j', (schema, right, wrong) => {
    for (const text of right) expect(takes(schema as JsonSchema, text), text).toBe(true)
    for (const text of wrong) expect(takes(schema as JsonSchema, text), text).toBe(false)
  })

  test('sees at the first digit that a number cannot come into its range', () => {
    const automaton = new JsonAutomaton(readSchema({ type: 'integer', minimum: 18, maximum: 120 }))
    const digits = [...'0123456789-'].filter((digit) => automaton.step(automaton.start, digit.charCodeAt(0)))
    expect(digits).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  test.each<[string, string | Uint8Array, boolean]>([
    ['escapes', '"\\n\\"\\\\\\u00e9"', true],
    ['an escape that is none', '"\\x"', false],
    ['half a surrogate pair as an escape', '"\\ud83d"', false],
    ['a line break', '"\n"', false],
    ['characters of two, three and four bytes', '"é猫😀"', true],
    ['a byte that begins no character', Uint8Array.of(0x22, 0xff, 0x22), false],
    ['half a character', Uint8Array.of(0x22, 0xe7, 0x8c, 0x22), false],
    ['a character in more bytes than it needs', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), false],
    ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), false],
  ])('reads texts: %s', (_, text, wanted) => {
    expect(takes({ type: 'string' }, text)).toBe(wanted)
  })

  test('counts characters and not bytes', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 3 } as const
    expect(['"猫"', '"猫é"', '"a\\u00e9😀"', '"abcd"'].map((text) => takes(schema, text))).toEqual([false, true, true, false])
  })

  test('is as small after a long list as after a short one, though several options fit each item', () => {
    const overlapping = { type: 'array', items: { anyOf: [{ type: 'integer' }, { type: 'number' }, {}] } }
    const automaton = new JsonAutomaton(readSchema(overlapping))
    let state = automaton.start
    const ids: number[] = []
    for (const byte of new TextEncoder().encode(`[${'7,'.repeat(500)}7`)) {
      state = automaton.step(state, byte) ?? automaton.start
      ids.push(state.id)
    }
    expect(new Set(ids).size).toBeLessThan(10)
  })

  test('closes what is nested too deep', () => {
    const automaton = new JsonAutomaton(readSchema(true))
    let state = automaton.start
    let depth = 0
    for (let next = automaton.step(state, 0x5b); next && depth < 10_000; next = automaton.step(state, 0x5b)) {
      state = next
      depth++
    }
    expect(depth).toBeLessThan(1000)
    expect(automaton.step(state, 0x5d)).toBeDefined()
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../training/dataset.js'
import { csv, jsonLines } from './tables.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
async function all<T>(records: Dataset<T>): Promise<T[]> {
  const found: T[] = []
  for await (const record of records) found.push(record)
  return found
}

describe('jsonLines()', () => {
  it('reads a value per line, whatever ends the lines, without empty ones', async () => {
    const records = await jsonLines(bytes('\ufeff{"text":"a"}\r\n\n{"text":"ü"}\n[1,"two"]'))
    expect([records.length, await records.record(1)]).toEqual([3, { text: 'ü' }])
    expect(await all(records)).toEqual([{ text: 'a' }, { text: 'ü' }, [1, 'two']])
    expect((await jsonLines(bytes(''))).length).toBe(0)
  })

  it('names the line that is not JSON, hides a prototype or is not UTF-8', async () => {
    const broken = await jsonLines(new File(['{}\n\n{"a":1,}\n{"__proto__":{}}'], 'captions.jsonl'))
    await expect(broken.record(1)).rejects.toThrow(/^Cannot read captions\.jsonl, line 3: expected JSON, found /)
    await expect(broken.record(2)).rejects.toThrow('line 4: expected JSON, found the key "__proto__" has no business in data')
    const latin1 = await jsonLines(new Uint8Array([0x22, 0xfc, 0x22]))
    await expect(latin1.record(0)).rejects.toThrow(
      'Cannot read the table, line 1: expected text in UTF-8, found other bytes. Save it as UTF-8',
    )
  })

  it('reads lines that lie across blocks, in any order', async () => {
    const texts = Array.from({ length: 7 }, (_, i) => String(i).repeat(400_000))
    const records = await jsonLines(bytes(texts.map((text) => JSON.stringify(text)).join('\n')))
    for (const index of [5, 0, 6, 2, 1]) expect(await records.record(index)).toBe(texts[index])
  })

  it('refuses a line without an end', async () => {
    await expect(jsonLines(new Uint8Array(17 * 2 ** 20).fill(0x61))).rejects.toThrow(
      'Cannot read the table, line 1: expected at most 16,777,216 bytes in a line, found more',
    )
  })
})

describe('csv()', () => {
  it('reads quoted fields with separators, quotes and line breaks', async () => {
    const records = await csv(bytes('name,text\r\na,"one, ""two"""\r\nb,"three\r\nfour"\r\n\r\nc,\r\n'))
    expect(await all(records)).toEqual([
      { name: 'a', text: 'one, "two"' },
      { name: 'b', text: 'three\r\nfour' },
      { name: 'c', text: '' },
    ])
    expect(await all(await csv(bytes('a\tb\n1,5\t2'), { separator: '\t' }))).toEqual([{ a: '1,5', b: '2' }])
  })

  it('reads back every table that is written by the rules', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é') })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(field, field), { maxLength: 6 }), async (rows) => {
        const spelled = (cell: string) => `"${cell.replaceAll('"', '""')}"`
        const text = [['x', 'y'], ...rows].map((row) => row.map(spelled).join(',')).join('\r\n')
        expect(await all(await csv(bytes(text)))).toEqual(rows.map(([x, y]) => ({ x, y })))
      }),
    )
  })

  it.each([
    ['a,b\n1,2\n\n1,2,3', 1, 'Cannot read the table, line 4: expected 2 fields, as in the header, found 3'],
    [
      'a,b\n"x\ny",z"',
      0,
      'Cannot read the table, line 3: a quote stands inside a field without quotes. Put the field in quotes and double the quote: "a ""b"" c"',
    ],
    ['a,b\n1,"two\nthree', 0, 'Cannot read the table, line 2: a quoted field has no closing quote'],
    ['a,b\n"1"2,3', 0, 'Cannot read the table, line 2: expected "," or the end of the line after a closing quote, found "2"'],
  ])('names the line of a broken row in %j', async (text, row, sentence) => {
    await expect((await csv(bytes(text))).record(row)).rejects.toThrow(sentence)
  })

  it('needs a header with distinct names', async () => {
    await expect(csv(bytes(''))).rejects.toThrow('Cannot read the table: expected a header, found an empty file')
    await expect(csv(bytes('a,b,a\n'))).rejects.toThrow('Cannot read the table, line 1: expected distinct column names, found "a" twice')
  })
})

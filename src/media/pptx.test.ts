import { unzipSync, zipSync } from 'fflate'
import { describe, expect, it, vi } from 'vitest'
import { type Deck, nightTheme } from './deck.js'
import { readDocumentProvenance } from './document-tags.js'
import type { Image } from './image.js'
import { encodePptx } from './pptx.js'
import { decodePptx } from './pptx-outline.js'
import { readProvenance } from './read-provenance.js'
import { parseXml } from './xml.js'

const picture: Image = { width: 4, height: 2, channels: 3, data: new Uint8Array(24).fill(200) }
const chart = {
  kind: 'bar',
  labels: ['a', 'b'],
  series: [
    { name: 'one', values: [1, 2] },
    { name: 'two', values: [2, 1] },
  ],
} as const
const deck: Deck = {
  title: 'Cubes & <spheres>',
  slides: [
    { layout: 'title', title: 'Cubes & <spheres>', subtitle: 'A "small" world — 漢字', notes: 'Say hello\nand smile' },
    { layout: 'section', title: 'What there is' },
    { layout: 'bullets', title: 'Shapes', bullets: [{ text: 'Cube' }, { text: 'six sides', level: 1 }], picture },
    { layout: 'picture', title: 'Look', picture, caption: 'A grey one' },
    { layout: 'chart', title: 'Bars', chart },
    { layout: 'chart', title: 'Pie', chart: { ...chart, kind: 'pie' } },
    {
      layout: 'table',
      title: 'Sides',
      table: {
        header: ['shape', 'sides'],
        rows: [
          ['cube', '6'],
          ['cone', '2'],
        ],
      },
    },
  ],
}
const provenance = {
  generator: 'genera',
  version: '0.1.0',
  system: 'diorama',
  options: { prompt: `Ünïcode & <angles> "quoted" ${'and long '.repeat(60)}` },
  seed: 7,
} as const

describe('encodePptx()', () => {
  it('puts every word where an outline finds it', async () => {
    expect(decodePptx(await encodePptx(deck))).toEqual({
      title: 'Cubes & <spheres>',
      slides: [
        { title: 'Cubes & <spheres>', texts: ['A "small" world — 漢字'], notes: 'Say hello\nand smile' },
        { title: 'What there is', texts: [] },
        { title: 'Shapes', texts: ['Cube', 'six sides'] },
        { title: 'Look', texts: ['A grey one'] },
        { title: 'Bars', texts: [] },
        { title: 'Pie', texts: [] },
        { title: 'Sides', texts: ['shape', 'sides', 'cube', '6', 'cone', '2'] },
      ],
    })
  })

  it('gives the same bytes at another time, after other decks, and whatever chance says', async () => {
    const first = await encodePptx(deck, { provenance })
    vi.useFakeTimers({ now: new Date('2031-05-06T07:08:09Z'), toFake: ['Date'] })
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.123)
    try {
      expect(await encodePptx(deck, { provenance })).toEqual(first)
    } finally {
      chance.mockRestore()
      vi.useRealTimers()
    }
  })

  it('holds parts that are all well-formed, named in the content types, and complete', async () => {
    const files = unzipSync(await encodePptx(deck, { provenance }))
    const types = new TextDecoder().decode(files['[Content_Types].xml'])
    for (const [path, data] of Object.entries(files))
      if (/\.(xml|rels)$/.test(path)) expect(() => parseXml(new TextDecoder().decode(data), path), path).not.toThrow()
    for (const [, part] of types.matchAll(/PartName="\/(ppt\/(?:charts|slides)\/[^"]+)"/g)) expect(Object.keys(files)).toContain(part)
    expect(Object.keys(files)[0]).toBe('[Content_Types].xml')
    expect(Object.keys(files)).toContain('ppt/charts/chart1.xml')
    expect(Object.keys(files)).toContain('ppt/embeddings/Microsoft_Excel_Worksheet2.xlsx')
    expect(new TextDecoder().decode(files['ppt/slides/_rels/slide6.xml.rels'])).toContain('/ppt/charts/chart2.xml')
  })

  it('wears its theme', async () => {
    const files = unzipSync(await encodePptx({ ...deck, theme: nightTheme }))
    expect(new TextDecoder().decode(files['ppt/slideLayouts/slideLayout2.xml'])).toContain(nightTheme.background.toUpperCase())
    expect(new TextDecoder().decode(files['ppt/theme/theme1.xml'])).toContain('Georgia')
  })

  it('leaves out characters that XML cannot hold', async () => {
    const odd: Deck = { title: 'a\u0000b', slides: [{ layout: 'section', title: 'bell\u0007 and half \ud83d of a face' }] }
    expect(decodePptx(await encodePptx(odd))).toEqual({ title: 'ab', slides: [{ title: 'bell and half  of a face', texts: [] }] })
  })

  it('refuses tables and charts whose rows differ in length', async () => {
    const table = { header: ['a', 'b'], rows: [['1']] }
    await expect(encodePptx({ title: '', slides: [{ layout: 'table', title: 'T', table }] })).rejects.toThrow(
      'Cannot write the table "T": expected 2 cells, as in the header, found 1 in a row',
    )
    const short = { ...chart, series: [{ name: 'one', values: [1] }] }
    await expect(encodePptx({ title: '', slides: [{ layout: 'chart', title: 'C', chart: short }] })).rejects.toThrow('2 values, as labels')
  })
})

describe('readDocumentProvenance()', () => {
  it('reads back from a deck how it was made, however long the prompt', async () => {
    const bytes = await encodePptx(deck, { provenance })
    expect(await readDocumentProvenance(bytes)).toEqual(provenance)
    expect(await readProvenance(bytes, 'talk.pptx')).toEqual({ own: provenance })
  })

  it('keeps the pieces of the record short enough for office programs', async () => {
    const part = new TextDecoder().decode(unzipSync(await encodePptx(deck, { provenance }))['docProps/custom.xml'])
    const values = [...part.matchAll(/<vt:lpwstr>([^<]*)</g)].map(([, value]) => (value as string).replace(/&\w+;/g, '.').length)
    expect(values.length).toBeGreaterThan(2)
    expect(Math.max(...values)).toBe(255)
  })

  it('finds nothing in a deck that says nothing', async () => {
    expect(await readDocumentProvenance(await encodePptx(deck))).toBeUndefined()
  })

  it('refuses a record that is no JSON', async () => {
    const files = unzipSync(await encodePptx(deck, { provenance }))
    const custom = new TextDecoder().decode(files['docProps/custom.xml']).replace('<vt:lpwstr>{', '<vt:lpwstr>[')
    const broken = zipSync({ ...files, 'docProps/custom.xml': new TextEncoder().encode(custom) })
    await expect(readDocumentProvenance(broken)).rejects.toThrow('expected JSON in the property "genera", found text that is none')
  })
})

describe('decodePptx()', () => {
  const zipped = (files: Record<string, string | Uint8Array>) =>
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([path, data]) => [path, typeof data === 'string' ? new TextEncoder().encode(data) : data]),
      ),
    )

  it('refuses a bomb by what its directory says, before it unpacks', () => {
    const bomb = zipped({ '[Content_Types].xml': '<Types/>', 'ppt/presentation.xml': new Uint8Array(30_000_000) })
    expect(bomb.length).toBeLessThan(100_000)
    expect(() => decodePptx(bomb)).toThrow(expect.objectContaining({ code: 'MediaTooLarge' }))
    expect(() => decodePptx(bomb, { limits: { decodedBytes: 1e6 } })).toThrow(expect.objectContaining({ limit: 'decodedBytes' }))
  })

  it('unpacks no more than a lying directory says', () => {
    const bomb = zipped({ '[Content_Types].xml': '<Types/>', 'ppt/presentation.xml': new Uint8Array(30_000_000).fill(32) })
    const view = new DataView(bomb.buffer, bomb.byteOffset)
    for (let at = 0; at + 28 < bomb.length; at++) if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 10, true)
    expect(() => decodePptx(bomb)).toThrow(expect.objectContaining({ name: 'MediaError' }))
  })

  it('refuses too many files', () => {
    const many = zipped({
      '[Content_Types].xml': '<Types/>',
      ...Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`ppt/${i}`, ''])),
    })
    expect(() => decodePptx(many)).toThrow('expected at most 20,000 files in it, found more')
  })

  it('refuses document types, with which entities could multiply', () => {
    const lol = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><p:presentation>&b;</p:presentation>'
    const file = zipped({ '[Content_Types].xml': '<Types/>', 'ppt/presentation.xml': lol })
    expect(() => decodePptx(file)).toThrow('expected well-formed XML without a document type')
  })

  it('ends every cut and every flipped byte of a deck in a typed error or in an outline', async () => {
    const bytes = await encodePptx({ title: 't', slides: [{ layout: 'section', title: 'x' }] })
    for (let k = 0; k < 200; k++) {
      const harmed = k < 40 ? bytes.slice(0, Math.floor((k * bytes.length) / 40)) : bytes.slice()
      if (k >= 40) harmed[Math.floor(((k - 40) * bytes.length) / 160)] = (k * 37) & 255
      try {
        decodePptx(harmed)
      } catch (error) {
        expect(error).toMatchObject({ name: 'MediaError' })
      }
    }
  })
})

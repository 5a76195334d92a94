import * as pptxgenjs from 'pptxgenjs'
import { type Deck, type DeckChart, type DeckTable, type DeckTheme, paperTheme, type Slide } from './deck.js'
import type { Image } from './image.js'
import { MediaError } from './media-error.js'
import { customProperties, customPropertiesPath } from './office-properties.js'
import { encodePng } from './png.js'
import { type Provenance, provenanceText } from './provenance.js'
import { decodeText, encodeText } from './text.js'
import { xmlText } from './xml.js'
import { readZip, writeZip } from './zip.js'

/** A file and what it unfolds to are our own here, so that no limit applies. */
const unlimited = { bytes: Infinity, pixels: Infinity, frames: Infinity, seconds: Infinity, decodedBytes: Infinity }

// The package describes itself as CommonJS with a default export inside, and is an ES module with a default export.
const Presentation = pptxgenjs.default as unknown as typeof pptxgenjs.default.default
type Presentation = InstanceType<typeof Presentation>
type Page = ReturnType<Presentation['addSlide']>

/** Inches, of a page of 13.33 × 7.5. */
interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

const whole: Box = { x: 0.8, y: 1.75, w: 11.73, h: 5.1 }
const left: Box = { ...whole, w: 6.2 }
const right: Box = { x: 7.4, y: 1.75, w: 5.13, h: 5.1 }
const heading: Box = { x: 0.8, y: 0.45, w: 11.73, h: 0.85 }

/**
 * A deck as PPTX. Titles and bullets are placeholders of the slide's layout, so that outlines, screen readers and a change of theme
 * find them; charts and tables stay editable. The same deck gives the same bytes: no clock goes in.
 *
 * @param provenance how the deck was made; it is kept among the document's properties
 * @throws MediaError "MediaInvalid" for tables and charts whose rows differ in length
 */
export async function encodePptx(deck: Deck, { provenance }: { provenance?: Provenance | undefined } = {}): Promise<Uint8Array> {
  const theme = deck.theme ?? paperTheme
  const presentation = new Presentation()
  presentation.layout = 'LAYOUT_WIDE'
  presentation.title = xmlText(deck.title)
  presentation.author = xmlText(deck.author ?? 'genera')
  presentation.company = ''
  presentation.subject = ''
  presentation.theme = { headFontFace: theme.headingFont, bodyFontFace: theme.bodyFont }
  defineLayouts(presentation, theme)
  for (const slide of deck.slides) addSlide(presentation, slide, theme)
  const written = await presentation.write({ outputType: 'uint8array', compression: false })
  return settled(written as Uint8Array, provenance && provenanceText(provenance, 'a PPTX deck'))
}

function defineLayouts(presentation: Presentation, { background, text, accent, headingFont, bodyFont }: DeckTheme): void {
  const placeholder = (type: 'title' | 'body', box: Box, options: object) => ({
    placeholder: { options: { name: type, type, ...box, margin: 0, ...options }, text: '' },
  })
  const title = { fontFace: headingFont, color: text, bold: true, fontSize: 30, valign: 'bottom', align: 'left', fit: 'shrink' }
  const body = { fontFace: bodyFont, color: text, fontSize: 24, valign: 'top', align: 'left', fit: 'shrink', paraSpaceAfter: 8 }
  const band = { rect: { x: 0, y: 0, w: 0.35, h: 7.5, fill: { color: accent } } }
  const rule = { rect: { x: 0.8, y: 1.4, w: 1.1, h: 0.06, fill: { color: accent } } }
  const slideNumber = { x: 12.3, y: 6.98, w: 0.7, h: 0.3, color: text, fontFace: bodyFont, fontSize: 10, align: 'right' } as const
  const page = { background: { color: background }, slideNumber }
  presentation.defineSlideMaster({
    title: 'title',
    background: { color: background },
    objects: [
      band,
      placeholder('title', { x: 1.2, y: 1.7, w: 10.9, h: 2 }, { ...title, fontSize: 46 }),
      placeholder('body', { x: 1.2, y: 3.95, w: 10.9, h: 1.4 }, { ...body, fontSize: 22 }),
    ],
  })
  presentation.defineSlideMaster({
    title: 'section',
    background: { color: accent },
    objects: [
      placeholder('title', { x: 1.2, y: 2.2, w: 10.9, h: 1.7 }, { ...title, fontSize: 40, color: background }),
      placeholder('body', { x: 1.2, y: 4.1, w: 10.9, h: 1.2 }, { ...body, fontSize: 20, color: background }),
    ],
  })
  const content = placeholder('title', heading, title)
  presentation.defineSlideMaster({ ...page, title: 'bullets', objects: [rule, content, placeholder('body', whole, body)] })
  presentation.defineSlideMaster({ ...page, title: 'bullets and picture', objects: [rule, content, placeholder('body', left, body)] })
  presentation.defineSlideMaster({ ...page, title: 'content', objects: [rule, content] })
}

function addSlide(presentation: Presentation, slide: Slide, theme: DeckTheme): void {
  const named = slide.layout === 'bullets' && slide.picture ? 'bullets and picture' : slide.layout
  const masterName = named === 'picture' || named === 'chart' || named === 'table' ? 'content' : named
  const page = presentation.addSlide({ masterName })
  page.addText(xmlText(slide.title), { placeholder: 'title' })
  switch (slide.layout) {
    case 'title':
    case 'section':
      if (slide.subtitle) page.addText(xmlText(slide.subtitle), { placeholder: 'body' })
      break
    case 'bullets': {
      const bullets = slide.bullets.map(({ text, level = 0 }) => ({
        text: xmlText(text),
        options: { bullet: true, indentLevel: level, breakLine: true, fontSize: level === 0 ? 24 : 20 },
      }))
      if (bullets.length > 0) page.addText(bullets, { placeholder: 'body' })
      if (slide.picture) addPicture(page, slide.picture, right, slide.title)
      break
    }
    case 'picture': {
      const { picture, caption } = slide
      addPicture(page, picture, caption ? { ...whole, h: 4.6 } : whole, caption ?? slide.title)
      const line = { ...whole, y: 6.45, h: 0.4, align: 'center', fontFace: theme.bodyFont, fontSize: 14, italic: true } as const
      if (caption) page.addText(xmlText(caption), { ...line, color: theme.text, margin: 0 })
      break
    }
    case 'chart':
      addChart(page, slide.chart, theme, slide.title)
      break
    case 'table':
      addTable(page, slide.table, theme, slide.title)
      break
  }
  if (slide.notes) page.addNotes(xmlText(slide.notes))
}

/** As large as the box allows, in its middle. */
function addPicture(page: Page, picture: Image, box: Box, description: string): void {
  const scale = Math.min(box.w / picture.width, box.h / picture.height)
  const [w, h] = [picture.width * scale, picture.height * scale]
  const place = { x: box.x + (box.w - w) / 2, y: box.y + (box.h - h) / 2, w, h }
  page.addImage({ data: `image/png;base64,${base64(encodePng(picture))}`, ...place, altText: xmlText(description) })
}

function addChart(page: Page, { kind, labels, series }: DeckChart, theme: DeckTheme, title: string): void {
  for (const { name, values } of series)
    if (values.length !== labels.length)
      throw unequal(`the chart "${title}"`, `${labels.length} values, as labels`, `${values.length} in "${name}"`)
  const colours = [theme.accent, ...theme.palette]
  const slices = kind === 'pie' ? labels.length : series.length
  const text = { color: theme.text, fontFace: theme.bodyFont, fontSize: 14 }
  page.addChart(
    kind,
    (kind === 'pie' ? series.slice(0, 1) : series).map(({ name, values }) => ({
      name: xmlText(name),
      labels: labels.map(xmlText),
      values: [...values],
    })),
    {
      ...whole,
      // As many colours as there are to paint: the library draws lots for those that are missing.
      chartColors: Array.from({ length: Math.max(1, slices) }, (_, i) => colours[i % colours.length] as string),
      showLegend: slices > 1,
      legendPos: kind === 'pie' ? 'r' : 'b',
      legendColor: text.color,
      legendFontFace: text.fontFace,
      legendFontSize: text.fontSize,
      catAxisLabelColor: text.color,
      catAxisLabelFontFace: text.fontFace,
      valAxisLabelColor: text.color,
      valAxisLabelFontFace: text.fontFace,
      catAxisLabelFontSize: 14,
      valAxisLabelFontSize: 12,
      valGridLine: { color: mixed(theme.background, theme.text, 0.18), size: 0.75 },
      dataLabelColor: kind === 'pie' ? theme.background : theme.text,
      ...(kind === 'bar' && { barGapWidthPct: 60 }),
      ...(kind === 'line' && { lineDataSymbolSize: 7, lineSize: 2.5 }),
      altText: xmlText(title),
    },
  )
}

function addTable(page: Page, { header, rows }: DeckTable, theme: DeckTheme, title: string): void {
  const odd = rows.find((row) => row.length !== header.length)
  if (odd) throw unequal(`the table "${title}"`, `${header.length} cells, as in the header`, `${odd.length} in a row`)
  const rule = { type: 'solid', pt: 0.75, color: theme.accent } as const
  const none = { type: 'none' } as const
  const head = { bold: true, color: theme.background, fill: { color: theme.accent } }
  const cell = (text: string, options: object) => ({ text: xmlText(text), options })
  page.addTable(
    [header.map((text) => cell(text, head)), ...rows.map((row) => row.map((text) => cell(text, { border: [none, none, rule, none] })))],
    {
      x: whole.x,
      y: whole.y,
      w: whole.w,
      // Rows share the height of the page when there are many, and stay close together when there are few.
      rowH: Math.min(0.5, whole.h / (rows.length + 1)),
      fontFace: theme.bodyFont,
      fontSize: rows.length > 14 ? 10 : rows.length > 8 ? 13 : 16,
      color: theme.text,
      valign: 'middle',
      autoPage: false,
    },
  )
}

const unequal = (file: string, expected: string, found: string): MediaError =>
  new MediaError({ code: 'MediaInvalid', action: 'write', file, expected, found })

/** Names of the parts that the library counts through a whole process rather than through a deck. */
const counted = /(?<=\/)(chart|Microsoft_Excel_Worksheet)(\d+)(?=\.(xml|xlsx))/g

/**
 * The library's archive without what differs from run to run: dates, in it and in the workbooks behind its charts, the numbers of
 * charts, and the order of the files. With the record of how it was made.
 */
function settled(archive: Uint8Array, json: string | undefined): Uint8Array {
  const files = readZip(archive, { limits: unlimited, file: 'a PPTX deck' })
  const charts = [...files.keys()].flatMap((path) => /^ppt\/charts\/chart(\d+)\.xml$/.exec(path)?.[1] ?? []).sort((a, b) => +a - +b)
  const renumbered = (text: string) => text.replace(counted, (_, name: string, number: string) => `${name}${charts.indexOf(number) + 1}`)
  const rewritten = (path: string, data: Uint8Array): Uint8Array => {
    if (path.endsWith('.xlsx')) return settled(data, undefined)
    // The properties' dates are a must, so they say the same for every deck.
    if (path === 'docProps/core.xml') return encodeText(decodeText(data).replace(/(?<=<dcterms:\w+ [^>]*>)[^<]+/g, '2000-01-01T00:00:00Z'))
    // The library leaves line breaks of notes inside a run of text, where programs take them for spaces.
    if (path.startsWith('ppt/notesSlides/notes'))
      return encodeText(decodeText(data).replace(/(?<=<a:t>[^<]*)\r?\n(?=[^<]*<\/a:t>)/g, lineBreak))
    return charts.length > 0 && /\.rels$|^\[Content_Types\]/.test(path) ? encodeText(renumbered(decodeText(data))) : data
  }
  const parts = new Map([...files].filter(([path]) => !path.endsWith('/')).map(([path, data]) => [renumbered(path), rewritten(path, data)]))
  if (json !== undefined) addProperties(parts, json)
  // Code units, so that no locale has a say; "[Content_Types].xml" comes first, as readers that stream expect.
  return writeZip(new Map([...parts].sort(([a], [b]) => (rank(a) + a < rank(b) + b ? -1 : 1))))
}

const lineBreak = '</a:t></a:r><a:br/><a:r><a:rPr lang="en-US"/><a:t>'

const rank = (path: string): string => (path === '[Content_Types].xml' ? '0' : path.startsWith('_rels/') ? '1' : '2')

/** A part of an office document counts only when its kind and its relation to the document are written down. */
function addProperties(files: Map<string, Uint8Array>, json: string): void {
  files.set(customPropertiesPath, customProperties.write(json))
  const insert = (path: string, before: string, text: string) =>
    files.set(path, encodeText(decodeText(files.get(path) as Uint8Array).replace(before, () => `${text}${before}`)))
  const kind = 'application/vnd.openxmlformats-officedocument.custom-properties+xml'
  insert('[Content_Types].xml', '</Types>', `<Override PartName="/${customPropertiesPath}" ContentType="${kind}"/>`)
  const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties'
  insert('_rels/.rels', '</Relationships>', `<Relationship Id="rIdGenera" Type="${relation}" Target="${customPropertiesPath}"/>`)
}

/** Between two colours of six hexadecimal digits. */
function mixed(from: string, to: string, share: number): string {
  const channel = (colour: string, at: number) => Number.parseInt(colour.slice(at, at + 2), 16)
  const between = (at: number) => Math.round(channel(from, at) + (channel(to, at) - channel(from, at)) * share)
  return [0, 2, 4].map((at) => between(at).toString(16).padStart(2, '0')).join('')
}

/** In pieces, because a call takes only so many arguments; each is a multiple of three bytes, so that no padding falls inside. */
function base64(bytes: Uint8Array): string {
  const step = 3 * 8192
  let text = ''
  for (let at = 0; at < bytes.length; at += step) text += btoa(String.fromCharCode(...bytes.subarray(at, at + step)))
  return text
}

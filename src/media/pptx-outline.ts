import { type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { expectFormat } from './sniff.js'
import { decodeText } from './text.js'
import { elementsOf, parseXml, textOf, type XmlElement } from './xml.js'
import { readZip } from './zip.js'

/** What can be read of a deck: its words, in the order in which they are shown. */
export interface DeckOutline {
  readonly title: string
  readonly slides: readonly {
    readonly title: string
    /** The paragraphs outside the title, tables included, cell by cell. */
    readonly texts: readonly string[]
    readonly notes?: string
  }[]
}

/**
 * The titles, texts and notes of a PPTX deck, by whatever program it was made. Pictures and charts are not unpacked.
 *
 * @throws MediaError for files that are damaged, oversized or no decks
 */
export function decodePptx(
  bytes: Uint8Array,
  { limits: given, name: file = 'a PPTX deck' }: { limits?: Partial<MediaLimits>; name?: string } = {},
): DeckOutline {
  const limits = withDefaults(given)
  expectFormat(bytes, ['pptx'], file)
  const parts = readZip(bytes, { limits, file, wanted: (path) => /\.(xml|rels)$/.test(path) && !path.startsWith('ppt/charts/') })
  const read = (path: string): XmlElement => {
    const part = parts.get(path)
    if (!part) throw new MediaError({ code: 'MediaInvalid', file, expected: `the part ${path}`, found: 'none' })
    return parseXml(decodeText(part, { limits, name: `${path} in ${file}` }), file)
  }
  /** The parts that a part refers to, by the name under which it does. */
  const relations = (path: string): Map<string, { readonly kind: string; readonly target: string }> => {
    const beside = path.replace(/([^/]+)$/, '_rels/$1.rels')
    if (!parts.has(beside)) return new Map()
    return new Map(
      elementsOf(read(beside), 'Relationship').map(({ attributes }) => {
        const kind = attributes.get('Type')?.split('/').at(-1) ?? ''
        return [attributes.get('Id') ?? '', { kind, target: resolved(path, attributes.get('Target') ?? '') }]
      }),
    )
  }
  const presentation = 'ppt/presentation.xml'
  const targets = relations(presentation)
  const slides = elementsOf(read(presentation), 'p:sldId').map(({ attributes }) => {
    const path = targets.get(attributes.get('r:id') ?? '')?.target ?? ''
    const notes = [...relations(path).values()].find(({ kind }) => kind === 'notesSlide')
    const spoken = notes && body(read(notes.target)).join('\n')
    return { ...words(read(path)), ...(spoken && { notes: spoken }) }
  })
  const core = parts.has('docProps/core.xml') ? elementsOf(read('docProps/core.xml'), 'dc:title')[0] : undefined
  return { title: core ? textOf(core) : '', slides }
}

/** A target is given from the folder of the part that names it, or from the root of the archive. */
function resolved(from: string, target: string): string {
  const path = target.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const step of target.split('/'))
    if (step === '..') path.pop()
    else if (step !== '.' && step !== '') path.push(step)
  return path.join('/')
}

const placeholderOf = (shape: XmlElement): string | undefined => elementsOf(shape, 'p:ph')[0]?.attributes.get('type')

const paragraphs = (element: XmlElement): string[] =>
  elementsOf(element, 'a:p')
    .map((paragraph) =>
      elementsOf(paragraph, 'a:t', 'a:br')
        .map((run) => (run.name === 'a:br' ? '\n' : textOf(run)))
        .join(''),
    )
    .filter((text) => text !== '')

/** Dates, page numbers and footers are of the layout rather than of the slide. */
const furniture = new Set(['sldNum', 'dt', 'ftr', 'hdr', 'sldImg'])

function words(slide: XmlElement): { title: string; texts: string[] } {
  const shapes = elementsOf(slide, 'p:sp', 'p:graphicFrame')
  const isTitle = (shape: XmlElement) => ['title', 'ctrTitle'].includes(placeholderOf(shape) ?? '')
  const rest = shapes.filter((shape) => !isTitle(shape) && !furniture.has(placeholderOf(shape) ?? ''))
  return { title: shapes.filter(isTitle).flatMap(paragraphs).join(' '), texts: rest.flatMap(paragraphs) }
}

const body = (notes: XmlElement): string[] =>
  elementsOf(notes, 'p:sp')
    .filter((shape) => placeholderOf(shape) === 'body')
    .flatMap(paragraphs)

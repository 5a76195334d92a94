import { quoted } from '../weights/checkpoint-error.js'
import { MediaError } from './media-error.js'

/** An element with its content in the order of the file: elements and texts. */
export interface XmlElement {
  /** With its prefix: `a:t`. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly (XmlElement | string)[]
}

const deepest = 256
const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/**
 * The root element of an XML document as office programs write them: no document type, hence no entities of its own that could
 * lead to other files or multiply.
 *
 * @throws MediaError "MediaInvalid" with the place
 */
export function parseXml(source: string, file: string): XmlElement {
  const text = source.replace(/\r\n?/g, '\n') // as the specification has it, before anything else
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', file, expected, found })
  }
  const token =
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>"'=<!?]+)((?:"[^"<]*"|'[^'<]*'|[^"'<>])*?)(\/?)>|([^<]+)/y
  const document: { children: (XmlElement | string)[] } = { children: [] }
  const open: { name: string; children: (XmlElement | string)[] }[] = []
  const content = () => (open.at(-1) ?? document).children
  if (text.charCodeAt(0) === 0xfeff) token.lastIndex = 1
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const found = token.exec(text)
    if (!found) return fail('well-formed XML without a document type', `${quoted(text.slice(at, at + 20))} at character ${at}`)
    const [, data, closing, name, attributes = '', empty, characters] = found
    if (data !== undefined) content().push(data)
    else if (characters !== undefined) content().push(unescaped(characters))
    else if (name !== undefined && closing) {
      const last = open.pop()
      if (last?.name !== name) return fail(`the end of ${quoted(last?.name ?? 'nothing')}`, `the end of ${quoted(name)} at character ${at}`)
    } else if (name !== undefined) {
      const element = { name, attributes: attributesOf(attributes), children: [] as (XmlElement | string)[] }
      content().push(element)
      if (!empty) open.push(element)
      if (open.length > deepest) return fail(`at most ${deepest} levels of elements`, 'more')
    }
  }
  if (open.length > 0) return fail(`the end of ${quoted(open.at(-1)?.name ?? '')}`, 'the end of the document')
  const roots = document.children.filter((child): child is XmlElement => typeof child !== 'string')
  return roots.length === 1 && roots[0] ? roots[0] : fail('one root element', String(roots.length))
}

/** All elements of these names inside an element, in the order of the document. */
export function elementsOf(element: XmlElement, ...names: readonly string[]): XmlElement[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [] : [...(names.includes(child.name) ? [child] : []), ...elementsOf(child, ...names)],
  )
}

/** All characters inside an element. */
export const textOf = (element: XmlElement): string =>
  element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')

/** Text made safe between tags and in attributes; characters that XML cannot hold are left out. */
export const escaped = (text: string): string =>
  xmlText(text).replace(/[<>&"']/g, (character) => `&${[...entities].find(([, value]) => value === character)?.[0]};`)

/** The text without what XML 1.0 has no place for: control characters and halves of surrogate pairs. */
export const xmlText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
  text.replace(/[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '')

const attributesOf = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, double, single]) => [
      name as string,
      unescaped(double ?? single ?? ''),
    ]),
  )

/** Unknown references stay as they stand. */
const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi, (reference, decimal?: string, hexadecimal?: string, name?: string) => {
    if (name !== undefined) return entities.get(name) ?? reference
    const code = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hexadecimal ?? '', 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference
  })

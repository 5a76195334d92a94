import { MediaError } from './media-error.js'
import { decodeText, encodeText } from './text.js'
import { elementsOf, escaped, parseXml, textOf } from './xml.js'

/** Where an office document keeps the properties that its user defines; programs show them and keep them when they save. */
export const customPropertiesPath = 'docProps/custom.xml'

const namespace = 'http://schemas.openxmlformats.org/officeDocument/2006/custom-properties'
const types = 'http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes'
/** The format's own name for user-defined properties. */
const userDefined = '{D5CDD505-2E9C-101B-9397-08002B2CF9AE}'
/** Office programs cut longer values off. */
const longestValue = 255

/** A JSON text as user-defined properties `genera`, `genera 2`, …: in pieces, because each of them is short. */
export const customProperties = {
  write(json: string): Uint8Array {
    const pieces = json.match(new RegExp(`[^]{1,${longestValue}}`, 'g')) ?? []
    const property = (piece: string, index: number) =>
      `<property fmtid="${userDefined}" pid="${index + 2}" name="${nameOf(index)}"><vt:lpwstr>${escaped(piece)}</vt:lpwstr></property>`
    const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return encodeText(`${head}<Properties xmlns="${namespace}" xmlns:vt="${types}">${pieces.map(property).join('')}</Properties>`)
  },

  /** What the JSON says; undefined if there is no property of that name. */
  read(part: Uint8Array, file: string): unknown | undefined {
    const root = parseXml(decodeText(part, { name: file }), file)
    const values = new Map(elementsOf(root, 'property').map((property) => [property.attributes.get('name'), textOf(property)]))
    let json = ''
    for (let index = 0; values.has(nameOf(index)); index++) json += values.get(nameOf(index))
    if (json === '') return undefined
    try {
      return JSON.parse(json) as unknown
    } catch (cause) {
      throw new MediaError({ code: 'MediaInvalid', file, expected: 'JSON in the property "genera"', found: 'text that is none', cause })
    }
  },
}

const nameOf = (index: number): string => (index === 0 ? 'genera' : `genera ${index + 1}`)

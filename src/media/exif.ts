/** The two notes that genera keeps in EXIF, which JPEG and WebP share. */
export interface ExifNotes {
  /** MakerNote, the place for whatever the maker of a file wants to say: our provenance as JSON. */
  readonly makerNote?: string
  /** UserComment, where A1111 keeps its `parameters`. */
  readonly userComment?: string
}

const tag = { exifDirectory: 0x8769, software: 0x0131, makerNote: 0x927c, userComment: 0x9286 } as const
const type = { ascii: 2, long: 4, undefined: 7 } as const

/** Bytes of a block that are looked into; WebP would take four gigabytes. */
const longestExif = 2 ** 21

/** In front of our JSON, so that no camera's MakerNote is taken for ours. */
const makerPrefix = 'genera\0'

/** An EXIF block (a TIFF, big-endian) with these notes. `software` is ASCII. */
export function encodeExif(notes: ExifNotes, software: string): Uint8Array {
  const inner: Entry[] = []
  if (notes.makerNote !== undefined) inner.push({ tag: tag.makerNote, type: type.undefined, value: ascii(makerPrefix + notes.makerNote) })
  if (notes.userComment !== undefined) inner.push({ tag: tag.userComment, type: type.undefined, value: unicode(notes.userComment) })
  const outerStart = 8
  const softwareEntry = { tag: tag.software, type: type.ascii, value: ascii(`${software}\0`) }
  const pointer = { tag: tag.exifDirectory, type: type.long, value: new Uint8Array(4) }
  const innerStart = outerStart + directory([softwareEntry, pointer], outerStart).length
  new DataView(pointer.value.buffer).setUint32(0, innerStart)
  const outer = directory([softwareEntry, pointer], outerStart)
  const bytes = [Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, outerStart), outer, directory(inner, innerStart)]
  return Uint8Array.from(bytes.flatMap((part) => [...part]))
}

interface Entry {
  readonly tag: number
  readonly type: number
  readonly value: Uint8Array
}

/** A directory at `start` (an offset in the TIFF) with its values behind it. Entries must come in the order of their tags. */
function directory(entries: readonly Entry[], start: number): Uint8Array {
  const head = 2 + entries.length * 12 + 4
  const long = entries.filter(({ value }) => value.length > 4)
  const bytes = new Uint8Array(long.reduce((sum, { value }) => sum + value.length + (value.length & 1), head))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, entries.length)
  let at = head
  for (const [index, entry] of entries.entries()) {
    const field = 2 + index * 12
    view.setUint16(field, entry.tag)
    view.setUint16(field + 2, entry.type)
    view.setUint32(field + 4, entry.type === type.long ? entry.value.length / 4 : entry.value.length)
    if (entry.value.length <= 4) bytes.set(entry.value, field + 8)
    else {
      view.setUint32(field + 8, start + at)
      bytes.set(entry.value, at)
      at += entry.value.length + (entry.value.length & 1)
    }
  }
  return bytes
}

/** The notes of an EXIF block from anywhere. What is damaged or points outside is not there. */
export function decodeExif(exif: Uint8Array): ExifNotes {
  if (exif.length > longestExif) return {}
  const littleEndian = exif[0] === 0x49
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength)
  const outer = exif.length < 8 ? new Map<number, Uint8Array>() : entriesAt(view, view.getUint32(4, littleEndian), littleEndian)
  const pointer = outer.get(tag.exifDirectory)
  if (pointer?.length !== 4) return {}
  const inner = entriesAt(view, new DataView(pointer.buffer, pointer.byteOffset, 4).getUint32(0, littleEndian), littleEndian)
  const makerNote = latin1(inner.get(tag.makerNote))
  const userComment = commentOf(inner.get(tag.userComment), littleEndian)
  return {
    ...(makerNote.startsWith(makerPrefix) && { makerNote: makerNote.slice(makerPrefix.length) }),
    ...(userComment && { userComment }),
  }
}

/** Bytes per value of TIFF's types 1 to 12. */
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

function entriesAt(view: DataView, start: number, littleEndian: boolean): Map<number, Uint8Array> {
  const entries = new Map<number, Uint8Array>()
  if (start + 2 > view.byteLength) return entries
  const count = view.getUint16(start, littleEndian)
  for (let i = 0; i < count; i++) {
    const field = start + 2 + i * 12
    if (field + 12 > view.byteLength) break
    const length = (typeSizes[view.getUint16(field + 2, littleEndian)] ?? 0) * view.getUint32(field + 4, littleEndian)
    const at = length <= 4 ? field + 8 : view.getUint32(field + 8, littleEndian)
    if (at + length <= view.byteLength)
      entries.set(view.getUint16(field, littleEndian), new Uint8Array(view.buffer, view.byteOffset + at, length))
  }
  return entries
}

/** A UserComment says its encoding in eight bytes. A1111 writes UTF-16, big-endian whatever the block says. */
function commentOf(bytes: Uint8Array | undefined, littleEndian: boolean): string | undefined {
  if (!bytes || bytes.length < 8) return undefined
  const body = bytes.subarray(8)
  if (latin1(bytes.subarray(0, 5)) === 'ASCII') return latin1(body)
  if (latin1(bytes.subarray(0, 7)) !== 'UNICODE') return undefined
  // Text of Latin letters shows its byte order: the zeros stand in front of the letters or behind them.
  const zerosFirst = body.filter((byte, index) => byte === 0 && index % 2 === 0).length
  const zerosSecond = body.filter((byte, index) => byte === 0 && index % 2 === 1).length
  const little = zerosFirst === zerosSecond ? littleEndian : zerosSecond > zerosFirst
  return new TextDecoder(little ? 'utf-16le' : 'utf-16be').decode(body)
}

function unicode(text: string): Uint8Array {
  const bytes = new Uint8Array(8 + text.length * 2)
  bytes.set(ascii('UNICODE\0'))
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < text.length; i++) view.setUint16(8 + i * 2, text.charCodeAt(i))
  return bytes
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const latin1 = (bytes: Uint8Array | undefined): string => new TextDecoder('latin1').decode(bytes)

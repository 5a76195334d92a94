import { printable } from '../weights/checkpoint-error.js'
import { inflate, joined } from './inflate.js'
import { MediaError } from './media-error.js'
import { longestProvenance } from './provenance.js'

/** One chunk of a PNG: four letters and what it holds. */
export interface PngChunk {
  readonly type: string
  readonly data: Uint8Array
}

const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)

/** Chunks that are looked at in one file; a picture in chunks of 8 KB has 32,768 of them at 256 MB. */
const mostChunks = 1 << 16

/** Text chunks that are read in one file. */
const mostTexts = 64

/** The longest of them that is read, in bytes. ComfyUI's workflows reach a megabyte. */
export const longestText = 4 * longestProvenance

/**
 * The chunks of a PNG up to its end mark, as views into `bytes`. Throws `MediaTruncated` where a chunk is longer than the file,
 * `MediaInvalid` where the type is no type or the checksum of a chunk that matters is wrong, `MediaTooLarge` for a flood of chunks.
 */
export function readChunks(bytes: Uint8Array, file: string): PngChunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks: PngChunk[] = []
  const truncated = (expected: string, found: string) =>
    new MediaError({ code: 'MediaTruncated', file, expected, found, hint: 'Download or save it again' })
  for (let at = signature.length; ; ) {
    if (at + 12 > bytes.length) throw truncated('a PNG picture that ends with an IEND chunk', `its end after ${chunks.length} chunks`)
    const length = view.getUint32(at)
    const typed = bytes.subarray(at + 4, at + 8)
    const type = String.fromCharCode(...typed)
    if (!/^[A-Za-z]{4}$/.test(type))
      throw new MediaError({ code: 'MediaInvalid', file, expected: `a PNG chunk at byte ${at}`, found: `the type "${printable(type)}"` })
    const end = at + 8 + length
    if (end + 4 > bytes.length)
      throw truncated(`${length.toLocaleString('en')} bytes in the chunk ${type}`, (bytes.length - at - 8).toLocaleString('en'))
    // Upper case in front means that the picture cannot be understood without the chunk. Others may be as damaged as they like.
    if (type.charCodeAt(0) < 0x61 && view.getUint32(end) !== crc32(bytes.subarray(at + 4, end)))
      throw new MediaError({
        code: 'MediaInvalid',
        file,
        expected: `a chunk ${type} that fits its checksum`,
        found: 'one that was changed on its way',
        hint: 'Download or save it again',
      })
    chunks.push({ type, data: bytes.subarray(at + 8, end) })
    if (type === 'IEND') return chunks
    if (chunks.length > mostChunks)
      throw new MediaError({
        code: 'MediaTooLarge',
        file,
        expected: `at most ${mostChunks.toLocaleString('en')} chunks`,
        found: 'more',
        hint: 'Save it again with another program',
      })
    at = end + 4
  }
}

/** A PNG file from its chunks. */
export function writeChunks(chunks: readonly PngChunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { data }) => sum + 12 + data.length, signature.length))
  const view = new DataView(bytes.buffer)
  bytes.set(signature)
  let at = signature.length
  for (const { type, data } of chunks) {
    view.setUint32(at, data.length)
    for (let i = 0; i < 4; i++) bytes[at + 4 + i] = type.charCodeAt(i)
    bytes.set(data, at + 8)
    view.setUint32(at + 8 + data.length, crc32(bytes.subarray(at + 4, at + 8 + data.length)))
    at += 12 + data.length
  }
  return bytes
}

/** Text under a keyword: `tEXt` if Latin-1 can spell it, the international `iTXt`, uncompressed, if not. */
export function textChunk(keyword: string, text: string): PngChunk {
  if (/^[\t\n\x20-\x7e\xa0-\xff]*$/.test(text)) return { type: 'tEXt', data: latin1Bytes(`${keyword}\0${text}`) }
  const head = latin1Bytes(`${keyword}\0\0\0\0\0`) // Not compressed, method 0, no language, no translated keyword.
  return { type: 'iTXt', data: joined([head, new TextEncoder().encode(text)]) }
}

/**
 * The texts of a PNG by keyword, of all three kinds, the first of each keyword. A damaged or endless text is skipped: what strangers
 * wrote beside a picture must not keep it from being read.
 */
export async function readTexts(chunks: readonly PngChunk[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  const candidates = chunks.filter(({ type, data }) => /^(tEXt|zTXt|iTXt)$/.test(type) && data.length <= longestText)
  for (const { type, data } of candidates.slice(0, mostTexts)) {
    const zero = data.indexOf(0)
    if (zero < 1 || zero > 79) continue
    const keyword = latin1(data.subarray(0, zero))
    const text = await textOf(type, data.subarray(zero + 1))
    if (text !== undefined && !texts.has(keyword)) texts.set(keyword, text)
  }
  return texts
}

async function textOf(type: string, data: Uint8Array): Promise<string | undefined> {
  if (type === 'tEXt') return latin1(data)
  if (type === 'zTXt') {
    const inflated = await inflate(data.subarray(1), longestText)
    return inflated && latin1(inflated)
  }
  const [compressed] = data
  const language = data.indexOf(0, 2)
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1)
  if (translated < 0) return undefined
  const body = data.subarray(translated + 1)
  const utf8 = compressed === 1 ? await inflate(body, longestText) : body
  return utf8 && new TextDecoder().decode(utf8)
}

const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

const latin1Bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** CRC-32 as PNG, zip and gzip use it (reflected polynomial 0xedb88320). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (let i = 0; i < bytes.length; i++) crc = (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffff_ffff) >>> 0
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1
  return crc
})

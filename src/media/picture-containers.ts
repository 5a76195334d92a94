import { joined } from './inflate.js'
import { MediaError } from './media-error.js'
import { longestProvenance } from './provenance.js'
import { mediaFormats } from './sniff.js'

/** What the container of a JPEG, WebP or GIF says without decoding a pixel. */
export interface PictureHeader {
  readonly width: number
  readonly height: number
  readonly frames: number
  /** The first EXIF block, from its TIFF header. */
  readonly exif?: Uint8Array
  /** The comments of a GIF. */
  readonly comments: readonly string[]
}

/** Parts (segments, chunks, blocks) that are looked at in one file. */
const mostParts = 1 << 16

/**
 * Reads a header; throws `MediaTruncated` or `MediaInvalid`. `file` is what errors call it. All the frames of an animation are
 * counted, which takes a walk over the whole file's parts but none of their content.
 */
export function readPictureHeader(bytes: Uint8Array, format: 'jpeg' | 'webp' | 'gif', file: string): PictureHeader {
  const fail: Fail = (code, expected, found) =>
    new MediaError({ code, file, expected, found, hint: code === 'MediaTooLarge' ? undefined : 'Download or save it again' })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const header = readers[format](bytes, view, fail)
    if (header.width > 0 && header.height > 0) return header
    throw fail('MediaInvalid', 'a picture with pixels', `${header.width} × ${header.height}`)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause // A view refuses to read behind its end.
    throw fail('MediaTruncated', `${mediaFormats[format].title}, whole`, `its end after ${bytes.length.toLocaleString('en')} bytes`)
  }
}

type Fail = (code: 'MediaTruncated' | 'MediaInvalid' | 'MediaTooLarge', expected: string, found: string) => MediaError
type Reader = (bytes: Uint8Array, view: DataView, fail: Fail) => PictureHeader

const readers: Record<'jpeg' | 'webp' | 'gif', Reader> = { jpeg: readJpeg, webp: readWebp, gif: readGif }

function readJpeg(bytes: Uint8Array, view: DataView, fail: Fail): PictureHeader {
  let exif: Uint8Array | undefined
  for (let at = 2, parts = 0; parts < mostParts; parts++) {
    if (view.getUint8(at) !== 0xff) throw fail('MediaInvalid', `a JPEG marker at byte ${at}`, `the byte ${view.getUint8(at)}`)
    const marker = view.getUint8(at + 1)
    if (marker === 0xff)
      at += 1 // A filling byte.
    else if (marker === 0xda || marker === 0xd9) throw fail('MediaInvalid', 'the size of a JPEG picture before its pixels', 'none')
    else {
      const length = view.getUint16(at + 2)
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
      if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5), frames: 1, comments: [], ...(exif && { exif }) }
      const body = bytes.subarray(at + 4, at + 2 + length)
      if (marker === 0xe1 && startsWith(body, 'Exif\0\0')) exif ??= body.subarray(6)
      at += 2 + Math.max(length, 2)
    }
  }
  throw fail('MediaTooLarge', `at most ${mostParts.toLocaleString('en')} segments`, 'more')
}

function readWebp(bytes: Uint8Array, view: DataView, fail: Fail): PictureHeader {
  const { chunks, length } = webpChunks(bytes, view)
  if (length > bytes.length) throw fail('MediaTruncated', `${length.toLocaleString('en')} bytes`, bytes.length.toLocaleString('en'))
  if (chunks.length > mostParts) throw fail('MediaTooLarge', `at most ${mostParts.toLocaleString('en')} chunks`, 'more')
  const exif = chunks.find(({ type }) => type === 'EXIF')?.body
  const rest = { comments: [], ...(exif && { exif: startsWith(exif, 'Exif\0\0') ? exif.subarray(6) : exif }) }
  const [first] = chunks
  if (!first) throw fail('MediaTruncated', 'a WebP picture with a chunk', 'none')
  const size = webpSize(first)
  if (!size) throw fail('MediaInvalid', 'a WebP picture that begins with a VP8, VP8L or VP8X chunk', `"${first.type}"`)
  const frames = chunks.filter(({ type }) => type === 'ANMF')
  return { ...size, frames: Math.max(1, frames.length), ...rest }
}

interface WebpChunk {
  readonly type: string
  readonly body: Uint8Array
}

/** The chunks, one more than `mostParts` at most, and the file's length in bytes as its head states it. */
function webpChunks(bytes: Uint8Array, view: DataView): { chunks: WebpChunk[]; length: number } {
  const length = view.getUint32(4, true) + 8
  const chunks: WebpChunk[] = []
  for (let at = 12; at + 8 <= Math.min(length, bytes.length) && chunks.length <= mostParts; ) {
    const size = view.getUint32(at + 4, true)
    chunks.push({ type: String.fromCharCode(...bytes.subarray(at, at + 4)), body: bytes.subarray(at + 8, at + 8 + size) })
    at += 8 + size + (size & 1)
  }
  return { chunks, length }
}

function webpSize({ type, body }: WebpChunk): { width: number; height: number } | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  if (type === 'VP8X') return { width: 1 + uint24(view, 4), height: 1 + uint24(view, 7) }
  if (type === 'VP8 ') return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff }
  if (type !== 'VP8L') return undefined
  const packed = view.getUint32(1, true) // Fourteen bits each, less one.
  return { width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) }
}

function readGif(bytes: Uint8Array, view: DataView, fail: Fail): PictureHeader {
  const comments: string[] = []
  let frames = 0
  let at = 13 + paletteLength(view.getUint8(10))
  for (let parts = 0; parts < mostParts; parts++) {
    const kind = view.getUint8(at)
    if (kind === 0x3b) break
    if (kind === 0x2c) {
      frames++
      const { end } = subBlocks(bytes, view, at + 11 + paletteLength(view.getUint8(at + 9)), false)
      at = end
    } else if (kind === 0x21) {
      const isComment = view.getUint8(at + 1) === 0xfe && comments.length < 16
      const { end, text } = subBlocks(bytes, view, at + 2, isComment)
      if (isComment) comments.push(text)
      at = end
    } else throw fail('MediaInvalid', `a GIF block at byte ${at}`, `the byte ${kind}`)
  }
  if (frames === 0) throw fail('MediaInvalid', 'a GIF with a picture', 'none')
  return { width: view.getUint16(6, true), height: view.getUint16(8, true), frames, comments }
}

const paletteLength = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

function subBlocks(bytes: Uint8Array, view: DataView, start: number, keep: boolean): { end: number; text: string } {
  let at = start
  let text = ''
  for (let size = view.getUint8(at); size !== 0; size = view.getUint8(at)) {
    if (keep && text.length <= longestProvenance) text += String.fromCharCode(...bytes.subarray(at + 1, at + 1 + size))
    at += 1 + size
  }
  return { end: at + 1, text }
}

/** The JPEG with an EXIF segment behind its first marker. An EXIF segment holds 64 KB at most. */
export function withJpegExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const length = 2 + 6 + exif.length
  if (length > 0xffff)
    throw new MediaError({
      code: 'MediaTooLarge',
      action: 'write',
      file: mediaFormats.jpeg.title,
      expected: 'a provenance that fits the 65,533 bytes of an EXIF segment',
      found: `${length.toLocaleString('en')} bytes`,
      hint: 'Write PNG or WebP, which have room for more',
    })
  const head = Uint8Array.of(0xff, 0xe1, length >> 8, length & 0xff, ...ascii('Exif\0\0'))
  return joined([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)])
}

/** The WebP in its extended form, with an EXIF chunk at its end. */
export function withWebpExif(webp: Uint8Array, exif: Uint8Array): Uint8Array {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength)
  const chunks = webpChunks(webp, view).chunks.filter(({ type }) => type !== 'EXIF')
  const [first] = chunks as [WebpChunk]
  if (first.type !== 'VP8X') chunks.unshift(extendedHead(first))
  const head = Uint8Array.from((chunks[0] as WebpChunk).body)
  head[0] = (head[0] as number) | 0x08
  chunks[0] = { type: 'VP8X', body: head }
  chunks.push({ type: 'EXIF', body: exif })
  const body = joined(chunks.flatMap(({ type, body }) => [ascii(type), uint32(body.length), body, new Uint8Array(body.length & 1)]))
  return joined([ascii('RIFF'), uint32(4 + body.length), ascii('WEBP'), body])
}

/** The head that a plain WebP lacks: flags, three empty bytes, and width and height less one in 24 bits each. */
function extendedHead(first: WebpChunk): WebpChunk {
  const { width, height } = webpSize(first) as { width: number; height: number }
  const body = new Uint8Array(10)
  const view = new DataView(body.buffer)
  // Only the lossless form has alpha without an extended head; a bit says whether it is used.
  const hasAlpha = first.type === 'VP8L' && ((first.body[4] as number) & 0x10) !== 0
  body[0] = hasAlpha ? 0x10 : 0
  view.setUint32(4, width - 1, true)
  view.setUint16(7, (height - 1) & 0xffff, true)
  body[9] = (height - 1) >> 16
  return { type: 'VP8X', body }
}

/** The GIF with a comment in front of its end mark. The comment is ASCII. */
export function withGifComment(gif: Uint8Array, comment: string): Uint8Array {
  const text = ascii(comment)
  const parts: Uint8Array[] = [Uint8Array.of(0x21, 0xfe)]
  for (let at = 0; at < text.length; at += 255) {
    const part = text.subarray(at, at + 255)
    parts.push(Uint8Array.of(part.length), part)
  }
  return joined([gif.subarray(0, -1), ...parts, Uint8Array.of(0, 0x3b)])
}

const uint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)

const uint32 = (value: number): Uint8Array => new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24])

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const startsWith = (bytes: Uint8Array, text: string): boolean => ascii(text).every((byte, index) => bytes[index] === byte)

import { type DecodedPng, decode, encode } from 'fast-png'
import { a1111Parameters } from './a1111.js'
import { assertImage, type Image, imageOf } from './image.js'
import { inflatedLength, joined } from './inflate.js'
import { assertPictureWithin, assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { type PngChunk, readChunks, textChunk, writeChunks } from './png-chunks.js'
import { type Provenance, provenanceText } from './provenance.js'

/** Where our provenance lies among the text chunks of a PNG. */
export const provenanceKeyword = 'genera'

/** A PNG file; lossless. The provenance lies in front of the pixels, so that a file cut off in the middle still tells its story. */
export function encodePng(image: Image, { provenance }: { provenance?: Provenance | undefined } = {}): Uint8Array {
  assertImage(image)
  const { width, height, channels, data } = image
  const plain = encode({ width, height, channels, data, depth: 8 })
  if (!provenance) return plain
  const [header, ...rest] = readChunks(plain, 'a PNG picture') as [PngChunk, ...PngChunk[]]
  const parameters = a1111Parameters(provenance, image)
  const texts = [textChunk(provenanceKeyword, provenanceText(provenance, 'a PNG picture'))]
  if (parameters !== undefined) texts.push(textChunk('parameters', parameters))
  return writeChunks([header, ...texts, ...rest])
}

/**
 * The picture of a PNG file of any colour type and depth, as 8-bit sRGB; of an animated one, the first picture. Samples are taken
 * for sRGB as they stand: a profile or a gamma in the file is not applied, as it is for JPEG and WebP.
 * Throws a `MediaError`.
 */
export async function decodePng(
  bytes: Uint8Array,
  { limits, name = 'a PNG picture' }: { limits?: Partial<MediaLimits> | undefined; name?: string | undefined } = {},
): Promise<Image> {
  const allowed = withDefaults(limits)
  assertWithin(allowed, 'bytes', bytes.length, name)
  const chunks = readChunks(bytes, name)
  const header = headerOf(chunks, name)
  assertPictureWithin(allowed, header, name)
  const pixels: PngChunk = { type: 'IDAT', data: joined(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)) }
  // The decoder unfolds whatever the stream holds, so the stream is measured against the header first.
  const needed = unfoldedLength(header)
  const found = await inflatedLength(pixels.data, needed)
  if (found !== needed)
    throw new MediaError({
      code: found < needed ? 'MediaTruncated' : 'MediaInvalid',
      file: name,
      expected: `${needed.toLocaleString('en')} bytes of pixels for ${header.width} × ${header.height}`,
      found: found < needed ? found.toLocaleString('en') : 'more',
      hint: 'Download or save it again',
    })
  // Only what the pixels need goes on: profiles and texts are compressed too, and nobody asked for them.
  const first = (type: string) => chunks.filter((chunk) => chunk.type === type).slice(0, 1)
  // What tRNS means depends on the colour type: the alphas of a palette, or the one colour that is clear.
  const alphas = header.palette ? first('tRNS') : []
  const clearColour = header.palette ? undefined : first('tRNS')[0]?.data
  const minimal = writeChunks([...first('IHDR'), ...first('PLTE'), ...alphas, pixels, { type: 'IEND', data: new Uint8Array(0) }])
  try {
    return samplesOf(decode(minimal), header.palette, clearColour)
  } catch (cause) {
    if (cause instanceof MediaError) throw cause
    throw new MediaError({
      code: 'MediaInvalid',
      file: name,
      expected: 'a PNG picture, whole and sound',
      found: `pixels that the decoder refuses: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    })
  }
}

interface PngHeader {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly channels: number
  readonly palette: boolean
  readonly interlaced: boolean
}

/** Channels by colour type (grey, colour, palette, grey and alpha, colour and alpha), and the depths that each allows. */
const colourTypes: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
}

function headerOf(chunks: readonly PngChunk[], file: string): PngHeader {
  const fail = (expected: string, found: string, code: 'MediaInvalid' | 'MediaUnsupported' = 'MediaInvalid') =>
    new MediaError({ code, file, expected, found, hint: 'Save it again with another program' })
  const [first] = chunks
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw fail('an IHDR chunk of 13 bytes first', `${first?.type}`)
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [depth, colourType, interlace] = [view.getUint8(8), view.getUint8(9), view.getUint8(12)]
  if (width === 0 || height === 0) throw fail('a picture with pixels', `${width} × ${height}`)
  const kind = colourTypes[colourType]
  if (!kind?.depths.includes(depth)) throw fail('a colour type and a depth that PNG knows', `type ${colourType} at ${depth} bits`)
  if (view.getUint8(10) !== 0 || view.getUint8(11) !== 0 || interlace > 1)
    throw fail('the methods that PNG knows', `${[10, 11, 12].map((at) => view.getUint8(at)).join(', ')}`)
  if (interlace === 1 && depth < 8) throw fail('8 or 16 bits where rows are interlaced', `${depth}`, 'MediaUnsupported')
  return { width, height, depth, channels: kind.channels, palette: colourType === 3, interlaced: interlace === 1 }
}

/** First column and row, and the steps across and down, of Adam7's seven passes. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/** Bytes of all rows together, each with its filter in front. */
function unfoldedLength({ width, height, depth, channels, interlaced }: PngHeader): number {
  const rows = (across: number, down: number) => (across === 0 ? 0 : down * (1 + Math.ceil((across * channels * depth) / 8)))
  if (!interlaced) return rows(width, height)
  const counted = (size: number, first: number, step: number) => Math.max(0, Math.ceil((size - first) / step))
  return passes.reduce((sum, [x, y, across, down]) => sum + rows(counted(width, x, across), counted(height, y, down)), 0)
}

/** 8-bit samples with their colours looked up and their transparency spelled out. */
function samplesOf(png: DecodedPng, indexed: boolean, clearColour: Uint8Array | undefined): Image {
  const { width, height, depth, palette = [] } = png
  const pixels = width * height
  const samples = depth < 8 ? unpacked(png) : png.data
  if (indexed) {
    const channels = palette.some((entry) => entry.length === 4) ? 4 : 3
    const data = new Uint8Array(pixels * channels)
    for (let i = 0; i < pixels; i++) {
      const entry = palette[samples[i] as number]
      if (!entry) throw new RangeError(`colour ${samples[i]} of a palette of ${palette.length}`)
      for (let c = 0; c < channels; c++) data[i * channels + c] = entry[c] as number
    }
    return imageOf(data, { width, height, channels })
  }
  // The clear colour is spelled in the file's own depth, two bytes a sample, so it is compared before the depth changes.
  const keyed = clearColour?.length === png.channels * 2
  const key = keyed
    ? Array.from({ length: png.channels }, (_, c) => (clearColour[c * 2] as number) * 256 + (clearColour[c * 2 + 1] as number))
    : []
  const channels = png.channels + (keyed ? 1 : 0)
  const largest = 2 ** depth - 1
  const data = new Uint8Array(pixels * channels)
  for (let i = 0; i < pixels; i++) {
    let clear = keyed
    for (let c = 0; c < png.channels; c++) {
      const sample = samples[i * png.channels + c] as number
      data[i * channels + c] = depth === 8 ? sample : Math.round((sample * 255) / largest)
      if (sample !== key[c]) clear = false
    }
    if (keyed) data[i * channels + png.channels] = clear ? 0 : 255
  }
  return imageOf(data, { width, height, channels })
}

/** One sample per byte from rows of 1, 2 or 4 bits per pixel; every row begins on a new byte. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const samples = new Uint8Array(width * height)
  const rowBytes = Math.ceil((width * depth) / 8)
  const mask = 2 ** depth - 1
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth
      samples[i] = ((data[y * rowBytes + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) & mask
    }
  return samples
}

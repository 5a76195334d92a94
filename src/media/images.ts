import { a1111Parameters } from './a1111.js'
import type { AnimationEncoding } from './codecs.js'
import { encodeExif } from './exif.js'
import { assertImage, flattenAlpha, type Image, withAlpha } from './image.js'
import { assertPictureWithin, assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { readPictureHeader, withGifComment, withJpegExif, withWebpExif } from './picture-containers.js'
import { decodePng, encodePng } from './png.js'
import { type Provenance, provenanceText } from './provenance.js'
import { expectFormat, mediaFormats } from './sniff.js'
import type { Video } from './video.js'

export interface MediaDecoding {
  /** In place of the defaults. */
  readonly limits?: Partial<MediaLimits>
  /** The file's name, for errors; its ending must fit the content. */
  readonly name?: string
}

/**
 * The picture in a PNG, JPEG, WebP or GIF file: upright as its EXIF orientation says, in sRGB, the first frame if it moves.
 * Throws a `MediaError`; sizes are checked against the limits before a pixel is decoded.
 */
export async function decodeImage(bytes: Uint8Array, { limits, name }: MediaDecoding = {}): Promise<Image> {
  const format = expectFormat(bytes, ['png', 'jpeg', 'webp', 'gif'], name)
  const file = name ?? mediaFormats[format].title
  if (format === 'png') return decodePng(bytes, { limits, name: file })
  const allowed = withDefaults(limits)
  assertWithin(allowed, 'bytes', bytes.length, file)
  const { width, height } = readPictureHeader(bytes, format, file)
  assertPictureWithin(allowed, { width, height }, file)
  const { codecs } = await import('#codecs')
  const { frames } = await codecs.decodePictures(bytes, { format, frames: 'first', limits: allowed, name: file })
  return frames[0] as Image
}

export interface ImageEncoding {
  readonly format: 'png' | 'jpeg' | 'webp'
  /** From 1 to 100, 92 if left out; at 100 WebP is lossless. PNG is always lossless. */
  readonly quality?: number
  /** How the picture was made, to be embedded. */
  readonly provenance?: Provenance | undefined
}

/** A picture file. JPEG has no alpha: a picture that has is laid on white. */
export async function encodeImage(image: Image, { format, quality = 92, provenance }: ImageEncoding): Promise<Uint8Array> {
  assertImage(image)
  assertQuality(quality, format)
  if (format === 'png') return encodePng(image, { provenance })
  const exif = provenance && exifOf(provenance, image, format)
  const { codecs } = await import('#codecs')
  const encoded = await codecs.encodePicture(format === 'jpeg' ? flattenAlpha(image) : image, { format, quality })
  if (!exif) return encoded
  return format === 'jpeg' ? withJpegExif(encoded, exif) : withWebpExif(encoded, exif)
}

export interface AnimationOptions extends Pick<AnimationEncoding, 'format'> {
  /** Frames per second. GIF counts in hundredths of a second and WebP in thousandths: rounding is spread so that the whole length fits. */
  readonly frameRate: number
  /** For WebP, from 1 to 100, 92 if left out; at 100 it is lossless. */
  readonly quality?: number
  readonly provenance?: Provenance | undefined
}

/**
 * An animation without sound that repeats for ever, from frames of one size. A GIF has 256 colours and no half-clear pixels. A WebP
 * keeps equal neighbours as one longer frame, so that one in which nothing moves becomes a still picture.
 */
export async function encodeAnimation(
  frames: readonly Image[],
  { format, frameRate, quality = 92, provenance }: AnimationOptions,
): Promise<Uint8Array> {
  const fail = (expected: string, found: string) =>
    new MediaError({ code: 'MediaInvalid', action: 'write', file: mediaFormats[format].title, expected, found })
  const [first] = frames
  if (!first) throw fail('at least one frame', 'none')
  const fastest = 1000 / tick[format]
  if (!(frameRate > 0 && frameRate <= fastest)) throw fail(`a frame rate above 0 and up to ${fastest} a second`, String(frameRate))
  assertQuality(quality, format)
  for (const [index, frame] of frames.entries()) {
    assertImage(frame)
    if (frame.width !== first.width || frame.height !== first.height)
      throw fail(`frames of ${first.width} × ${first.height}`, `${frame.width} × ${frame.height} at frame ${index}`)
  }
  const note = provenance && (format === 'gif' ? provenanceText(provenance, mediaFormats.gif.title) : exifOf(provenance, first, format))
  // One frame with alpha makes an animation with alpha.
  const alike = frames.some(({ channels }) => channels === 4) ? frames.map(withAlpha) : frames
  const { codecs } = await import('#codecs')
  const encoded = await codecs.encodeAnimation(alike, { format, quality, delays: evenDelays(frames.length, frameRate, tick[format]) })
  if (note === undefined) return encoded
  return typeof note === 'string' ? withGifComment(encoded, note) : withWebpExif(encoded, note)
}

/**
 * The frames of a GIF or WebP file; a still picture is one frame of one second. Frames that stand unevenly long are repeated, so
 * that an even rate shows each as long as the file says. Throws a `MediaError`.
 */
export async function decodeAnimation(bytes: Uint8Array, { limits, name }: MediaDecoding = {}): Promise<Video> {
  const format = expectFormat(bytes, ['gif', 'webp'], name)
  const file = name ?? mediaFormats[format].title
  const allowed = withDefaults(limits)
  assertWithin(allowed, 'bytes', bytes.length, file)
  const header = readPictureHeader(bytes, format, file)
  assertPictureWithin(allowed, header, file)
  const { codecs } = await import('#codecs')
  const { frames, delays } = await codecs.decodePictures(bytes, { format, frames: 'all', limits: allowed, name: file })
  if (frames.length < 2) return { frameRate: 1, frames }
  return evenly(frames, delays, tick[format], allowed.frames)
}

/** What the formats count in, in milliseconds. */
const tick = { gif: 10, webp: 1 } as const

/** Delays in whole ticks whose sum is the animation's length, rounded once. In milliseconds. */
export function evenDelays(count: number, frameRate: number, tick: number): number[] {
  const at = (index: number) => Math.round((index * 1000) / frameRate / tick) * tick
  return Array.from({ length: count }, (_, index) => at(index + 1) - at(index))
}

/** An even film from frames with delays in milliseconds. */
export function evenly(frames: readonly Image[], delays: readonly number[], tick: number, mostFrames: number): Video {
  // Browsers show delays of 0 and of one hundredth as a tenth of a second, and so files are made that rely on it.
  const shown = frames.map((_, index) => ((delays[index] ?? 0) <= 10 && tick === 10 ? 100 : Math.max(delays[index] ?? 0, 1)))
  const total = shown.reduce((sum, delay) => sum + delay, 0)
  const mean = total / frames.length
  if (shown.every((delay) => Math.abs(delay - mean) <= tick)) {
    // Delays that differ by rounding alone: take the whole rate if the length could have come from it.
    const rate = 1000 / mean
    const whole = Math.round(rate)
    const fits = whole > 0 && Math.abs((frames.length * 1000) / whole - total) <= tick / 2
    return { frameRate: fits ? whole : rate, frames }
  }
  const common = shown.reduce(greatestCommonDivisor)
  const step = Math.max(common, total / mostFrames)
  const ends: number[] = []
  for (const delay of shown) ends.push((ends.at(-1) ?? 0) + delay)
  const repeated: Image[] = []
  for (let index = 0, time = step / 2; time < total; time += step) {
    while (time >= (ends[index] as number)) index++
    repeated.push(frames[index] as Image)
  }
  return { frameRate: 1000 / step, frames: repeated }
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

/** Our JSON and, for a prompt-driven picture, A1111's text. */
function exifOf(provenance: Provenance, image: Image, format: 'jpeg' | 'webp'): Uint8Array {
  const userComment = a1111Parameters(provenance, image)
  const makerNote = provenanceText(provenance, mediaFormats[format].title)
  return encodeExif({ makerNote, ...(userComment !== undefined && { userComment }) }, 'genera')
}

function assertQuality(quality: number, format: keyof typeof mediaFormats): void {
  if (quality >= 1 && quality <= 100 && Number.isInteger(quality)) return
  const { title: file } = mediaFormats[format]
  throw new MediaError({ code: 'MediaInvalid', action: 'write', file, expected: 'a whole quality from 1 to 100', found: String(quality) })
}

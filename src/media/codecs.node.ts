import type sharp from 'sharp'
import type { Codecs, PictureDecoding } from './codecs.js'
import { type Image, imageOf } from './image.js'
import { MediaError } from './media-error.js'
import { mediaFormats } from './sniff.js'

/** Node decodes and encodes pictures with sharp, an optional dependency that is loaded when the first picture needs it. */
export const codecs: Codecs = {
  async decodePictures(bytes, options) {
    const { format, frames, limits } = options
    const open = await loadSharp('read', mediaFormats[format].title)
    const input = open(bytes, {
      animated: frames === 'all',
      // The headers have been read by now; this holds for a decoder that finds another size in the stream than they promise.
      limitInputPixels: frames === 'first' ? whole(limits.pixels) : whole(limits.decodedBytes / 4),
      failOn: 'error',
    })
    try {
      const { delay = [], format: found } = await input.metadata()
      if (found !== format) throw new Error(`it decodes as ${String(found)}`)
      // Turning concerns still pictures alone: sharp refuses to turn an animation, whose EXIF nobody honours either.
      const upright = frames === 'first' ? input.autoOrient() : input
      const { data, info } = await upright.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
      const height = info.pageHeight ?? info.height
      return { frames: pages(data, info.width, height, info.channels), delays: frames === 'all' ? delay : [] }
    } catch (cause) {
      throw refusal(cause, options)
    }
  },

  async encodePicture(image, { format, quality }) {
    const open = await loadSharp('write', mediaFormats[format].title)
    const { data, width, height, channels } = image
    const pipeline = open(data, { raw: { width, height, channels }, limitInputPixels: false })
    const encoded =
      format === 'jpeg'
        ? pipeline.jpeg({ quality, chromaSubsampling: quality < 90 ? '4:2:0' : '4:4:4' })
        : pipeline.webp({ quality, lossless: quality === 100, exact: true })
    return own(await encoded.toBuffer())
  },

  async encodeAnimation(frames, { format, quality, delays }) {
    const open = await loadSharp('write', mediaFormats[format].title)
    const [{ width, height, channels }] = frames as [Image]
    const strip = new Uint8Array(frames.length * width * height * channels)
    for (const [index, frame] of frames.entries()) strip.set(frame.data, index * width * height * channels)
    const pipeline = open(strip, {
      raw: { width, height: height * frames.length, channels, pageHeight: height },
      limitInputPixels: false,
    })
    const timing = { delay: [...delays], loop: 0 }
    const encoded =
      format === 'gif'
        ? pipeline.gif({ ...timing, interFrameMaxError: 0, keepDuplicateFrames: true })
        : pipeline.webp({ ...timing, quality, lossless: quality === 100, exact: true })
    return own(await encoded.toBuffer())
  },

  async webCodecs(action, file) {
    if (typeof VideoEncoder !== 'undefined') return
    const found = await loadWebCodecs(action, file)
    // Only what is missing: a later Node, or the caller, may bring some of these along.
    for (const name of webCodecsNames)
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value: found[name], writable: true, configurable: true })
  },
}

const webCodecsNames = [
  'AudioData',
  'AudioDecoder',
  'AudioEncoder',
  'EncodedAudioChunk',
  'EncodedVideoChunk',
  'VideoColorSpace',
  'VideoDecoder',
  'VideoEncoder',
  'VideoFrame',
] as const

async function loadSharp(action: 'read' | 'write', file: string): Promise<typeof sharp> {
  try {
    return (await import('sharp')).default
  } catch (cause) {
    throw new MediaError({
      code: 'MediaCodecMissing',
      action,
      file,
      expected: 'the package sharp',
      found: 'none that loads',
      hint: 'Install it: npm install sharp. PNG needs no package',
      cause,
    })
  }
}

async function loadWebCodecs(action: 'read' | 'write', file: string): Promise<Record<(typeof webCodecsNames)[number], unknown>> {
  try {
    return await import('@napi-rs/webcodecs')
  } catch (cause) {
    throw new MediaError({
      code: 'MediaCodecMissing',
      action,
      file,
      expected: 'the package @napi-rs/webcodecs',
      found: 'none that loads',
      hint: 'Install it: npm install @napi-rs/webcodecs. WAV needs no package',
      cause,
    })
  }
}

/** Cuts a strip of frames that lie under one another. */
function pages(data: Uint8Array, width: number, height: number, channels: number): Image[] {
  const size = width * height * channels
  return Array.from({ length: data.length / size }, (_, page) =>
    imageOf(data.subarray(page * size, (page + 1) * size), { width, height, channels }),
  )
}

/** A plain array of its own: a Node buffer may share its memory with others. */
const own = (buffer: Uint8Array): Uint8Array => Uint8Array.from(buffer)

const whole = (pixels: number): number | false => (Number.isFinite(pixels) ? Math.floor(pixels) : false)

function refusal(cause: unknown, { name, format }: PictureDecoding): MediaError {
  if (cause instanceof MediaError) return cause
  const message = cause instanceof Error ? (cause.message.split('\n', 1)[0] as string) : String(cause)
  const truncated = /premature|truncated|unexpected end|end of (file|stream)|not enough|no more data/i.test(message)
  const tooLarge = /pixel limit|too large|exceeds/i.test(message)
  return new MediaError({
    code: truncated ? 'MediaTruncated' : tooLarge ? 'MediaTooLarge' : 'MediaInvalid',
    file: name,
    limit: tooLarge ? 'pixels' : undefined,
    expected: `${mediaFormats[format].title}, whole and sound`,
    found: `data that the decoder refuses: ${message}`,
    hint: tooLarge ? undefined : 'Download or save it again',
    cause,
  })
}

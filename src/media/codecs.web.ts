import type { Codecs, DecodedPictures, PictureDecoding } from './codecs.js'
import { type Image, imageOf, withAlpha } from './image.js'
import { assertPictureWithin } from './limits.js'
import { MediaError } from './media-error.js'
import { mediaFormats } from './sniff.js'

/**
 * Browsers decode and encode with what the page offers. The canvas that others draw on keeps colours multiplied by alpha, so that what is
 * nearly clear would lose its colour: pictures with alpha go round it where the browser has another way. The WebP that it writes
 * has no colour where nothing can be seen.
 */
export const codecs: Codecs = {
  async decodePictures(bytes, options) {
    const { format, frames, name } = options
    try {
      if (frames === 'all') return await decodeAnimation(bytes, options)
      const blob = new Blob([bytes as BlobPart], { type: mediaFormats[format].mediaType })
      const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image', premultiplyAlpha: 'none' })
      assertPictureWithin(options.limits, bitmap, name)
      return { frames: [await pixelsOf(bitmap, bitmap)], delays: [] }
    } catch (cause) {
      if (cause instanceof MediaError) throw cause
      throw new MediaError({
        code: 'MediaInvalid',
        file: name,
        expected: `${mediaFormats[format].title}, whole and sound`,
        found: `data that the browser refuses: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      })
    }
  },

  async encodePicture(image, { format, quality }) {
    const { mediaType, title } = mediaFormats[format]
    const canvas = new OffscreenCanvas(image.width, image.height)
    const pixels = new ImageData(new Uint8ClampedArray(withAlpha(image).data), image.width, image.height)
    // Handed over whole rather than drawn, pixels keep the colours that alpha hides.
    const drawing = canvas.getContext('bitmaprenderer') ?? noCanvas(canvas)
    drawing.transferFromImageBitmap(await createImageBitmap(pixels, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' }))
    // A canvas takes the quality from 0 to 1; WebP of quality 1 is lossless in Chromium, and PNG is what a browser gives in despair.
    const blob = await canvas.convertToBlob({ type: mediaType, quality: quality / 100 })
    if (blob.type !== mediaType) throw missing('write', title, 'encode to PNG instead')
    return new Uint8Array(await blob.arrayBuffer())
  },

  async encodeAnimation(_frames, { format }) {
    throw missing('write', `${mediaFormats[format].title} that moves`, 'encode a film as MP4 or WebM, or make the animation in Node')
  },

  async webCodecs(action, file) {
    if (typeof VideoEncoder !== 'undefined' && typeof AudioEncoder !== 'undefined') return
    throw missing(action, file, 'read and write WAV, or take a browser with WebCodecs')
  },
}

/** `ImageDecoder` is the only way to the frames of an animation, and not in every browser. */
async function decodeAnimation(bytes: Uint8Array, { format, limits, name }: PictureDecoding): Promise<DecodedPictures> {
  const { mediaType, title } = mediaFormats[format]
  if (typeof ImageDecoder === 'undefined' || !(await ImageDecoder.isTypeSupported(mediaType)))
    throw missing('read', `${title} that moves`, 'read its first frame as a picture, or read it in Node')
  const decoder = new ImageDecoder({ data: bytes as BufferSource, type: mediaType, preferAnimation: true })
  try {
    // All bytes are there at once, and "completed" before the decoder has looked at them.
    await decoder.tracks.ready
    await decoder.completed
    const count = decoder.tracks.selectedTrack?.frameCount ?? 1
    const frames: Image[] = []
    const delays: number[] = []
    for (let frameIndex = 0; frameIndex < count; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex })
      const { displayWidth: width, displayHeight: height } = image
      assertPictureWithin(limits, { width, height, frames: count }, name)
      delays.push((image.duration ?? 0) / 1000)
      frames.push(await pixelsOf(image, { width, height }))
    }
    return { frames, delays }
  } finally {
    decoder.close()
  }
}

/** The pixels of a source in sRGB; closes it. */
async function pixelsOf(source: ImageBitmap | VideoFrame, { width, height }: { width: number; height: number }): Promise<Image> {
  try {
    const canvas = new OffscreenCanvas(width, height)
    const drawing = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' }) ?? noCanvas(canvas)
    drawing.drawImage(source, 0, 0)
    const { data } = drawing.getImageData(0, 0, width, height)
    const drawn = imageOf(new Uint8Array(data.buffer), { width, height, channels: 4 })
    return drawn.channels === 4 ? ((await straightPixels(source, { width, height })) ?? drawn) : drawn
  } finally {
    source.close()
  }
}

/** The pixels without the detour over colours multiplied by alpha, where the browser has them as plain bytes in sRGB. */
async function straightPixels(source: ImageBitmap | VideoFrame, size: { width: number; height: number }): Promise<Image | undefined> {
  if (typeof VideoFrame === 'undefined') return undefined
  const frame = new VideoFrame(source, { timestamp: 0, alpha: 'keep' })
  try {
    const { format, visibleRect, colorSpace } = frame
    const isPlain = format === 'RGBA' || format === 'BGRA'
    if (!isPlain || colorSpace.primaries !== 'bt709' || colorSpace.transfer !== 'iec61966-2-1') return undefined
    if (visibleRect?.width !== size.width || visibleRect.height !== size.height) return undefined
    const data = new Uint8Array(size.width * size.height * 4)
    await frame.copyTo(data, { layout: [{ offset: 0, stride: size.width * 4 }] })
    if (format === 'BGRA') for (let i = 0; i < data.length; i += 4) [data[i], data[i + 2]] = [data[i + 2] as number, data[i] as number]
    return imageOf(data, { ...size, channels: 4 })
  } finally {
    frame.close()
  }
}

function noCanvas({ width, height }: OffscreenCanvas): never {
  throw missing('write', `a canvas of ${width} × ${height}`, 'take a smaller picture')
}

const missing = (action: 'read' | 'write', file: string, instead: string): MediaError =>
  new MediaError({
    code: 'MediaCodecMissing',
    action,
    file,
    expected: 'a browser that does it',
    found: 'one that does not',
    hint: `Here one can ${instead}`,
  })

import type { Codecs, DecodedPictures, PictureDecoding } from './codecs.js'
import { type Image, imageOf, withAlpha } from './image.js'
import { assertPictureWithin } from './limits.js'
import { MediaError } from './media-error.js'
import { mediaFormats } from './sniff.js'

/**
 * Browsers decode and encode with what the page offers. A canvas keeps colours multiplied by alpha, so that pixels that are nearly
 * transparent lose precision in their colour on the way; opaque pictures do not.
 */
export const codecs: Codecs = {
  async decodePictures(bytes, options) {
    const { format, frames, name } = options
    try {
      if (frames === 'all') return await decodeAnimation(bytes, options)
      const blob = new Blob([bytes as BlobPart], { type: mediaFormats[format].mediaType })
      const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image', premultiplyAlpha: 'none' })
      assertPictureWithin(options.limits, bitmap, name)
      return { frames: [pixelsOf(bitmap, bitmap.width, bitmap.height)], delays: [] }
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
    context(canvas).putImageData(pixels, 0, 0)
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
    await decoder.completed
    const count = decoder.tracks.selectedTrack?.frameCount ?? 1
    const frames: Image[] = []
    const delays: number[] = []
    for (let frameIndex = 0; frameIndex < count; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex })
      const { displayWidth: width, displayHeight: height } = image
      assertPictureWithin(limits, { width, height, frames: count }, name)
      delays.push((image.duration ?? 0) / 1000)
      frames.push(pixelsOf(image, width, height))
    }
    return { frames, delays }
  } finally {
    decoder.close()
  }
}

/** Draws, reads back and closes the source. */
function pixelsOf(source: ImageBitmap | VideoFrame, width: number, height: number): Image {
  const drawing = context(new OffscreenCanvas(width, height))
  drawing.drawImage(source, 0, 0)
  source.close()
  const { data } = drawing.getImageData(0, 0, width, height)
  return imageOf(new Uint8Array(data.buffer), { width, height, channels: 4 })
}

function context(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const drawing = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' })
  if (drawing) return drawing
  throw missing('write', `a canvas of ${canvas.width} × ${canvas.height}`, 'take a smaller picture')
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

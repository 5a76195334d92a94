import type { Image } from './image.js'
import type { MediaLimits } from './limits.js'

/** Pictures as a codec hands them over: upright, in sRGB, with straight alpha. A still picture is one frame. */
export interface DecodedPictures {
  readonly frames: readonly Image[]
  /** How long each frame stands, in milliseconds as the file gives them. Empty for a still picture. */
  readonly delays: readonly number[]
}

export interface PictureDecoding {
  readonly format: 'jpeg' | 'webp' | 'gif'
  /** The first frame only, or all of them. */
  readonly frames: 'first' | 'all'
  readonly limits: MediaLimits
  /** What errors call the file. */
  readonly name: string
}

export interface PictureEncoding {
  readonly format: 'jpeg' | 'webp'
  /** From 1 to 100. */
  readonly quality: number
}

export interface AnimationEncoding {
  readonly format: 'gif' | 'webp'
  /** From 1 to 100; GIF has none. */
  readonly quality: number
  /** In milliseconds, one per frame. */
  readonly delays: readonly number[]
}

/**
 * What a platform lends to the media: everything that neither TypeScript nor a portable library does well. `#codecs` is the Node
 * or the browser version. What the platform cannot do, or what is not installed, throws a `MediaError` "MediaCodecMissing".
 * Callers have sniffed the format and checked the limits that the headers tell.
 */
export interface Codecs {
  decodePictures(bytes: Uint8Array, options: PictureDecoding): Promise<DecodedPictures>
  /** `image` of any number of channels; JPEG has no alpha, so the caller has laid the picture on a ground. */
  encodePicture(image: Image, options: PictureEncoding): Promise<Uint8Array>
  /** `frames` are of one size and one number of channels. */
  encodeAnimation(frames: readonly Image[], options: AnimationEncoding): Promise<Uint8Array>
  /**
   * Sees to it that the global names of WebCodecs (`VideoEncoder`, `AudioDecoder`, …) stand, which the reading and writing of films, the
   * reading of AAC and the writing of compressed sound build on. `action` and `file` are for the error if they cannot.
   */
  webCodecs(action: 'read' | 'write', file: string): Promise<void>
}

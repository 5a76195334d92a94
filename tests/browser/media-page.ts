import {
  decodeAnimation,
  decodeAudio,
  decodeGlb,
  decodeImage,
  decodeVideo,
  describeMedia,
  encodeAnimation,
  encodeAudio,
  encodeGlb,
  encodeImage,
  encodePptx,
  encodeVideo,
  readProvenance,
} from '../../src/media/index.js'

/** The codecs as a page has them; they are there as `genera`. */
const page = {
  decodeAnimation,
  decodeAudio,
  decodeGlb,
  decodeImage,
  decodeVideo,
  describeMedia,
  encodeAnimation,
  encodeAudio,
  encodeGlb,
  encodeImage,
  encodePptx,
  encodeVideo,
  readProvenance,
}

export type Page = typeof page

Object.assign(globalThis, { genera: page })

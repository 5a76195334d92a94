/** The modalities as plain values, with their codecs, their limits, and the record of how a file was made. */
export { type A1111Parameters, a1111Parameters, parseA1111Parameters } from './a1111.js'
export {
  type Audio,
  amplify,
  concatenate,
  duration,
  fitTo,
  mix,
  normalise,
  peak,
  sampleCount,
  silence,
  toMono,
  toStereo,
} from './audio.js'
export { type BvhOptions, decodeBvh, type EulerOrder, encodeBvh, eulerOrders } from './bvh.js'
export { type Bullet, type Deck, type DeckChart, type DeckTable, type DeckTheme, nightTheme, paperTheme, type Slide } from './deck.js'
export { describeMedia, type MediaDescription } from './describe-media.js'
export { type Folder, type FolderOptions, type FolderRecord, type FolderSource, folder, type MediaKind, UnmatchedError } from './folders.js'
export { decodeGlb, encodeGlb } from './glb.js'
export { blankImage, byteFromLinear, crop, flattenAlpha, type Image, imageOf, linearFromByte, withAlpha } from './image.js'
export {
  type AnimationOptions,
  decodeAnimation,
  decodeImage,
  encodeAnimation,
  encodeImage,
  type ImageEncoding,
  type MediaDecoding,
} from './images.js'
export { defaultLimits, type MediaLimits } from './limits.js'
export { MediaError, type MediaErrorCode } from './media-error.js'
export {
  type Bounds,
  type Mesh,
  type MeshMaterial,
  type MeshPart,
  mergeMeshes,
  meshBounds,
  placed,
  triangleCount,
  withNormals,
} from './mesh.js'
export { frameCount, type Joint, jointPositions, type Motion } from './motion.js'
export { encodeMotionGlb } from './motion-glb.js'
export { encodePptx } from './pptx.js'
export { type DeckOutline, decodePptx } from './pptx-outline.js'
export { type Json, type Provenance, parseProvenance, provenanceText } from './provenance.js'
export { type ForeignProvenance, type FoundProvenance, readProvenance } from './read-provenance.js'
export { resample } from './resample.js'
export { type ResizeFilter, resizeImage } from './resize.js'
export { meanAbsoluteError } from './round-trip.js'
export type { Signal, SignalChannel, SignalEvent } from './signal.js'
export { decodeSignalCsv, encodeSignalCsv } from './signal-csv.js'
export { expectFormat, formatOfName, type MediaFormat, mediaFormats, sniffMedia } from './sniff.js'
export { type AudioEncoding, type AudioFormat, decodeAudio, encodeAudio } from './sounds.js'
export { type CsvOptions, csv, DataError, jsonLines, type TableSource } from './tables.js'
export { decodeText, encodeText, type Text } from './text.js'
export type { Video } from './video.js'
export { decodeVideo, encodeVideo, type VideoDecoding, type VideoEncoding, type VideoFormat } from './videos.js'

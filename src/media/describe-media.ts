import { avFormats, withInput } from './av-input.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { meshBounds, triangleCount } from './mesh.js'
import { readPictureHeader } from './picture-containers.js'
import { readChunks } from './png-chunks.js'
import { expectFormat, type MediaFormat, mediaFormats } from './sniff.js'

/** What a file is, as far as its format has such a thing. */
export interface MediaDescription {
  readonly format: MediaFormat
  /** "a PNG picture". */
  readonly title: string
  readonly mediaType: string
  readonly bytes: number
  /** In pixels. */
  readonly width?: number
  readonly height?: number
  readonly frames?: number
  readonly frameRate?: number
  readonly seconds?: number
  /** In Hz. */
  readonly sampleRate?: number
  readonly channels?: number
  readonly codecs?: readonly string[]
  readonly parts?: number
  readonly triangles?: number
  /** Width, height and depth in metres. */
  readonly extent?: readonly [number, number, number]
}

/**
 * Says what a file of any of our formats is, from its headers; only meshes are read in full. Throws a `MediaError` for what is
 * damaged, wrongly named or no medium.
 */
export async function describeMedia(
  bytes: Uint8Array,
  { name, limits }: { readonly name?: string; readonly limits?: Partial<MediaLimits> } = {},
): Promise<MediaDescription> {
  const all = withDefaults(limits)
  const format = expectFormat(bytes, Object.keys(mediaFormats) as MediaFormat[], name)
  const { title, mediaType } = mediaFormats[format]
  const file = name ?? title
  assertWithin(all, 'bytes', bytes.length, file)
  const common = { format, title, mediaType, bytes: bytes.length }
  const av = avFormats.find((known) => known === format)
  if (av) return { ...common, ...(await describeSound(bytes, av, file)) }
  switch (format) {
    case 'png':
      return { ...common, ...pngSize(bytes, file) }
    case 'jpeg':
    case 'webp':
    case 'gif': {
      const { width, height, frames } = readPictureHeader(bytes, format, file)
      return { ...common, width, height, ...(frames > 1 && { frames }) }
    }
    case 'glb': {
      const { decodeGlb } = await import('./glb.js')
      const mesh = await decodeGlb(bytes, { limits: all, name: file })
      const { minimum, maximum } = meshBounds(mesh)
      const extent = [0, 1, 2].map((axis) => (maximum[axis] as number) - (minimum[axis] as number)) as [number, number, number]
      return { ...common, parts: mesh.parts.length, triangles: triangleCount(mesh), extent }
    }
    default:
      return common
  }
}

function pngSize(bytes: Uint8Array, file: string): { width: number; height: number } {
  const [header] = readChunks(bytes, file)
  if (header?.type !== 'IHDR' || header.data.length !== 13)
    throw new MediaError({ code: 'MediaInvalid', file, expected: 'a PNG picture that begins with its header', found: 'another chunk' })
  const view = new DataView(header.data.buffer, header.data.byteOffset)
  return { width: view.getUint32(0), height: view.getUint32(4) }
}

function describeSound(bytes: Uint8Array, format: (typeof avFormats)[number], file: string): Promise<Partial<MediaDescription>> {
  return withInput(bytes, format, file, async (input) => {
    const video = await input.getPrimaryVideoTrack()
    const audio = await input.getPrimaryAudioTrack()
    const codecs = [await video?.getCodec(), await audio?.getCodec()].filter((codec) => codec != null)
    const packets = await video?.computePacketStats()
    return {
      ...(video && packets && { width: await video.getDisplayWidth(), height: await video.getDisplayHeight() }),
      ...(packets && { frames: packets.packetCount, frameRate: Math.round(packets.averagePacketRate * 1000) / 1000 }),
      seconds: await input.computeDuration(),
      ...(audio && { sampleRate: await audio.getSampleRate(), channels: await audio.getNumberOfChannels() }),
      codecs,
    }
  })
}

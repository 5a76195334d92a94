import type { Audio } from '../media/audio.js'
import type { Deck } from '../media/deck.js'
import type { Image } from '../media/image.js'
import { withDefaults } from '../media/limits.js'
import { MediaError } from '../media/media-error.js'
import type { Mesh } from '../media/mesh.js'
import type { Motion } from '../media/motion.js'
import type { Json } from '../media/provenance.js'
import type { Signal } from '../media/signal.js'
import { mediaFormats } from '../media/sniff.js'
import type { Text } from '../media/text.js'
import type { Video } from '../media/video.js'
import type { DecodeOptions, EncodeOptions, Format } from './modalities.js'

/** Nothing of a codec is loaded before a file of its kind is read or written. */
const images = () => import('../media/images.js')
const sounds = () => import('../media/sounds.js')
const videos = () => import('../media/videos.js')
const texts = () => import('../media/text.js')

/** Endings and media type of a format whose content the media floor knows by sight; provenance finds a place in all of them. */
const known = (format: keyof typeof mediaFormats) => ({ ...mediaFormats[format], keepsProvenance: true })

const decodeImage = async (bytes: Uint8Array, options: DecodeOptions): Promise<Image> => (await images()).decodeImage(bytes, given(options))
const decodeAudio = async (bytes: Uint8Array, options: DecodeOptions): Promise<Audio> => (await sounds()).decodeAudio(bytes, given(options))
const decodeVideo = async (bytes: Uint8Array, options: DecodeOptions): Promise<Video> => (await videos()).decodeVideo(bytes, given(options))
const decodeAnimation = async (bytes: Uint8Array, options: DecodeOptions): Promise<Video> =>
  (await images()).decodeAnimation(bytes, given(options))

const picture = (format: 'png' | 'jpeg' | 'webp'): Format<Image> => ({
  ...known(format),
  encode: async (value, options) => (await images()).encodeImage(value, { format, ...set(options) }),
  decode: decodeImage,
})

const sound = (format: 'wav' | 'flac' | 'mp3' | 'ogg'): Format<Audio> => ({
  ...known(format),
  encode: async (value, { provenance }) => (await sounds()).encodeAudio(value, { format, provenance }),
  decode: decodeAudio,
})

const film = (format: 'mp4' | 'webm', endings: Format<Video>['endings']): Format<Video> => ({
  ...known(format),
  endings,
  encode: async (value, options) => (await videos()).encodeVideo(value, { format, ...set(options) }),
  decode: decodeVideo,
})

const plain = (mediaType: string, ...endings: Format<Text>['endings']): Format<Text> => ({
  endings,
  mediaType,
  keepsProvenance: false,
  encode: async (value) => (await texts()).encodeText(value),
  decode: async (bytes, options) => (await texts()).decodeText(bytes, given(options)),
})

export const formats = {
  text: [plain('text/plain', 'txt', 'text'), plain('text/markdown', 'md'), plain('application/x-tex', 'tex')],
  code: [
    plain('text/x-python', 'py'),
    plain('text/javascript', 'js', 'mjs'),
    plain('text/x-typescript', 'ts'),
    plain('text/x-c++', 'cpp', 'cc'),
  ],
  image: [picture('png'), picture('jpeg'), picture('webp'), { ...known('gif'), decode: decodeImage }],
  audio: [
    sound('wav'),
    sound('flac'),
    sound('mp3'),
    sound('ogg'),
    { ...known('mp4'), mediaType: 'audio/mp4', endings: ['m4a', 'mp4', 'm4v', 'mov'], decode: decodeAudio },
    { ...known('webm'), mediaType: 'audio/webm', endings: ['weba', 'webm', 'mkv'], decode: decodeAudio },
  ],
  video: [
    film('mp4', ['mp4', 'm4v', 'mov']),
    film('webm', ['webm', 'mkv']),
    {
      ...known('gif'),
      encode: async ({ frames, frameRate }, { provenance }) =>
        (await images()).encodeAnimation(frames, { format: 'gif', frameRate, provenance }),
      decode: decodeAnimation,
    },
    { ...known('webp'), decode: decodeAnimation },
  ],
  mesh: [
    {
      ...known('glb'),
      encode: async (value, { provenance }) => (await import('../media/glb.js')).encodeGlb(value, { provenance }),
      decode: async (bytes, options) => (await import('../media/glb.js')).decodeGlb(bytes, given(options)),
    },
  ],
  motion: [
    {
      endings: ['bvh'],
      mediaType: 'text/plain',
      keepsProvenance: false,
      encode: async (value) => (await import('../media/bvh.js')).encodeBvh(value),
      decode: async (bytes, options) => (await import('../media/bvh.js')).decodeBvh(bytes, given(options)),
    },
    {
      ...known('glb'),
      encode: async (value, { provenance }) => (await import('../media/motion-glb.js')).encodeMotionGlb(value, { provenance }),
    },
  ],
  signal: [
    {
      endings: ['csv'],
      mediaType: 'text/csv',
      keepsProvenance: false,
      encode: async (value) => (await import('../media/signal-csv.js')).encodeSignalCsv(value),
      decode: async (bytes, options) => (await import('../media/signal-csv.js')).decodeSignalCsv(bytes, given(options)),
    },
  ],
  deck: [
    { ...known('pptx'), encode: async (value, { provenance }) => (await import('../media/pptx.js')).encodePptx(value, { provenance }) },
  ],
  document: [{ endings: ['json'], mediaType: 'application/json', keepsProvenance: true, encode: encodeDocument, decode: decodeDocument }],
} satisfies {
  text: Formats<Text>
  code: Formats<Text>
  image: Formats<Image>
  audio: Formats<Audio>
  video: Formats<Video>
  mesh: Formats<Mesh>
  motion: Formats<Motion>
  signal: Formats<Signal>
  deck: Formats<Deck>
  document: Formats<Json>
}

type Formats<Value> = [Format<Value>, ...Format<Value>[]]

/** As in every JSON file of genera, a field `provenance` says how it was made; a list is wrapped to make room for it. */
async function encodeDocument(value: Json, { provenance }: EncodeOptions): Promise<Uint8Array> {
  const content = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value }
  const text = JSON.stringify({ ...content, ...(provenance && { provenance }) }, null, 2)
  return (await texts()).encodeText(`${text}\n`)
}

async function decodeDocument(bytes: Uint8Array, { name, limits }: DecodeOptions): Promise<Json> {
  const { decodeText } = await texts()
  const { parseForeignJson } = await import('../media/provenance.js')
  const allowed = withDefaults(limits)
  const found = parseForeignJson(decodeText(bytes, { limits: allowed, name }), name, 'read', allowed.bytes)
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new MediaError({
      code: 'MediaInvalid',
      file: name,
      expected: 'a JSON object',
      found: Array.isArray(found) ? 'a list' : `${found}`,
    })
  const { provenance: _, ...content } = found as { readonly [key: string]: Json }
  return Object.keys(content).length === 1 && 'value' in content ? (content.value as Json) : content
}

/** Options without those that are undefined, which the codecs would not take for their defaults. */
const given = ({ name, limits }: DecodeOptions) => ({ name, ...(limits && { limits }) })
const set = ({ provenance, quality }: EncodeOptions) => ({ provenance, ...(quality !== undefined && { quality }) })

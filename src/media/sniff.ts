import { printable } from '../weights/checkpoint-error.js'
import { MediaError } from './media-error.js'

/** The formats that genera reads or writes, by the ending that names them best. */
export type MediaFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'wav' | 'flac' | 'mp3' | 'ogg' | 'mp4' | 'webm' | 'glb' | 'pptx'

interface FormatFacts {
  /** As a sentence calls it. */
  readonly title: string
  readonly mediaType: string
  /** The first is the one that genera gives. */
  readonly endings: readonly [string, ...string[]]
}

export const mediaFormats: Readonly<Record<MediaFormat, FormatFacts>> = {
  png: { title: 'a PNG picture', mediaType: 'image/png', endings: ['png', 'apng'] },
  jpeg: { title: 'a JPEG picture', mediaType: 'image/jpeg', endings: ['jpg', 'jpeg', 'jpe', 'jfif'] },
  webp: { title: 'a WebP picture', mediaType: 'image/webp', endings: ['webp'] },
  gif: { title: 'a GIF picture', mediaType: 'image/gif', endings: ['gif'] },
  wav: { title: 'a WAV sound', mediaType: 'audio/wav', endings: ['wav', 'wave'] },
  flac: { title: 'a FLAC sound', mediaType: 'audio/flac', endings: ['flac'] },
  mp3: { title: 'an MP3 sound', mediaType: 'audio/mpeg', endings: ['mp3'] },
  ogg: { title: 'an Ogg sound', mediaType: 'audio/ogg', endings: ['ogg', 'oga', 'opus'] },
  mp4: { title: 'an MP4 film', mediaType: 'video/mp4', endings: ['mp4', 'm4v', 'm4a', 'mov'] },
  webm: { title: 'a WebM film', mediaType: 'video/webm', endings: ['webm', 'mkv', 'weba'] },
  glb: { title: 'a GLB mesh', mediaType: 'model/gltf-binary', endings: ['glb'] },
  pptx: {
    title: 'a PPTX deck',
    mediaType: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    endings: ['pptx'],
  },
}

/** The format that a name's ending promises; undefined if it promises none of ours. */
export function formatOfName(name: string): MediaFormat | undefined {
  const ending = endingOf(name)
  return (Object.keys(mediaFormats) as MediaFormat[]).find((format) => mediaFormats[format].endings.includes(ending))
}

const endingOf = (name: string): string => /\.([a-z0-9]{1,8})$/i.exec(name.replace(/[?#].*$/s, ''))?.[1]?.toLowerCase() ?? ''

/** The format that these bytes hold, by content alone; undefined if it is none of ours. Reads at most the first 4 KB. */
export function sniffMedia(bytes: Uint8Array): MediaFormat | undefined {
  const text = latin1(bytes.subarray(0, 4096))
  const at = (offset: number, expected: string) => text.startsWith(expected, offset)
  if (at(0, '\x89PNG\r\n\x1a\n')) return 'png'
  if (at(0, '\xff\xd8\xff')) return 'jpeg'
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'webp'
  if (at(0, 'GIF87a') || at(0, 'GIF89a')) return 'gif'
  if ((at(0, 'RIFF') || at(0, 'RF64')) && at(8, 'WAVE')) return 'wav'
  if (at(0, 'fLaC')) return 'flac'
  if (at(0, 'OggS')) return 'ogg'
  if (at(4, 'ftyp')) return 'mp4'
  if (at(0, '\x1aE\xdf\xa3') && /webm|matroska/.test(text)) return 'webm'
  if (at(0, 'glTF')) return 'glb'
  // A deck is a zip; its writers put the content types or the first part of the presentation in front.
  if (at(0, 'PK\x03\x04') && /\[Content_Types\]\.xml|_rels\/|ppt\/|docProps\//.test(text)) return 'pptx'
  if (at(0, 'ID3') || isMp3Frame(bytes)) return 'mp3'
  return undefined
}

/** Whether a header of MPEG layer III stands here: eleven bits of synchronisation, and no field with a reserved value. */
function isMp3Frame(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes
  const layerThree = (second & 0x06) === 0x02
  const version = (second & 0x18) !== 0x08
  return first === 0xff && (second & 0xe0) === 0xe0 && version && layerThree && third >> 4 !== 15 && (third & 0x0c) !== 0x0c
}

/**
 * The format of a file, which must be one of `among`. `name` is what errors call the file, and its ending, where it promises a format,
 * must keep the promise.
 *
 * Throws `MediaTruncated` for an empty file, `MediaUnsupported` for a foreign one, `MediaMisnamed` where name and content disagree.
 */
export function expectFormat<const Format extends MediaFormat>(bytes: Uint8Array, among: readonly Format[], name = 'the file'): Format {
  const wanted = listed(among.map((format) => mediaFormats[format].title))
  if (bytes.length === 0)
    throw new MediaError({
      code: 'MediaTruncated',
      file: name,
      expected: wanted,
      found: 'an empty file',
      hint: 'Download or save it again',
    })
  const found = sniffMedia(bytes)
  const promised = formatOfName(name)
  if (promised && found && promised !== found)
    throw new MediaError({
      code: 'MediaMisnamed',
      file: name,
      expected: `${mediaFormats[promised].title}, as its name says`,
      found: mediaFormats[found].title,
      hint: `Rename it to end in .${mediaFormats[found].endings[0]}`,
    })
  if (found && (among as readonly MediaFormat[]).includes(found)) return found as Format
  throw new MediaError({
    code: 'MediaUnsupported',
    file: name,
    expected: wanted,
    found: found ? mediaFormats[found].title : foreign(bytes),
    hint: found ? undefined : 'If it should be one of these, it is damaged',
  })
}

/** What stands there instead, as well as a glance can tell. */
function foreign(bytes: Uint8Array): string {
  const start = latin1(bytes.subarray(0, 64))
  const known: readonly [RegExp, string][] = [
    [/^\s*<(!doctype html|html)/i, 'an HTML page'],
    [/^\s*(<\?xml|<svg)/i, 'an XML document'],
    [/^version https:\/\/git-lfs/, 'a Git LFS pointer, not the file itself'],
    [/^BM/, 'a BMP picture'],
    [/^(II\*\0|MM\0\*)/, 'a TIFF picture'],
    [/^%PDF/, 'a PDF document'],
    [/^PK/, 'a zip archive'],
    [/^\s*[[{]/, 'JSON or something like it'],
  ]
  return known.find(([pattern]) => pattern.test(start))?.[1] ?? `bytes that begin with "${printable(start.slice(0, 8))}"`
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`

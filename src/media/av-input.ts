import { ADTS, BufferSource, FLAC, Input, type InputFormat, Logging, LogLevel, MATROSKA, MP3, MP4, OGG, QTFF, WAVE, WEBM } from 'mediabunny'
import { MediaError } from './media-error.js'
import { assertMp4Tables } from './mp4-tables.js'
import { type MediaFormat, mediaFormats } from './sniff.js'

/** The formats of sound and film. */
export type AvFormat = Extract<MediaFormat, 'wav' | 'flac' | 'mp3' | 'ogg' | 'mp4' | 'webm'>

export const avFormats = ['wav', 'flac', 'mp3', 'ogg', 'mp4', 'webm'] as const satisfies readonly AvFormat[]

const demuxers: Readonly<Record<AvFormat, readonly InputFormat[]>> = {
  wav: [WAVE],
  flac: [FLAC],
  mp3: [MP3, ADTS],
  ogg: [OGG],
  mp4: [MP4, QTFF],
  webm: [WEBM, MATROSKA],
}

/** How long a demuxer or a decoder may brood over one step before it counts as stuck, in milliseconds. */
const patience = 30_000

/** Reads without a pause after which a demuxer counts as lost. The longest honest run is a few for each packet. */
const longestRun = 2e6

const { _read: readBuffer } = BufferSource.prototype as unknown as { _read(this: BufferSource, ...range: number[]): unknown }

/**
 * Bytes in memory that notice when the demuxer goes round in circles, as it does in some damaged files (a WebM whose last cluster is cut).
 * Such a loop never lets a timer run, so nothing outside it could end it. `_read` is how the library reads; it is not in its typings, and
 * the tests know a file that hangs without this.
 */
class WatchedSource extends BufferSource {
  private run = 0

  _read(...range: number[]): unknown {
    // A timer comes only when the demuxer pauses.
    if (this.run++ === 0) setTimeout(() => (this.run = 0), 0)
    if (this.run > longestRun) throw new Error('its parts refer to each other in circles')
    return readBuffer.apply(this, range)
  }
}

/**
 * Opens a container, lends it to `use` and closes it. Whatever the demuxer or a decoder throws over the file's content comes out as
 * a `MediaError`: to a caller it is all one damaged file.
 */
export async function withInput<T>(bytes: Uint8Array, format: AvFormat, name: string, use: (input: Input) => Promise<T>): Promise<T> {
  // What the library would print about a damaged file, the error says.
  const { level } = Logging
  Logging.level = LogLevel.Silent
  const input = new Input({ formats: [...demuxers[format]], source: new WatchedSource(bytes) })
  try {
    if (format === 'mp4') assertMp4Tables(bytes)
    return await use(input)
  } catch (cause) {
    throw damaged(cause, format, name)
  } finally {
    input.dispose()
    Logging.level = level
  }
}

/** A failure over a file's content as a `MediaError`. */
export function damaged(cause: unknown, format: AvFormat, name: string): MediaError {
  if (cause instanceof MediaError) return cause
  const message = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
  return new MediaError({
    code: 'MediaInvalid',
    file: name,
    expected: `${mediaFormats[format].title}, whole and sound`,
    found: message ? `content that cannot be read: ${message}` : 'content that cannot be read',
    hint: 'Download or save it again',
    cause,
  })
}

/**
 * The result of one step, or a `MediaError` if it does not come. A decoder that swallows a damaged packet may never answer, and in Node
 * a process whose only work is such a promise ends without a word.
 */
export async function inTime<T>(step: Promise<T>, format: AvFormat, name: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(damaged(new Error(`no answer within ${patience / 1000} seconds`), format, name)), patience)
  })
  try {
    return await Promise.race([step, late])
  } finally {
    clearTimeout(timer)
  }
}

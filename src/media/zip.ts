import { unzipSync, zipSync } from 'fflate'
import { printable, quoted } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits } from './limits.js'
import { MediaError } from './media-error.js'
import { assertProportionate } from './proportion.js'

/** A deck of a thousand slides with notes and pictures has fewer. */
const mostEntries = 20_000

/**
 * The files of a zip archive by name; with `wanted`, only those. Sizes are checked as the archive states them before anything is
 * unpacked, and nothing unpacks to more than it states.
 *
 * @throws MediaError for archives that are damaged, oversized, or out of proportion
 */
export function readZip(
  bytes: Uint8Array,
  { limits, file, wanted = () => true }: { limits: MediaLimits; file: string; wanted?: (name: string) => boolean },
): Map<string, Uint8Array> {
  assertWithin(limits, 'bytes', bytes.length, file)
  const seen = new Set<string>()
  let unfolded = 0
  const fail = (expected: string, found: string, code: MediaError['code'] = 'MediaInvalid'): never => {
    throw new MediaError({ code, file, expected, found })
  }
  try {
    const entries = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        // Names are kept for doubles' sake, so their number is bounded before anything else.
        if (seen.size >= mostEntries) fail(`at most ${mostEntries.toLocaleString('en')} files in it`, 'more', 'MediaTooLarge')
        if (seen.has(name)) fail('each file once', `${quoted(name)} twice`)
        if (name === '__proto__') fail('names of files', quoted(name))
        seen.add(name)
        unfolded += Math.max(size, originalSize)
        assertProportionate(unfolded, { limits, fileSize: bytes.length, file })
        return wanted(name)
      },
    })
    return new Map(Object.entries(entries))
  } catch (cause) {
    if (cause instanceof MediaError) throw cause
    const found = printable(cause instanceof Error ? cause.message : String(cause))
    throw new MediaError({ code: 'MediaInvalid', file, expected: 'a zip archive, whole and sound', found, cause })
  }
}

/** A zip archive; the same files in the same order give the same bytes, wherever and whenever it is written. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  // Zip knows local time only: this is the first moment that it can name, in every time zone.
  const mtime = new Date(1980, 0, 1)
  const packed = /\.(png|jpe?g|webp|zip|xlsx)$/i
  return zipSync(Object.fromEntries([...files].map(([name, data]) => [name, [data, { level: packed.test(name) ? 0 : 6, mtime }]])))
}

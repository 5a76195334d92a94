import { byteCount } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'

/** Words, code, formulas: any Unicode text. Lines end as they came. */
export type Text = string

/** UTF-8 without a byte order mark. Half a surrogate pair, which no UTF-8 can hold, is an error rather than a question mark. */
export function encodeText(text: Text): Uint8Array {
  const half = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text)
  if (half)
    throw new MediaError({
      code: 'MediaInvalid',
      action: 'write',
      file: 'text',
      expected: 'whole Unicode characters',
      found: `half a surrogate pair at character ${half.index}`,
      hint: 'The text was cut in the middle of a character, such as an emoji',
    })
  return new TextEncoder().encode(text)
}

/**
 * Reads UTF-8, with or without a byte order mark.
 *
 * @throws MediaError "MediaUnsupported" for UTF-16 and UTF-32, "MediaInvalid" for anything else that is no UTF-8, with its place
 */
export function decodeText(
  bytes: Uint8Array,
  { limits, name: file = 'text' }: { limits?: Partial<MediaLimits>; name?: string } = {},
): Text {
  assertWithin(withDefaults(limits), 'bytes', bytes.length, file)
  const [first, second, third, fourth] = bytes
  const wide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (wide || (first === 0 && second === 0 && third === 0xfe && fourth === 0xff))
    throw new MediaError({
      code: 'MediaUnsupported',
      file,
      expected: 'text in UTF-8',
      found: 'the byte order mark of UTF-16 or UTF-32',
      hint: 'Save it as UTF-8',
    })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const place = invalidAt(bytes)
    throw new MediaError({
      code: 'MediaInvalid',
      file,
      expected: 'text in UTF-8',
      found: `the byte 0x${bytes[place]?.toString(16).padStart(2, '0') ?? '00'} after ${byteCount(place)} of it`,
      hint: place < bytes.length - 4 ? 'Save it as UTF-8; it may be Latin-1, or no text at all' : 'The end seems to be cut off',
      cause,
    })
  }
}

/** How many bytes in front are whole characters of UTF-8, by halving: a decoder that may go on accepts every beginning of valid text. */
function invalidAt(bytes: Uint8Array): number {
  const valid = (length: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream })
      return true
    } catch {
      return false
    }
  }
  let [good, bad] = [0, bytes.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (valid(middle, true)) good = middle
    else bad = middle
  }
  while (!valid(good, false)) good-- // back to where the character begins that was never finished: three bytes at most
  return good
}

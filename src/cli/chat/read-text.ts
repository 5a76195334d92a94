import { GeneraError } from '../../graph/errors.js'
import { readInput } from '../input.js'

/**
 * What is piped in, as text.
 *
 * @throws GeneraError for bytes that are no UTF-8, with the place of the first one
 */
export async function readText(name: string, stdin: AsyncIterable<Uint8Array>): Promise<string> {
  return textOf(await readInput(name, stdin), name === '-' ? 'standard input' : name)
}

/** For a text that is not piped in. */
export async function* nothing(): AsyncGenerator<Uint8Array> {}

export function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const at = firstFault(bytes)
    const byte = bytes[at] as number
    throw new GeneraError(
      'InvalidUtf8',
      `Cannot read ${name}: expected UTF-8, found the byte 0x${byte.toString(16).padStart(2, '0')} at place ${at} of ${bytes.length}, which begins or continues no character`,
      'Convert it first: iconv -f LATIN1 -t UTF-8',
    )
  }
}

/** Where the first character begins that is none. */
function firstFault(bytes: Uint8Array): number {
  const decodes = (end: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream })
      return true
    } catch {
      return false
    }
  }
  let [good, bad] = [0, bytes.length + 1] // half a character at the end is no fault yet
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(middle, true)) good = middle
    else bad = middle
  }
  while (!decodes(good, false)) good--
  return good
}

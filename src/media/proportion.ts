import { byteCount } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits } from './limits.js'
import { MediaError } from './media-error.js'

/** How much larger than its file the content may be: room for shared arrays and packed text, none for bombs. */
const mostTimes = 100

/** Refuses content that is beyond the limit on decoded bytes, or out of all proportion to the file that it would unfold from. */
export function assertProportionate(
  size: number,
  { limits, fileSize, file }: { readonly limits: MediaLimits; readonly fileSize: number; readonly file: string },
): void {
  assertWithin(limits, 'decodedBytes', size, file)
  if (size > mostTimes * fileSize)
    throw new MediaError({
      code: 'MediaTooLarge',
      file,
      expected: `content of at most ${mostTimes} times the file's ${byteCount(fileSize)}`,
      found: byteCount(size),
      hint: 'No program writes such a file: it was made to exhaust memory',
    })
}

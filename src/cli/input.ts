import { files } from '#files'
import { defaultLimits } from '../media/limits.js'
import { MediaError } from '../media/media-error.js'

/** All bytes of a file, or of standard input for "-"; at most what the media's limits allow. */
export async function readInput(path: string, stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (path === '-') return readStandardInput(stdin)
  const file = await files.open(path)
  if (file.size > defaultLimits.bytes) throw tooLarge(path)
  return file.read(0, file.size)
}

async function readStandardInput(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stdin) {
    size += chunk.length
    if (size > defaultLimits.bytes) throw tooLarge('standard input')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (file: string): MediaError =>
  new MediaError({
    code: 'MediaTooLarge',
    file,
    expected: `at most ${defaultLimits.bytes.toLocaleString('en')} bytes`,
    found: 'more',
    hint: 'Cut it into parts',
  })

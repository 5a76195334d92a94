import { files } from '#files'
import { defaultLimits } from '../media/limits.js'
import { MediaError } from '../media/media-error.js'

/** All bytes of a file, or of standard input for "-"; at most what the media's limits allow. */
export async function readInput(path: string): Promise<Uint8Array> {
  if (path === '-') return readStandardInput()
  const file = await files.open(path)
  if (file.size > defaultLimits.bytes) throw tooLarge(path)
  return file.read(0, file.size)
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
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

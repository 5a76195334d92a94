import { existsSync } from 'node:fs'
import type { ReaderAccuracy } from '../../src/diorama/reader/accuracy.js'

const weights = new URL('../../weights/diorama-reader.safetensors', import.meta.url)

/** What the reader is judged on: both worlds as they are, and the harder one as a weak generator might have drawn it. */
export type ReaderFigures = Readonly<Record<'simple' | 'full' | 'blurred' | 'noisy', ReaderAccuracy>>

/** The trained reader on fresh renders, from seeds that its training never comes near; null where it is not shipped. */
export async function measureReader(pictures = 300): Promise<ReaderFigures | null> {
  if (!existsSync(weights)) return null
  const [{ loadReader }, { readerSizes }, { examples, judgingSeed }, { degraded, readerAccuracy }] = await Promise.all([
    import('../../src/diorama/reader/reader.js'),
    import('../../src/diorama/reader/network.js'),
    import('../../src/diorama/reader/train.js'),
    import('../../src/diorama/reader/accuracy.js'),
  ])
  const reader = await loadReader()
  const options = { size: readerSizes.embedded.pixels, seed: judgingSeed }
  const [simple, full] = [await examples('simple', pictures, options), await examples('full', pictures, options)]
  const figures = {
    simple: await readerAccuracy(reader, simple),
    full: await readerAccuracy(reader, full),
    blurred: await readerAccuracy(reader, degraded(full, { blur: 1 })),
    noisy: await readerAccuracy(reader, degraded(full, { noise: 16 })),
  }
  await reader.dispose()
  return figures
}

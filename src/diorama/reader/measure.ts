import { type ReaderAccuracy, readerAccuracy } from './accuracy.js'
import { degraded } from './degraded.js'
import { readerSizes } from './network.js'
import type { Reader } from './reader.js'
import { examples, judgingSeed } from './train.js'

/** Both worlds as they are rendered, and the harder one as a weak generator might have drawn it: soft, or with noise. */
export type ReaderFigures = Readonly<Record<'simple' | 'full' | 'blurred' | 'noisy', ReaderAccuracy>>

/** How well a reader reads fresh renders, from seeds that its training never comes near. */
export async function measureReader(
  reader: Reader,
  { scenes = 1500, signal }: { readonly scenes?: number; readonly signal?: AbortSignal } = {},
): Promise<ReaderFigures> {
  const rendered = (world: 'simple' | 'full') => examples(world, scenes, { size: readerSizes.embedded.pixels, seed: judgingSeed })
  const [simple, full] = [await rendered('simple'), await rendered('full')]
  const measured: Record<string, ReaderAccuracy> = {}
  for (const [name, set] of Object.entries({ simple, full, blurred: degraded(full, { blur: 1 }), noisy: degraded(full, { noise: 16 }) })) {
    signal?.throwIfAborted()
    measured[name] = await readerAccuracy(reader, set)
  }
  return measured as ReaderFigures
}

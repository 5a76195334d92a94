import { loadReader } from '../../src/diorama/index.js'
import { measureReader, type ReaderFigures } from '../../src/diorama/reader/measure.js'
import { embeddedWeights, exists } from '../../src/weights/index.js'

/** The trained reader on fresh renders; null where it is not shipped. */
export async function measureEmbeddedReader(scenes = 300): Promise<ReaderFigures | null> {
  if (!(await exists(embeddedWeights('diorama-reader')))) return null
  const reader = await loadReader()
  const figures = await measureReader(reader, { scenes })
  await reader.dispose()
  return figures
}

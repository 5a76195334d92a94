import { existsSync } from 'node:fs'
import type { Reading, ReadObject } from '../../src/diorama/reading.js'
import { readingOf } from '../../src/diorama/reading.js'
import { sceneRecords } from '../../src/diorama/records.js'

const weights = new URL('../../weights/diorama-reader.safetensors', import.meta.url)
/** No training ever starts at this seed. */
const seed = 987_654_321

export interface ReaderFigures {
  /** Share of the shapes, colours, sizes and materials of all objects that the reader gets right; an object that it misses is four errors. */
  readonly accuracy: number
  readonly pictures: number
  readonly objects: number
  /** Objects that it saw where none is, per picture. */
  readonly invented: number
}

/** The trained reader on renders of held-out combinations, which no training scene shows; null if it is not there. */
export async function measureReader(pictures = 300): Promise<ReaderFigures | null> {
  if (!existsSync(weights)) return null
  const { loadReader } = await import('../../src/diorama/reader/reader.js')
  const reader = await loadReader()
  const record = sceneRecords({ world: 'full', seed, split: 'held-out', size: 128, kinds: ['image'] })
  const records = Array.from({ length: pictures }, (_, index) => record(index))
  const readings = await reader.read(records.map(({ image }) => image))
  await reader.dispose()
  const scores = records.map(({ scene }, i) => scoreOf(readingOf(scene), readings[i] as Reading))
  const total = (key: keyof Score) => scores.reduce((sum, score) => sum + score[key], 0)
  const objects = total('objects')
  return { accuracy: total('right') / (4 * objects), pictures, objects, invented: total('invented') / pictures }
}

interface Score {
  readonly right: number
  readonly objects: number
  readonly invented: number
}

/** Matches what was seen with what is there, the largest overlaps first. */
function scoreOf(truth: Reading, seen: Reading): Score {
  const pairs = truth.objects
    .flatMap((there, i) => seen.objects.map((read, j) => ({ i, j, there, read, share: overlap(there.box, read.box) })))
    .filter(({ share }) => share > 0.3)
    .sort((a, b) => b.share - a.share)
  const [matched, used] = [new Set<number>(), new Set<number>()]
  let right = 0
  for (const { i, j, there, read } of pairs) {
    if (matched.has(i) || used.has(j)) continue
    matched.add(i)
    used.add(j)
    right += (['shape', 'colour', 'size', 'material'] as const).filter((word) => there[word] === read[word]).length
  }
  return { right, objects: truth.objects.length, invented: seen.objects.length - used.size }
}

/** Intersection over union. */
function overlap(a: ReadObject['box'], b: ReadObject['box']): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  const area = (box: ReadObject['box']) => (box.right - box.left) * (box.bottom - box.top)
  return (width * height) / (area(a) + area(b) - width * height)
}

import type { Reading, ReadObject } from '../reading.js'
import { type decalClasses, type ObjectWord, objectWordNames, objectWords, type SceneWord, sceneWordNames, sceneWords } from './network.js'

/** What the reader should have said of one picture, cell by cell (row by row). */
export interface ReaderTargets {
  /** 1 where an object's middle is, falling off around it: [cells, cells]. */
  readonly heat: Float32Array
  /** How much a cell's box and words count: 1 at a middle, less beside it, 0 elsewhere: [cells, cells]. */
  readonly weight: Float32Array
  /** [cells, cells, 4]; see `ReaderLogits.box`. */
  readonly box: Float32Array
  /** Indices into the words: [cells, cells] each. */
  readonly object: Readonly<Record<ObjectWord, Int32Array>>
  readonly scene: Readonly<Record<SceneWord, number>>
}

/** How much the cells around a middle count: the middle of a generated object may lie a little off. */
const besideWeight = 0.25

/** Objects whose middle is outside the picture leave no trace. Where two middles share a cell, the nearer object (the lower box) wins. */
export function targetsOf(reading: Reading, cells: number): ReaderTargets {
  const heat = new Float32Array(cells * cells)
  const weight = new Float32Array(cells * cells)
  const box = new Float32Array(cells * cells * 4)
  const object = Object.fromEntries(objectWordNames.map((name) => [name, new Int32Array(cells * cells)])) as Record<ObjectWord, Int32Array>
  const farFirst = [...reading.objects].sort((a, b) => a.box.bottom - b.box.bottom)
  for (const one of farFirst) {
    const { left, right, top, bottom } = one.box
    const x = ((left + right) / 2) * cells
    const y = ((top + bottom) / 2) * cells
    const [column, row] = [Math.floor(x), Math.floor(y)]
    if (column < 0 || row < 0 || column >= cells || row >= cells) continue
    const width = (right - left) * cells
    const height = (bottom - top) * cells
    const spread = Math.max(0.7, Math.min(width, height) / 6)
    const labels = labelsOf(one)
    for (let j = Math.max(0, row - 3); j <= Math.min(cells - 1, row + 3); j++)
      for (let i = Math.max(0, column - 3); i <= Math.min(cells - 1, column + 3); i++) {
        const at = j * cells + i
        const far = Math.max(Math.abs(i - column), Math.abs(j - row))
        heat[at] = far === 0 ? 1 : Math.max(heat[at] as number, Math.exp(-((i - column) ** 2 + (j - row) ** 2) / (2 * spread * spread)))
        const counts = far === 0 ? 1 : far === 1 ? besideWeight : 0
        if (counts === 0 || (counts < 1 && (weight[at] as number) > counts)) continue
        weight[at] = counts
        box.set([x - i, y - j, Math.log(Math.max(width, 0.1)), Math.log(Math.max(height, 0.1))], 4 * at)
        for (const name of objectWordNames) object[name][at] = labels[name]
      }
  }
  const scene = Object.fromEntries(
    sceneWordNames.map((name) => [name, (sceneWords[name] as readonly string[]).indexOf(reading[name])]),
  ) as Record<SceneWord, number>
  return { heat, weight, box, object, scene }
}

/** The class of an object's decal. */
export const decalClassOf = ({ decal }: Pick<ReadObject, 'decal'>): (typeof decalClasses)[number] =>
  decal === undefined ? 'none' : decal.kind === 'text' ? 'text' : decal.symbol

function labelsOf(one: ReadObject): Record<ObjectWord, number> {
  const words = { ...one, decal: decalClassOf(one) }
  return Object.fromEntries(objectWordNames.map((name) => [name, (objectWords[name] as readonly string[]).indexOf(words[name])])) as Record<
    ObjectWord,
    number
  >
}

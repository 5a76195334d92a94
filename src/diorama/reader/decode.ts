import type { Concrete } from '../../graph/index.js'
import type { Reading, ReadObject } from '../reading.js'
import type { DecalSymbol } from '../scene.js'
import { type Calibration, calibrated } from './calibration.js'
import {
  type decalClasses,
  type ObjectWord,
  objectWordNames,
  objectWords,
  type ReaderLogits,
  type SceneWord,
  sceneWordNames,
  sceneWords,
} from './network.js'

/** The logits of a batch as arrays: what a compiled reader gives. */
export type ReaderOutput = Concrete<ReaderLogits>

export interface DecodeOptions {
  /** What turns the network's own confidence into a share of right answers; as it is without one. */
  readonly calibration?: Calibration | undefined
  /** How likely an object must be to count. */
  readonly threshold?: number
}

/** What one picture of a batch shows: the peaks of the grid, strongest first. */
export function decodeReading(output: ReaderOutput, picture: number, { threshold = 0.4, calibration }: DecodeOptions = {}): Reading {
  const cells = output.middle.shape[1] as number
  const area = cells * cells
  const middles = output.middle.data as Float32Array
  const score = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= cells || column >= cells
      ? Number.NEGATIVE_INFINITY
      : (middles[picture * area + row * cells + column] as number)
  const objects: ReadObject[] = []
  for (let row = 0; row < cells; row++)
    for (let column = 0; column < cells; column++) {
      const own = score(row, column)
      const there = 1 / (1 + Math.exp(-own))
      if (there < threshold || !isPeak(score, row, column)) continue
      objects.push(objectAt(output, picture * area + row * cells + column, row, column, cells, there))
    }
  objects.sort((a, b) => b.confidence - a.confidence)
  const sure = (one: ReadObject): ReadObject => (calibration ? { ...one, confidence: calibrated(one.confidence, calibration) } : one)
  const scene = Object.fromEntries(
    sceneWordNames.map((name) => {
      const words = sceneWords[name]
      return [name, words[best(output.scene[name].data as Float32Array, picture * words.length, words.length).index]]
    }),
  ) as Pick<Reading, SceneWord>
  return { objects: withoutTwins(objects).map(sure), ...scene, aspect: 1 }
}

/** No neighbour is stronger; of equals, the one that comes first counts. */
function isPeak(score: (row: number, column: number) => number, row: number, column: number): boolean {
  const own = score(row, column)
  for (let j = -1; j <= 1; j++)
    for (let i = -1; i <= 1; i++) {
      const other = score(row + j, column + i)
      if (other > own || (other === own && (j < 0 || (j === 0 && i < 0)))) return false
    }
  return true
}

function objectAt(output: ReaderOutput, cell: number, row: number, column: number, cells: number, there: number): ReadObject {
  const [dx, dy, logWidth, logHeight] = (output.box.data as Float32Array).subarray(4 * cell, 4 * cell + 4) as unknown as [
    number,
    number,
    number,
    number,
  ]
  const [x, y] = [(column + dx) / cells, (row + dy) / cells]
  const [width, height] = [Math.exp(logWidth) / cells, Math.exp(logHeight) / cells]
  let confidence = there
  const words = {} as Record<ObjectWord, string>
  for (const name of objectWordNames) {
    const list: readonly string[] = objectWords[name]
    const { index, probability } = best(output.object[name].data as Float32Array, cell * list.length, list.length)
    words[name] = list[index] as string
    if (name !== 'decal') confidence *= probability
  }
  const { decal, ...look } = words as Record<ObjectWord, never> & { decal: (typeof decalClasses)[number] }
  // Writing is seen but not read: an object with letters gets no decal, because there is no text to give.
  const symbol = decal === 'none' || decal === 'text' ? undefined : (decal as DecalSymbol)
  return {
    ...(look as Pick<ReadObject, 'shape' | 'colour' | 'size' | 'material'>),
    ...(symbol && { decal: { kind: 'symbol', symbol } }),
    box: { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 },
    confidence,
  }
}

/** One object can raise two peaks two cells apart: of two boxes that are nearly the same and say the same shape and colour, the surer stays. */
function withoutTwins(objects: readonly ReadObject[]): ReadObject[] {
  const kept: ReadObject[] = []
  for (const one of objects)
    if (!kept.some((other) => other.shape === one.shape && other.colour === one.colour && overlap(one.box, other.box) > 0.6)) kept.push(one)
  return kept
}

/** Intersection over union. */
export function overlap(a: ReadObject['box'], b: ReadObject['box']): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  const area = (box: ReadObject['box']): number => (box.right - box.left) * (box.bottom - box.top)
  return (width * height) / (area(a) + area(b) - width * height)
}

/** The largest of some logits, and its probability among them. */
function best(logits: Float32Array, from: number, count: number): { index: number; probability: number } {
  let index = 0
  for (let i = 1; i < count; i++) if ((logits[from + i] as number) > (logits[from + index] as number)) index = i
  let total = 0
  for (let i = 0; i < count; i++) total += Math.exp((logits[from + i] as number) - (logits[from + index] as number))
  return { index, probability: 1 / total }
}

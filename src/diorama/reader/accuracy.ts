import type { Reading, ReadObject } from '../reading.js'
import { overlap } from './decode.js'
import { sceneWordNames } from './network.js'
import type { Reader } from './reader.js'
import type { Example } from './train.js'

const attributes = ['shape', 'colour', 'size', 'material'] as const

/** Whether an object of the truth was found with every attribute right. */
export const wholeMatch = (one: ReadObject, other: ReadObject | undefined): boolean =>
  other !== undefined && attributes.every((name) => one[name] === other[name])

/** How well a reader reads; every figure is a share from 0 to 1. */
export interface ReaderAccuracy {
  /** Attributes that are right, over all attributes of all objects that were found; the mean of the four shares below. */
  readonly attributes: number
  readonly shape: number
  readonly colour: number
  readonly size: number
  readonly material: number
  /** Objects of the truth that were found, and readings that are an object of the truth. */
  readonly found: number
  readonly real: number
  /** Objects that were found with every attribute right, over all objects of the truth. */
  readonly whole: number
  readonly setting: number
  readonly time: number
  readonly style: number
  /** Expected calibration error (Guo et al. 2017) in ten bins: how far confidence is from the share of wholly right objects. */
  readonly calibration: number
}

/** Reads the pictures and compares with what is true of them. */
export async function readerAccuracy(reader: Reader, examples: readonly Example[]): Promise<ReaderAccuracy> {
  const readings = await reader.read(examples.map(({ image }) => image))
  return compareReadings(
    readings,
    examples.map(({ reading }) => reading),
  )
}

export function compareReadings(readings: readonly Reading[], truths: readonly Reading[]): ReaderAccuracy {
  const right = { shape: 0, colour: 0, size: 0, material: 0, setting: 0, time: 0, style: 0, whole: 0 }
  let [matched, read, there] = [0, 0, 0]
  const bins = Array.from({ length: 10 }, () => ({ count: 0, confidence: 0, right: 0 }))
  readings.forEach((reading, i) => {
    const truth = truths[i] as Reading
    for (const name of sceneWordNames) if (reading[name] === truth[name]) right[name]++
    read += reading.objects.length
    there += truth.objects.length
    const pairs = matchObjects(reading.objects, truth.objects)
    matched += pairs.size
    for (const one of reading.objects) {
      const other = pairs.get(one)
      const whole = wholeMatch(one, other)
      if (whole) right.whole++
      for (const name of attributes) if (other && one[name] === other[name]) right[name]++
      const bin = bins[Math.min(9, Math.floor(one.confidence * 10))] as (typeof bins)[number]
      bin.count++
      bin.confidence += one.confidence
      bin.right += whole ? 1 : 0
    }
  })
  const share = (count: number, of: number): number => (of === 0 ? 1 : count / of)
  const each = {
    shape: share(right.shape, matched),
    colour: share(right.colour, matched),
    size: share(right.size, matched),
    material: share(right.material, matched),
  }
  return {
    attributes: (each.shape + each.colour + each.size + each.material) / 4,
    ...each,
    found: share(matched, there),
    real: share(matched, read),
    whole: share(right.whole, there),
    setting: share(right.setting, truths.length),
    time: share(right.time, truths.length),
    style: share(right.style, truths.length),
    calibration: bins.reduce((total, { confidence, right }) => total + Math.abs(confidence - right), 0) / Math.max(1, read),
  }
}

/** Pairs objects whose boxes lie over each other by at least a third, the best first; an object has one partner at the most. */
export function matchObjects(read: readonly ReadObject[], truth: readonly ReadObject[]): Map<ReadObject, ReadObject> {
  const candidates = read
    .flatMap((one) => truth.map((other) => ({ one, other, share: overlap(one.box, other.box) })))
    .filter(({ share }) => share >= 1 / 3)
    .sort((a, b) => b.share - a.share)
  const pairs = new Map<ReadObject, ReadObject>()
  const taken = new Set<ReadObject>()
  for (const { one, other } of candidates)
    if (!pairs.has(one) && !taken.has(other)) {
      pairs.set(one, other)
      taken.add(other)
    }
  return pairs
}

import { type Key, key, normal } from '../../graph/index.js'
import type { Image } from '../../media/image.js'
import type { Reading, ReadObject } from '../reading.js'
import { blur, planesOf } from './augment.js'
import { overlap } from './decode.js'
import { sceneWordNames } from './network.js'
import type { Reader } from './reader.js'
import type { Example } from './train.js'

const attributes = ['shape', 'colour', 'size', 'material'] as const

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
    const pairs = match(reading.objects, truth.objects)
    matched += pairs.size
    for (const one of reading.objects) {
      const other = pairs.get(one)
      const whole = other !== undefined && attributes.every((name) => one[name] === other[name])
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
function match(read: readonly ReadObject[], truth: readonly ReadObject[]): Map<ReadObject, ReadObject> {
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

/** The pictures as a weak generator might have made them: blurred, or with noise of this deviation (of 255). */
export function degraded(examples: readonly Example[], change: { blur: number } | { noise: number }, seed = 0): Example[] {
  const root = key(seed).child('degraded')
  return examples.map(({ image, reading }, i) => ({ image: changed(image, change, root.child(i)), reading }))
}

function changed(image: Image, change: { blur: number } | { noise: number }, key: Key): Image {
  const { width, height } = image
  let planes = planesOf(image)
  if ('blur' in change) for (let left = change.blur; left > 0; left--) planes = blur(planes, width, Math.min(1, left))
  else {
    const noise = normal(key, [planes.length], { std: change.noise / 127.5 }).data
    planes = planes.map((value, i) => value + (noise[i] as number))
  }
  const area = width * height
  const data = new Uint8Array(3 * area)
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.max(0, Math.min(255, Math.round(((planes[c * area + i] as number) + 1) * 127.5)))
  return { width, height, channels: 3, data }
}

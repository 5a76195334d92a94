import type { Key } from '../../graph/random/index.js'
import { radius, type SceneObject, type Setting } from '../scene.js'
import type { Mix } from './hit.js'
import { modesOf, rings, softness } from './modes.js'
import { type Biquad, bandPass, blockSize, fadeIn, fadeOut, filter, lowPass, shape, whiteNoise } from './signal.js'

/** An object that rubs over the ground; times in seconds from the beginning of the rubbing. */
export interface Rubbing {
  readonly kind: 'roll' | 'slide'
  readonly object: SceneObject
  readonly setting: Setting
  readonly seconds: number
  /** In m/s. */
  readonly speedAt: (seconds: number) => number
  /** Left and right gains. */
  readonly gainsAt: (seconds: number) => readonly [number, number]
}

/** 0 to 1: how loud rubbing is at a speed in m/s. */
export const rubbingLoudness = (kind: Rubbing['kind'], speed: number): number =>
  Math.min(1, (kind === 'roll' ? 0.13 : 0.16) * Math.max(speed, 0) ** 0.75)

/** Adds the noise of rolling or sliding. */
export function addRubbing(mix: Mix, at: number, rubbing: Rubbing, random: Key): void {
  const { sampleRate } = mix
  const samples = Math.min(Math.round(rubbing.seconds * sampleRate), mix.left.length - at)
  if (samples <= 0) return
  const noise = whiteNoise(random, samples)
  const level = (t: number): number => rubbingLoudness(rubbing.kind, rubbing.speedAt(t))
  const signal = rubbing.kind === 'roll' ? rolling(noise, rubbing, sampleRate) : sliding(noise, rubbing, sampleRate, random)
  shape(signal, level, sampleRate)
  fadeOut(fadeIn(signal, sampleRate, 0.004), sampleRate, 0.006)
  addMoving(mix, at, signal, rubbing.gainsAt)
}

/**
 * A rumble that gets brighter with speed and beats once a turn, because nothing is perfectly round, and behind it the body's own
 * lowest mode: a metal ball sings as it rolls.
 */
function rolling(noise: Float32Array, { object, setting, speedAt }: Rubbing, sampleRate: number): Float32Array {
  const soft = softness[setting]
  const size = object.size === 'large' ? 0.6 : 1
  const seconds = (block: number): number => (block * blockSize) / sampleRate
  const body = modesOf({ ...object, impulse: 10 }, soft)[0]?.frequency ?? 200
  const ring = filter(noise.slice(), bandPass(body, sampleRate, object.material === 'matte' ? 2 : 14))
  const rumble = filter(
    noise,
    moving((block) => lowPass((110 + 260 * speedAt(seconds(block))) * size * (1 - 0.5 * soft), sampleRate, 0.9)),
  )
  const singing = object.material === 'matte' ? 0.8 : 2.6 * (1 - soft)
  for (let i = 0; i < rumble.length; i++) rumble[i] = 2.4 * (rumble[i] as number) + singing * (ring[i] as number)
  filter(rumble, lowPass(3 * body, sampleRate)) // the band's skirts would hiss
  let angle = 0
  const beat = (t: number): number => {
    angle += (speedAt(t) * blockSize) / (sampleRate * radius(object)) // asked block after block
    return 0.75 + 0.35 * Math.cos(angle) + 0.12 * Math.cos(3 * angle + 1)
  }
  return shape(rumble, beat, sampleRate)
}

/** A scrape whose pitch rises with speed and whose strength flutters, as the surfaces catch and let go. */
function sliding(noise: Float32Array, { object, setting, speedAt }: Rubbing, sampleRate: number, random: Key): Float32Array {
  const soft = softness[setting]
  const centre = (object.material === 'matte' ? 420 : 900) * (object.size === 'large' ? 0.7 : 1) * (1 - 0.35 * soft)
  const seconds = (block: number): number => (block * blockSize) / sampleRate
  const body = rings[object.material].base
  const scrape = filter(
    noise,
    moving((block) => bandPass(centre + 380 * speedAt(seconds(block)), sampleRate, body > 1000 ? 1.6 : 0.8)),
  )
  filter(scrape, lowPass(3.5 * centre, sampleRate))
  const catches = whiteNoise(random.child('catches'), Math.ceil(noise.length / (sampleRate / 40)) + 2)
  const flutter = (t: number): number => {
    const place = t * 40
    const i = Math.min(Math.floor(place), catches.length - 2)
    return 1.5 + 0.6 * ((catches[i] as number) * (1 - (place - i)) + (catches[i + 1] as number) * (place - i))
  }
  return shape(scrape, flutter, sampleRate)
}

/** Computing a filter costs more than running it for a block, and speeds change slowly: every eighth block is enough. */
function moving(at: (block: number) => Biquad): (block: number) => Biquad {
  let held = at(0)
  return (block) => {
    if (block % 8 === 0) held = at(block)
    return held
  }
}

/** Adds a signal whose place changes as it sounds. */
export function addMoving({ sampleRate, left, right }: Mix, at: number, signal: Float32Array, gainsAt: Rubbing['gainsAt']): void {
  let [l, r] = gainsAt(0)
  for (let from = 0; from < signal.length; from += blockSize) {
    const [nextL, nextR] = gainsAt((from + blockSize) / sampleRate)
    const [stepL, stepR] = [(nextL - l) / blockSize, (nextR - r) / blockSize]
    const to = Math.min(from + blockSize, signal.length)
    for (let i = from; i < to; i++) {
      const y = signal[i] as number
      left[at + i] = (left[at + i] as number) + l * y
      right[at + i] = (right[at + i] as number) + r * y
      l += stepL
      r += stepR
    }
    l = nextL
    r = nextR
  }
}

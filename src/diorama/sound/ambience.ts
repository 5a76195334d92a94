import { type Key, key } from '../../graph/random/index.js'
import type { Audio } from '../../media/audio.js'
import { Draw } from '../random.js'
import type { Setting, Time } from '../scene.js'
import { addMoving } from './friction.js'
import type { Mix } from './hit.js'
import { bandPass, blockSize, fadeIn, fadeOut, filter, limit, lowPass, panGains, sampleCount, shape, whiteNoise } from './signal.js'

export interface AmbienceOptions {
  /** In Hz. */
  readonly sampleRate?: number
  /** At night the meadow's birds leave the air to the crickets. */
  readonly time?: Time
}

/** What a place sounds like when nothing happens: stereo, seeded. */
export function ambienceSound(setting: Setting, seconds: number, seed: number, options: AmbienceOptions = {}): Audio {
  const { sampleRate = 24000 } = options
  const samples = sampleCount(seconds, sampleRate)
  const mix = { sampleRate, left: new Float32Array(samples), right: new Float32Array(samples) }
  addAmbience(mix, setting, key(seed).child('ambience'), options.time)
  const channels = [mix.left, mix.right].map((channel) => fadeOut(fadeIn(limit(channel), sampleRate), sampleRate))
  return { sampleRate, channels }
}

/** Adds a place's ambience to a mix, from its beginning to its end. */
export function addAmbience(mix: Mix, setting: Setting, random: Key, time: Time = 'day'): void {
  places[setting](mix, random, time)
}

const places: Record<Setting, (mix: Mix, random: Key, time: Time) => void> = {
  studio(mix, random) {
    addWind(mix, random, { level: 0.012, frequency: 160, gusts: 0.1 })
    addHum(mix, 0.0012, [50, 100, 150])
  },
  meadow(mix, random, time) {
    addWind(mix, random, { level: 0.05, frequency: 320, gusts: 0.6 })
    if (time === 'night') addCrickets(mix, random.child('crickets'))
    else addBirds(mix, new Draw(random.child('birds')), time === 'day' ? 1.3 : 0.6)
  },
  desert(mix, random) {
    addWind(mix, random, { level: 0.075, frequency: 420, gusts: 0.8 })
    addWhistle(mix, random.child('whistle'))
  },
  snow(mix, random) {
    addWind(mix, random, { level: 0.05, frequency: 140, gusts: 0.5 })
  },
  beach(mix, random) {
    addWaves(mix, new Draw(random.child('waves')))
    addWind(mix, random, { level: 0.02, frequency: 300, gusts: 0.4 })
  },
  'night city'(mix, random) {
    addHum(mix, 0.008, [50, 100, 121, 242])
    addWind(mix, random, { level: 0.05, frequency: 190, gusts: 0.25 })
    addCars(mix, new Draw(random.child('cars')))
  },
}

const lengthOf = (mix: Mix): number => mix.left.length / mix.sampleRate

/** A slow random curve in [-1, 1], smooth, with about `rate` changes of direction a second. */
function drift(random: Key, seconds: number, rate: number): (seconds: number) => number {
  const points = whiteNoise(random, Math.ceil(seconds * rate) + 3)
  return (t) => {
    const i = Math.min(Math.max(Math.floor(t * rate), 0), points.length - 2)
    const u = t * rate - i
    const s = u * u * (3 - 2 * u)
    return (points[i] as number) * (1 - s) + (points[i + 1] as number) * s
  }
}

/** Low noise that comes and goes, of its own on either side. */
function addWind(mix: Mix, random: Key, { level, frequency, gusts }: { level: number; frequency: number; gusts: number }): void {
  const { sampleRate } = mix
  const gust = drift(random.child('gusts'), lengthOf(mix), 0.7)
  for (const [side, channel] of [mix.left, mix.right].entries()) {
    const noise = filter(whiteNoise(random.child('wind', side), channel.length), lowPass(frequency, sampleRate, 0.6))
    filter(noise, lowPass(1.6 * frequency, sampleRate))
    const strength = 3.2 * level * Math.sqrt(400 / frequency) // narrower noise has less power
    shape(noise, (t) => strength * (1 + gusts * gust(t)), sampleRate)
    for (let i = 0; i < channel.length; i++) channel[i] = (channel[i] as number) + (noise[i] as number)
  }
}

/** Steady tones, the lower the louder. */
function addHum({ sampleRate, left, right }: Mix, level: number, frequencies: readonly number[]): void {
  for (const [n, frequency] of frequencies.entries()) {
    const w = (2 * Math.PI * frequency) / sampleRate
    const c = 2 * Math.cos(w)
    let y1 = 0
    let y = (level / (n + 1)) * Math.sin(w)
    for (let i = 0; i < left.length; i++) {
      left[i] = (left[i] as number) + y1
      right[i] = (right[i] as number) + y1
      const next = c * y - y1
      y1 = y
      y = next
    }
  }
}

/** Adds a short whistle whose pitch moves; `pitchAt` goes from 0 to 1 over its length, in Hz. */
function addChirp(mix: Mix, start: number, seconds: number, level: number, pan: number, pitchAt: (share: number) => number): void {
  const { sampleRate, left, right } = mix
  const [l, r] = panGains(pan)
  const from = Math.round(start * sampleRate)
  const samples = Math.min(Math.round(seconds * sampleRate), left.length - from)
  let phase = 0
  for (let i = 0; i < samples; i++) {
    const share = i / samples
    phase += (2 * Math.PI * pitchAt(share)) / sampleRate
    const y = level * Math.sin(Math.PI * share) ** 2 * Math.sin(phase)
    left[from + i] = (left[from + i] as number) + l * y
    right[from + i] = (right[from + i] as number) + r * y
  }
}

/** Songs of a few syllables, each bird with its place, its pitch and its own way of sliding through it. */
function addBirds(mix: Mix, draw: Draw, songsPerSecond: number): void {
  const seconds = lengthOf(mix)
  for (let song = 0, at = draw.uniform('first', 0, 0.8); at < seconds; song++) {
    const bird = draw.child(song)
    const pitch = bird.uniform('pitch', 2400, 5200)
    const slide = bird.uniform('slide', -0.35, 0.35)
    const trill = bird.uniform('trill', 0, 0.12)
    const syllable = bird.uniform('syllable', 0.05, 0.13)
    const level = bird.uniform('level', 0.008, 0.04)
    const pan = bird.uniform('pan', -0.9, 0.9)
    const count = bird.integer('count', 2, 6)
    for (let i = 0; i < count; i++)
      addChirp(mix, at + i * 1.5 * syllable, syllable, level, pan, (u) => pitch * (1 + slide * u + trill * Math.sin(2 * Math.PI * 3 * u)))
    at += bird.uniform('pause', 0.3, 1.7) / songsPerSecond
  }
}

/** Two crickets, one on either side, with pulses in threes. */
function addCrickets(mix: Mix, random: Key): void {
  const draw = new Draw(random)
  for (const [n, pan] of [-0.7, 0.6].entries()) {
    const pitch = draw.uniform(`pitch ${n}`, 3900, 4700)
    const period = draw.uniform(`period ${n}`, 0.5, 0.75)
    for (let at = draw.uniform(`first ${n}`, 0, 0.4); at < lengthOf(mix); at += period)
      for (let pulse = 0; pulse < 3; pulse++) addChirp(mix, at + 0.045 * pulse, 0.035, 0.018, pan, () => pitch)
  }
}

/** The wind's whistle around an edge: a narrow band that wanders. */
function addWhistle(mix: Mix, random: Key): void {
  const { sampleRate } = mix
  const wander = drift(random.child('pitch'), lengthOf(mix), 0.9)
  const strength = drift(random.child('strength'), lengthOf(mix), 0.6)
  const noise = whiteNoise(random, mix.left.length)
  filter(noise, (block) => bandPass(650 + 260 * wander((block * blockSize) / sampleRate), sampleRate, 16))
  shape(noise, (t) => 0.09 * Math.max(0, 0.4 + 0.6 * strength(t)), sampleRate)
  addMoving(mix, 0, noise, () => panGains(0.3))
}

/** Every wave swells, breaks with a bright hiss, and runs out; a new one comes before the last has gone. */
function addWaves(mix: Mix, draw: Draw): void {
  const { sampleRate } = mix
  const seconds = lengthOf(mix)
  for (let wave = 0, at = draw.uniform('first', -3, -1); at < seconds; wave++) {
    const one = draw.child(wave)
    const length = one.uniform('length', 5, 7.5)
    const level = one.uniform('level', 0.2, 0.34)
    const from = Math.max(at, 0)
    const samples = Math.min(Math.round((at + length - from) * sampleRate), mix.left.length - Math.round(from * sampleRate))
    const swell = (t: number): number => {
      const share = (t + from - at) / length
      return share < 0.4 ? (share / 0.4) ** 2 : Math.max(0, 1 - (share - 0.4) / 0.6) ** 1.7
    }
    for (const [side, gains] of (
      [
        [1, 0.25],
        [0.25, 1],
      ] as const
    ).entries()) {
      if (samples <= 0) continue
      const noise = whiteNoise(one.key.child('hiss', side), samples)
      filter(noise, (block) => lowPass(250 + 2600 * swell((block * blockSize) / sampleRate) ** 2, sampleRate))
      shape(noise, (t) => level * swell(t), sampleRate)
      addMoving(mix, Math.round(from * sampleRate), noise, () => gains)
    }
    at += one.uniform('gap', 3, 4.5)
  }
}

/** Cars that pass a few streets away, from one side to the other. */
function addCars(mix: Mix, draw: Draw): void {
  const { sampleRate } = mix
  for (let car = 0, at = draw.uniform('first', -2, 1); at < lengthOf(mix); car++) {
    const one = draw.child(car)
    const length = one.uniform('length', 3, 5)
    const level = one.uniform('level', 0.1, 0.2)
    const heading = one.chance('to the right', 0.5) ? 1 : -1
    const from = Math.max(at, 0)
    const start = Math.round(from * sampleRate)
    const samples = Math.min(Math.round((at + length - from) * sampleRate), mix.left.length - start)
    if (samples > 0) {
      const noise = filter(whiteNoise(one.key.child('tyres'), samples), bandPass(one.uniform('tone', 260, 480), sampleRate, 0.9))
      filter(noise, lowPass(900, sampleRate))
      const share = (t: number): number => Math.min((t + from - at) / length, 1)
      shape(noise, (t) => level * Math.sin(Math.PI * share(t)) ** 3, sampleRate)
      addMoving(mix, start, noise, (t) => panGains(heading * (2 * share(t) - 1)))
    }
    at += one.uniform('gap', 2.5, 6)
  }
}

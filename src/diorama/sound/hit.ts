import { GeneraError } from '../../graph/errors.js'
import { type Key, key } from '../../graph/random/index.js'
import type { Audio } from '../../media/audio.js'
import { type Blow, loudnessOf, modesOf } from './modes.js'
import { fadeOut, filter, limit, lowPass, sampleCount, whiteNoise } from './signal.js'

/** Where a sound goes: the mix, and how loud it arrives on either side. */
export interface Mix {
  readonly sampleRate: number
  readonly left: Float32Array
  readonly right: Float32Array
}

export type Gains = readonly [left: number, right: number]

/**
 * Adds a damped sine from a sample on, until it has faded by 80 dB, by the two-term recursion y = 2ρ·cos ω·y₁ − ρ²·y₂: two
 * multiplications a sample, and it starts at 0, without a click.
 */
export function addSine({ sampleRate, left, right }: Mix, at: number, frequency: number, decay: number, gain: number, [l, r]: Gains): void {
  if (frequency >= 0.45 * sampleRate) return
  const w = (2 * Math.PI * frequency) / sampleRate
  const rho = 10 ** (-3 / (decay * sampleRate))
  const [c1, c2] = [2 * rho * Math.cos(w), rho * rho]
  const end = Math.min(left.length, at + Math.ceil((4 / 3) * decay * sampleRate))
  let y2 = 0
  let y1 = 0
  let y = gain * Math.sin(w)
  for (let i = at; i < end; i++) {
    left[i] = (left[i] as number) + l * y1
    right[i] = (right[i] as number) + r * y1
    y2 = y1
    y1 = y
    y = c1 * y1 - c2 * y2
  }
}

/** Adds a blow: the body's modes, and the few milliseconds of noise of the contact itself. `random` makes no two blows alike. */
export function addHit(mix: Mix, at: number, blow: Blow, gains: Gains, random: Key, softness = 0): void {
  const { sampleRate, left, right } = mix
  const level = 1.7 * loudnessOf(blow.impulse)
  const modes = modesOf(blow, softness)
  const colour = whiteNoise(random.child('modes'), modes.length)
  for (const [i, { frequency, decay, gain }] of modes.entries())
    addSine(mix, at, frequency, decay, level * gain * (1 + 0.25 * (colour[i] as number)), gains)

  const seconds = 0.006 + 0.03 * softness
  const samples = Math.min(Math.round(seconds * sampleRate), left.length - at)
  if (samples <= 0) return
  const lowest = modes[0]?.frequency ?? 200
  const touch = filter(whiteNoise(random.child('touch'), samples), lowPass(Math.min(5 * lowest, 6000) * (1 - 0.7 * softness), sampleRate))
  for (let i = 0; i < samples; i++) {
    const y = level * (0.25 + 0.45 * softness) * (touch[i] as number) * (1 - i / samples) ** 2
    left[at + i] = (left[at + i] as number) + gains[0] * y
    right[at + i] = (right[at + i] as number) + gains[1] * y
  }
}

/**
 * One blow on its own, in the middle, from the first sample on; as long as it rings. Impulse in N·s: a small wooden cube that
 * falls from a metre gets about 900.
 */
export function hitSound(blow: Blow, { sampleRate = 24000, seed = 0 }: { sampleRate?: number; seed?: number } = {}): Audio {
  if (!(blow.impulse >= 0 && blow.impulse < Number.POSITIVE_INFINITY))
    throw new GeneraError('sound-impulse', `Cannot strike the ${blow.shape} with an impulse of ${blow.impulse} N·s: it is 0 or more`)
  const longest = Math.max(...modesOf(blow).map(({ decay }) => decay))
  const samples = sampleCount((4 / 3) * longest + 0.02, sampleRate)
  const channel = new Float32Array(samples)
  addHit({ sampleRate, left: channel, right: new Float32Array(samples) }, 0, blow, [1, 0], key(seed))
  return { sampleRate, channels: [fadeOut(limit(channel), sampleRate)] }
}

import { GeneraError } from '../../graph/errors.js'
import { type Key, uniform } from '../../graph/random/index.js'

/** How many samples a sound has; refuses rates and lengths that no sound should have. */
export function sampleCount(seconds: number, sampleRate: number): number {
  if (!(sampleRate >= 4000 && sampleRate <= 192_000))
    throw new GeneraError('sound-rate', `Cannot make sound at ${sampleRate} samples a second: it takes 4000 to 192000`)
  if (!(seconds >= 0 && seconds <= 3600))
    throw new GeneraError('sound-length', `Cannot make ${seconds} seconds of sound: it lasts 0 to 3600`, 'Make longer sounds in pieces')
  return Math.round(seconds * sampleRate)
}

/** White noise in [-1, 1). */
export const whiteNoise = (key: Key, samples: number): Float32Array => uniform(key, [samples], { low: -1, high: 1 }).data

/** The direct form of a second-order filter; `a0` is 1. */
export interface Biquad {
  readonly b0: number
  readonly b1: number
  readonly b2: number
  readonly a1: number
  readonly a2: number
}

/** Filters after Robert Bristow-Johnson's cookbook; frequencies in Hz, kept below Nyquist's limit. */
function angle(frequency: number, sampleRate: number): { sine: number; cosine: number } {
  const w = (2 * Math.PI * Math.min(frequency, 0.45 * sampleRate)) / sampleRate
  return { sine: Math.sin(w), cosine: Math.cos(w) }
}

export function lowPass(frequency: number, sampleRate: number, q = Math.SQRT1_2): Biquad {
  const { sine, cosine } = angle(frequency, sampleRate)
  const alpha = sine / (2 * q)
  const a0 = 1 + alpha
  const b = (1 - cosine) / a0
  return { b0: b / 2, b1: b, b2: b / 2, a1: (-2 * cosine) / a0, a2: (1 - alpha) / a0 }
}

/** With a gain of 1 at the centre. */
export function bandPass(frequency: number, sampleRate: number, q: number): Biquad {
  const { sine, cosine } = angle(frequency, sampleRate)
  const alpha = sine / (2 * q)
  const a0 = 1 + alpha
  return { b0: alpha / a0, b1: 0, b2: -alpha / a0, a1: (-2 * cosine) / a0, a2: (1 - alpha) / a0 }
}

/** Filters a signal in place. `at` says which filter holds from a block of 64 samples on, for filters that move. */
export function filter(signal: Float32Array, at: Biquad | ((block: number) => Biquad)): Float32Array {
  let x1 = 0
  let x2 = 0
  let y1 = 0
  let y2 = 0
  for (let from = 0; from < signal.length; from += blockSize) {
    const { b0, b1, b2, a1, a2 } = typeof at === 'function' ? at(from / blockSize) : at
    const to = Math.min(from + blockSize, signal.length)
    for (let i = from; i < to; i++) {
      const x = signal[i] as number
      const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
      x2 = x1
      x1 = x
      y2 = y1
      y1 = y
      signal[i] = y
    }
  }
  return signal
}

/** Samples for which slow things, such as a speed or a filter's frequency, are held or drawn as a straight line. */
export const blockSize = 64

/** Multiplies a signal in place by a curve that is asked once per block and joined by straight lines. */
export function shape(signal: Float32Array, curve: (seconds: number) => number, sampleRate: number): Float32Array {
  let level = curve(0)
  for (let from = 0; from < signal.length; from += blockSize) {
    const next = curve((from + blockSize) / sampleRate)
    const step = (next - level) / blockSize
    const to = Math.min(from + blockSize, signal.length)
    for (let i = from; i < to; i++) {
      signal[i] = (signal[i] as number) * level
      level += step
    }
    level = next
  }
  return signal
}

/** Left and right gains of equal total power for a place from -1 (left) to 1 (right). */
export function panGains(pan: number): readonly [left: number, right: number] {
  const turn = ((Math.min(Math.max(pan, -1), 1) + 1) * Math.PI) / 4
  return [Math.cos(turn), Math.sin(turn)]
}

/** Keeps samples inside (-1, 1): untouched up to 0.7, rounded off beyond, without a step in value or slope. */
export function limit(signal: Float32Array): Float32Array {
  const knee = 0.7
  for (let i = 0; i < signal.length; i++) {
    const x = signal[i] as number
    const over = Math.abs(x) - knee
    if (over > 0) signal[i] = Math.sign(x) * (knee + (0.999 - knee) * Math.tanh(over / (0.999 - knee)))
  }
  return signal
}

/** Fades the last few milliseconds, so that the end does not click. */
export function fadeOut(signal: Float32Array, sampleRate: number, seconds = 0.008): Float32Array {
  const samples = Math.min(Math.round(seconds * sampleRate), signal.length)
  for (let i = 0; i < samples; i++) {
    const at = signal.length - 1 - i
    signal[at] = ((signal[at] as number) * i) / samples
  }
  return signal
}

/** Fades the first few milliseconds. */
export function fadeIn(signal: Float32Array, sampleRate: number, seconds = 0.008): Float32Array {
  const samples = Math.min(Math.round(seconds * sampleRate), signal.length)
  for (let i = 0; i < samples; i++) signal[i] = ((signal[i] as number) * i) / samples
  return signal
}

import { describe, expect, test } from 'vitest'
import { resample } from './resample.js'

const sine = (frequency: number, sampleRate: number, samples = sampleRate / 4) =>
  Float32Array.from({ length: samples }, (_, i) => 0.8 * Math.sin((2 * Math.PI * frequency * i) / sampleRate))
const mono = (sampleRate: number, channel: Float32Array) => ({ sampleRate, channels: [channel] })

/** Power away from the edges. */
function power(samples: Float32Array): number {
  const inner = samples.subarray(500, samples.length - 500)
  return inner.reduce((sum, sample) => sum + sample * sample, 0) / inner.length
}

describe('resample()', () => {
  test.each([
    [44_100, 48_000, 1000],
    [48_000, 44_100, 15_000],
    [48_000, 16_000, 6000],
    [16_000, 48_000, 7000],
    [22_050, 44_100, 440],
    [8000, 44_100, 3500],
  ])('keeps a sine a sine from %d to %d Hz at %d Hz', (from, to, frequency) => {
    const [found] = resample(mono(from, sine(frequency, from)), to).channels as [Float32Array]
    const expected = sine(frequency, to, found.length)
    const error = found.map((sample, i) => sample - (expected[i] as number))
    expect(10 * Math.log10(power(expected) / power(error))).toBeGreaterThan(110)
  })

  test.each([
    [48_000, 16_000, 8500],
    [48_000, 16_000, 12_000],
    [44_100, 22_050, 15_000],
  ])('removes what would fold back, from %d to %d Hz at %d Hz', (from, to, frequency) => {
    const tone = sine(frequency, from)
    const [found] = resample(mono(from, tone), to).channels as [Float32Array]
    expect(10 * Math.log10(power(found) / power(tone))).toBeLessThan(-110)
  })

  test('keeps a constant at its level, in every phase', () => {
    const [found] = resample(mono(44_100, new Float32Array(4410).fill(0.7)), 48_000).channels as [Float32Array]
    for (const sample of found.subarray(500, -500)) expect(sample).toBeCloseTo(0.7, 6)
  })

  test.each([
    [10, 44_100, 48_000, 11],
    [441, 44_100, 48_000, 480],
    [1, 48_000, 8000, 1],
    [0, 48_000, 8000, 0],
    [13, 8000, 44_101, 72],
  ])('turns %d samples at %d Hz into those at %d Hz, rounded up', (samples, from, to, expected) => {
    expect(resample(mono(from, new Float32Array(samples)), to).channels[0]).toHaveLength(expected)
  })

  test('treats each channel alone and gives the same sound back for the same rate', () => {
    const sound = { sampleRate: 48_000, channels: [sine(440, 48_000), new Float32Array(12_000)] }
    expect(resample(sound, 48_000)).toBe(sound)
    expect(resample(sound, 24_000).channels[1]?.every((sample) => sample === 0)).toBe(true)
  })

  test('refuses rates that are no whole numbers', () => {
    expect(() => resample(mono(44_100, sine(440, 44_100)), 0.5)).toThrow(
      'Cannot resample from 44100 Hz to 0.5 Hz: expected whole, positive rates',
    )
  })
})

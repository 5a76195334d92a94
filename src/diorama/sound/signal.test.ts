import { describe, expect, test } from 'vitest'
import { key } from '../../graph/random/index.js'
import { energyBetween, peak } from './listen.fixture.js'
import { bandPass, fadeIn, fadeOut, filter, limit, lowPass, panGains, shape, whiteNoise } from './signal.js'

const sine = (frequency: number, samples = 4800, sampleRate = 24000): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / sampleRate))
/** What a filter leaves of a sine once it has settled, in decibels. */
const response = (frequency: number, by: Parameters<typeof filter>[1]): number =>
  20 * Math.log10(peak(filter(sine(frequency), by).subarray(2400)))

describe('filter()', () => {
  test('passes what is low and takes 12 dB an octave from what is high', () => {
    const low = lowPass(500, 24000)
    expect(response(50, low)).toBeCloseTo(0, 1)
    expect(response(500, low)).toBeCloseTo(-3, 1)
    expect(response(2000, low) - response(1000, low)).toBeCloseTo(-12, 0)
  })

  test('passes a band at its full height', () => {
    const band = bandPass(1000, 24000, 8)
    expect(response(1000, band)).toBeCloseTo(0, 1)
    expect(response(500, band)).toBeLessThan(-20)
    expect(response(2000, band)).toBeLessThan(-20)
  })

  test('can move: each block has the filter it asks for', () => {
    const moving = filter(sine(2000), (block) => lowPass(block < 40 ? 200 : 10000, 24000))
    expect(peak(moving.subarray(1280, 2560))).toBeLessThan(0.02)
    expect(peak(moving.subarray(3200))).toBeGreaterThan(0.95)
  })
})

test('shape() joins its values by straight lines', () => {
  const ramp = shape(new Float32Array(640).fill(1), (t) => t, 100)
  for (const i of [0, 5, 64, 100, 639]) expect(ramp[i]).toBeCloseTo(i / 100, 5)
})

test('panGains() keep the power the same from left to right', () => {
  expect(panGains(-1)).toEqual([1, 0])
  expect(panGains(7)[0]).toBeCloseTo(0, 12)
  for (const pan of [-0.8, -0.1, 0, 0.4]) expect(Math.hypot(...panGains(pan))).toBeCloseTo(1, 12)
})

test('limit() leaves quiet samples alone and never reaches 1', () => {
  const samples = Float32Array.from([0.3, -0.69, 0.71, 1, -50, 1e6])
  const [a, b, c, d, e, f] = limit(samples.slice()) as unknown as [number, number, number, number, number, number]
  expect([a, b]).toEqual([samples[0], samples[1]])
  expect(c).toBeCloseTo(0.71, 4)
  expect(d).toBeLessThan(f)
  expect(-e).toBeLessThan(1)
  expect(f).toBeLessThan(1)
})

test('fadeIn() and fadeOut() bring the borders to zero and leave the middle', () => {
  const faded = fadeOut(fadeIn(new Float32Array(1000).fill(1), 24000), 24000)
  expect([faded[0], faded[999], faded[500]]).toEqual([0, 0, 1])
  expect(fadeOut(new Float32Array(0), 24000)).toHaveLength(0)
})

test('whiteNoise() has a mean of zero and the energy of an even spread', () => {
  const noise = whiteNoise(key(1), 50000)
  expect(Math.abs(noise.reduce((sum, x) => sum + x, 0) / 50000)).toBeLessThan(0.01)
  expect(energyBetween(noise, 0, 50000) / 50000).toBeCloseTo(1 / 3, 2)
})

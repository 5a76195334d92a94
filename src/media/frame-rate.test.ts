import { describe, expect, test } from 'vitest'
import { frameRateOf } from './frame-rate.js'

const film = (rate: number, frames: number, resolution: number) => {
  const round = (time: number) => Math.round(time / resolution) * resolution
  return { starts: Array.from({ length: frames }, (_, i) => round(i / rate)), end: round(frames / rate), resolution }
}

describe('frameRateOf()', () => {
  test.each([1, 8, 12, 23, 24, 25, 30, 50, 60, 120])('finds %d frames a second, also in times rounded to milliseconds', (rate) => {
    for (const frames of [1, 2, 3, 40]) {
      expect(frameRateOf(film(rate, frames, 1 / 90_000)), `${frames} frames`).toEqual({ frameRate: rate, even: true })
      // A single frame of 8 ms could be of 120 or 125 a second.
      if (frames > 1 || rate < 30)
        expect(frameRateOf(film(rate, frames, 0.001)), `${frames} frames`).toEqual({ frameRate: rate, even: true })
    }
  })

  test.each([24_000 / 1001, 30_000 / 1001, 60_000 / 1001])('finds the rate of television %d', (rate) => {
    expect(frameRateOf(film(rate, 40, 0.001))).toEqual({ frameRate: rate, even: true })
    expect(frameRateOf(film(rate, 5, 1 / 90_000))).toEqual({ frameRate: rate, even: true })
  })

  test('finds rates that are neither', () => {
    expect(frameRateOf(film(12.5, 20, 1 / 90_000)).frameRate).toBeCloseTo(12.5, 9)
    expect(frameRateOf(film(0.4, 5, 0.001)).frameRate).toBeCloseTo(0.4, 9)
  })

  test('gives an uneven film as many frames as it has', () => {
    expect(frameRateOf({ starts: [0, 0.1, 0.2, 1.2], end: 2, resolution: 0.001 })).toEqual({ frameRate: 2, even: false })
  })
})

import { describe, expect, test } from 'vitest'
import { settings } from '../scene.js'
import { ambienceSound } from './ambience.js'
import { centroid, energyBetween, peak } from './listen.fixture.js'

const left = (...parameters: Parameters<typeof ambienceSound>): Float32Array => ambienceSound(...parameters).channels[0] as Float32Array
const loudness = (samples: Float32Array): number => Math.sqrt(energyBetween(samples, 0, samples.length) / samples.length)

describe('ambienceSound()', () => {
  test.each(settings)('of the %s is stereo, as long as asked, quiet, and without clicks at its borders', (setting) => {
    const { channels, sampleRate } = ambienceSound(setting, 5, 3)
    expect(channels.map(({ length }) => length)).toEqual([120000, 120000])
    expect(sampleRate).toBe(24000)
    for (const channel of channels) {
      expect(loudness(channel)).toBeGreaterThan(0.001)
      expect(peak(channel)).toBeLessThan(0.5)
      expect(peak(Float32Array.of(...channel.slice(0, 1), ...channel.slice(-1)))).toBe(0)
    }
    expect(channels[0]).not.toEqual(channels[1])
  })

  test('is the same for the same seed, and not for another', () => {
    expect(ambienceSound('meadow', 2, 1)).toEqual(ambienceSound('meadow', 2, 1))
    expect(ambienceSound('meadow', 2, 1)).not.toEqual(ambienceSound('meadow', 2, 2))
  })

  test('tells places apart: snow is muffled, a meadow sings, a studio is the quietest', () => {
    const pitch = (setting: (typeof settings)[number]) => centroid(left(setting, 10, 5), 24000)
    expect(pitch('snow')).toBeLessThan(0.5 * pitch('desert'))
    expect(pitch('meadow')).toBeGreaterThan(2 * pitch('desert'))
    for (const setting of settings)
      if (setting !== 'studio') expect(loudness(left(setting, 10, 5))).toBeGreaterThan(2 * loudness(left('studio', 10, 5)))
  })

  test('has waves that come and go on a beach', () => {
    const samples = left('beach', 12, 4)
    const parts = Array.from({ length: 48 }, (_, i) => loudness(samples.subarray(i * 6000, (i + 1) * 6000)))
    expect(Math.max(...parts)).toBeGreaterThan(4 * Math.min(...parts))
  })

  test('has crickets instead of birds at night', () => {
    expect(left('meadow', 3, 1, { time: 'night' })).not.toEqual(left('meadow', 3, 1, { time: 'day' }))
  })

  test('refuses lengths that are none', () => {
    expect(() => ambienceSound('snow', Number.POSITIVE_INFINITY, 0)).toThrow('Cannot make Infinity seconds of sound: it lasts 0 to 3600')
    expect(ambienceSound('snow', 0, 0).channels[0]).toHaveLength(0)
  })
})

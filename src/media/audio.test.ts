import { describe, expect, test } from 'vitest'
import { amplify, concatenate, duration, fitTo, mix, normalise, peak, sampleCount, silence, toMono, toStereo } from './audio.js'

const of = (...channels: number[][]) => ({ sampleRate: 4, channels: channels.map((channel) => Float32Array.from(channel)) })
const values = ({ channels }: { channels: readonly Float32Array[] }) => channels.map((channel) => [...channel])

describe('helpers of sound', () => {
  test('duration() counts samples of one channel', () => {
    expect([duration(of([0, 0], [0, 0])), sampleCount(of([0, 0], [0, 0])), duration({ sampleRate: 4, channels: [] })]).toEqual([0.5, 2, 0])
    expect(values(silence(0.6, { sampleRate: 4, channels: 2 }))).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  test('toMono() takes the mean and toStereo() doubles it', () => {
    expect(values(toMono(of([1, 0], [0, 0.5])))).toEqual([[0.5, 0.25]])
    expect(values(toStereo(of([1, 0.5])))).toEqual([
      [1, 0.5],
      [1, 0.5],
    ])
    expect(values(toStereo(of([1], [0], [0.5])))).toEqual([[0.5], [0.5]])
  })

  test('amplify() counts in decibels; normalise() brings the peak to its target and leaves silence alone', () => {
    expect(peak(amplify(of([0.25, -0.5]), 20 * Math.log10(2)))).toBeCloseTo(1, 6)
    expect(peak(normalise(of([0.25, -0.5], [0, 0.1]), 0.8))).toBeCloseTo(0.8, 6)
    expect(values(normalise(of([0, 0])))).toEqual([[0, 0]])
  })

  test('concatenate() and mix() keep every channel, and refuse what differs', () => {
    expect(values(concatenate([of([1], [2]), of([3, 4], [5, 6])]))).toEqual([
      [1, 3, 4],
      [2, 5, 6],
    ])
    expect(values(mix([of([1]), of([0.5, 0.25])]))).toEqual([[1.5, 0.25]])
    expect(() => mix([of([1]), of([1], [1])])).toThrow(
      'Cannot mix sounds of different layouts: the first has 1 channel at 4 Hz, number 2 has 2 channels at 4 Hz. Use resample() and toMono() or toStereo() first',
    )
  })

  test('fitTo() cuts or fills at the end', () => {
    expect(values(fitTo(of([1, 2, 3]), 2))).toEqual([[1, 2]])
    expect(values(fitTo(of([1]), 3))).toEqual([[1, 0, 0]])
  })
})

import { describe, expect, test } from 'vitest'
import { blankImage } from './image.js'
import { bt709, fromYuv420, toYuv420, yuv420Size } from './yuv.js'

describe('toYuv420() and fromYuv420()', () => {
  test.each([
    ['black', [0, 0, 0], [16, 128, 128]],
    ['white', [255, 255, 255], [235, 128, 128]],
    // Values of SMPTE's colour bars in BT.709.
    ['red', [255, 0, 0], [63, 102, 240]],
    ['green', [0, 255, 0], [173, 42, 26]],
    ['blue', [0, 0, 255], [32, 240, 118]],
  ] as const)('give %s its place in BT.709', (_, rgb, yuv) => {
    const { data } = toYuv420(blankImage(4, 2, rgb))
    expect([data[0], data[8], data[10]]).toEqual(yuv)
    const back = fromYuv420({ width: 4, height: 2, data }, bt709)
    for (let i = 0; i < back.data.length; i++) expect(Math.abs((back.data[i] as number) - (rgb[i % 3] as number))).toBeLessThanOrEqual(2)
  })

  test('repeat the last column and row up to the size that is asked for', () => {
    const image = { width: 1, height: 1, channels: 3 as const, data: Uint8Array.from([200, 100, 50]) }
    const wide = toYuv420(image, { width: 4, height: 2 })
    expect(wide.data).toHaveLength(yuv420Size(4, 2))
    expect(new Set(wide.data.subarray(0, 8)).size).toBe(1)
    expect(yuv420Size(3, 3)).toBe(9 + 8)
  })

  test('lose little of a smooth picture', () => {
    const data = Uint8Array.from({ length: 32 * 30 * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % 32, Math.floor(i / 96), i % 3]
      return 128 + 60 * Math.sin(x * 0.1 + c) + 50 * Math.cos(y * 0.13)
    })
    const image = { width: 32, height: 30, channels: 3 as const, data }
    const back = fromYuv420(toYuv420(image), bt709)
    const error = data.reduce((sum, value, i) => sum + (value - (back.data[i] as number)) ** 2, 0) / data.length
    expect(10 * Math.log10(255 ** 2 / error)).toBeGreaterThan(45)
  })

  test('know the full range of photographs', () => {
    const grey = { width: 2, height: 2, data: Uint8Array.from([0, 255, 128, 64, 128, 128]) }
    expect([...fromYuv420(grey, { ...bt709, fullRange: true }).data]).toEqual([0, 0, 0, 255, 255, 255, 128, 128, 128, 64, 64, 64])
  })
})

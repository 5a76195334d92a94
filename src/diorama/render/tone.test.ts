import { describe, expect, it } from 'vitest'
import { toSrgb } from '../palette.js'
import { Triple } from './solid.js'
import { toneMap, writeSrgb } from './tone.js'

const mapped = (r: number, g: number, b: number): Triple => {
  const colour = new Triple(r, g, b)
  toneMap(colour)
  return colour
}

describe('toneMap()', () => {
  it('leaves mid-tones alone', () => {
    expect(mapped(0.6, 0.02, 0.05)).toEqual(new Triple(0.6, 0.02, 0.05))
  })

  it('brings every light into the display’s range, brighter ones never darker', () => {
    let last = 0
    for (let light = 0; light < 40; light += 0.05) {
      const { r } = mapped(light, light / 2, 0)
      expect(r).toBeGreaterThanOrEqual(last)
      expect(r).toBeLessThanOrEqual(1)
      last = r
    }
  })

  it('keeps which channel is the strongest, and bends highlights towards white', () => {
    const { r, g, b } = mapped(8, 2, 1)
    expect(r).toBeGreaterThan(g)
    expect(g).toBeGreaterThan(b)
    expect(b / r).toBeGreaterThan(1 / 8)
  })
})

describe('writeSrgb()', () => {
  it('writes the nearest byte of the sRGB curve, clipped at both ends', () => {
    const data = new Uint8Array(4)
    for (let i = 0; i <= 100; i++) {
      writeSrgb(data, 1, i / 100, -3, 7)
      expect(Math.abs((data[1] as number) - 255 * toSrgb(i / 100))).toBeLessThan(0.75)
      expect([data[0], data[2], data[3]]).toEqual([0, 0, 255])
    }
  })
})

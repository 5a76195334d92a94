import { describe, expect, it } from 'vitest'
import type { Image } from '../media/image.js'
import { contactSheet } from './contact-sheet.js'

const flat = (value: number, width = 2, height = 1, channels: 3 | 4 = 3): Image => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels).fill(value),
})

describe('contactSheet()', () => {
  it('lays pictures out row by row with a gap around each', () => {
    const sheet = contactSheet([flat(1), flat(2), flat(3, 2, 1, 4)], { columns: 2, gap: 1, background: 9 })
    expect([sheet.width, sheet.height]).toEqual([7, 5])
    const reds = Array.from({ length: 5 }, (_, y) => Array.from({ length: 7 }, (_, x) => sheet.data[3 * (7 * y + x)]).join(''))
    expect(reds).toEqual(['9999999', '9119229', '9999999', '9339999', '9999999'])
  })

  it('refuses pictures of different sizes, and none', () => {
    expect(() => contactSheet([flat(1), flat(1, 3)])).toThrow('the first is 2 × 1, another 3 × 1')
    expect(() => contactSheet([])).toThrow('Cannot lay out 0 pictures')
  })
})

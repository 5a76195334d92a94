import { describe, expect, it } from 'vitest'
import { fill } from '../../../graph/index.js'
import { blankImage } from '../../../media/image.js'
import { chooseSize, joined, maskedPixels, maskOf, pastedInto, pictureOf, pixelsOf } from './picture.js'

const rule = { multiple: 8, native: 128 }
const choose = (asked: Parameters<typeof chooseSize>[1]) => chooseSize('stable-diffusion', asked, rule)

describe('chooseSize()', () => {
  it.each([
    [{}, 128, 128],
    [{ width: 96 }, 96, 128],
    [{ image: { width: 160, height: 96 } }, 160, 96],
    [{ image: { width: 640, height: 480 } }, 144, 112],
    [{ image: { width: 3000, height: 10 } }, 2216, 8],
    [{ image: { width: 640, height: 480 }, width: 64, height: 64 }, 64, 64],
  ])('of %j is %i × %i', (asked, width, height) => {
    expect(choose(asked).size).toEqual({ width, height })
  })

  it('names the nearest sizes, and only those that there are', () => {
    expect(() => choose({ width: 100, height: 3 })).toThrow(
      'Cannot run stable-diffusion: expected width to be a multiple of 8, found 100; expected height to be a multiple of 8, found 3. The nearest are 96 and 104',
    )
    expect(() => choose({ height: 3 })).toThrow('found 3. The nearest is 8')
  })

  it('warns of what was resized, and of sizes far from the native one', () => {
    expect(choose({}).warnings).toEqual([])
    expect(choose({ image: { width: 640, height: 480 } }).warnings).toEqual([
      'The picture of 640 × 480 was resized to 144 × 112, which suits the model',
    ])
    expect(choose({ width: 512, height: 512 }).warnings).toEqual([expect.stringContaining('512 × 512 is far from the 128 × 128')])
  })
})

describe('pixelsOf() and pictureOf()', () => {
  it('undo each other for every byte', () => {
    const image = { width: 16, height: 16, channels: 3, data: Uint8Array.from({ length: 768 }, (_, i) => i % 256) } as const
    expect(pictureOf(pixelsOf(image))).toEqual(image)
    expect([pixelsOf(blankImage(1, 1, [0, 255, 51])).toNested()]).toEqual([[[[[-1]], [[1]], [[expect.closeTo(-0.6, 6)]]]]])
  })

  it('cut off what is too dark or too light, infinities included', () => {
    const pixels = fill('float32', [1, 3, 1, 1], (i) => [-7, 1.2, Number.POSITIVE_INFINITY][i] as number)
    expect([...pictureOf(pixels).data]).toEqual([0, 255, 255])
  })
})

describe('masks', () => {
  const half = blankImage(4, 2)
  half.data.fill(255, 0, 6)
  half.data.set([150, 120, 120], 6)

  it('are 1 where they are lighter than mid-grey, and transparent is black', () => {
    expect(maskOf(half, { width: 4, height: 2 }).toNested()).toEqual([
      [
        [
          [1, 1, 1, 0],
          [0, 0, 0, 0],
        ],
      ],
    ])
    expect(maskOf(blankImage(1, 1, [255, 255, 255, 0]), { width: 1, height: 1 }).item()).toBe(0)
    expect(maskOf(half, { width: 2, height: 1 }).toNested()).toEqual([[[[1, 0]]]])
  })

  it('hide pixels in mid-grey, and let only what they show be pasted', () => {
    const mask = maskOf(half, { width: 4, height: 2 })
    const white = blankImage(4, 2, [255, 255, 255])
    expect([...maskedPixels(pixelsOf(white), mask).data].slice(0, 8)).toEqual([0, 0, 0, 1, 1, 1, 1, 1])
    const pasted = pastedInto(white, blankImage(4, 2, [1, 2, 3]), mask)
    expect([...pasted.data.slice(6, 12)]).toEqual([1, 2, 3, 255, 255, 255])
    expect(white.data[0]).toBe(255)
  })
})

describe('joined()', () => {
  it('puts arrays one after the other', () => {
    const [a, b] = [fill('float32', [1, 1, 2], (i) => i), fill('float32', [1, 2, 2], (i) => 10 + i)]
    expect(joined([a, b], 1).toNested()).toEqual([
      [
        [0, 1],
        [10, 11],
        [12, 13],
      ],
    ])
    expect(joined([a, a], 0).toNested()).toEqual([[[0, 1]], [[0, 1]]])
  })
})

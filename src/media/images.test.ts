import sharp from 'sharp'
import { describe, expect, test, vi } from 'vitest'
import { testImage, testProvenance } from '../../tests/support/media.js'
import { blankImage, flattenAlpha, type Image } from './image.js'
import { decodeAnimation, decodeImage, encodeAnimation, encodeImage, evenDelays, evenly } from './images.js'
import { imageRoundTripErrors, meanAbsoluteError } from './round-trip.js'

/** Peak signal-to-noise ratio in decibels. */
function psnr(a: Image, b: Image): number {
  const squares = a.data.reduce((sum, value, i) => sum + (value - (b.data[i] as number)) ** 2, 0)
  return 10 * Math.log10(255 ** 2 / (squares / a.data.length))
}

describe('encodeImage() and decodeImage()', () => {
  const image = testImage(64, 48)

  test('lose nothing in PNG and in WebP of quality 100', async () => {
    const alpha = testImage(64, 48, 4)
    for (const picture of [image, alpha])
      for (const options of [{ format: 'png' }, { format: 'webp', quality: 100 }] as const)
        expect(await decodeImage(await encodeImage(picture, options))).toEqual(picture)
  })

  test('stay close in JPEG and WebP, closer with more quality', async () => {
    for (const format of ['jpeg', 'webp'] as const) {
      const [low, high] = await Promise.all(
        [20, 95].map(async (quality) => psnr(image, await decodeImage(await encodeImage(image, { format, quality })))),
      )
      expect(high, format).toBeGreaterThan(32)
      expect(low, format).toBeLessThan(high as number)
    }
  })

  test('lay a picture with alpha on white for JPEG', async () => {
    const alpha = testImage(64, 48, 4)
    const decoded = await decodeImage(await encodeImage(alpha, { format: 'jpeg', quality: 98 }))
    expect(decoded.channels).toBe(3)
    expect(meanAbsoluteError(flattenAlpha(alpha), decoded)).toBeLessThan(2)
  })

  test('read the first frame of a GIF', async () => {
    const frames = [blankImage(4, 3, [255, 0, 0]), blankImage(4, 3, [0, 0, 255])]
    expect(await decodeImage(await encodeAnimation(frames, { format: 'gif', frameRate: 10 }))).toEqual(frames[0])
  })

  test('refuse a quality or data that cannot be', async () => {
    await expect(encodeImage(image, { format: 'jpeg', quality: 0 })).rejects.toThrow(
      'Cannot write a JPEG picture: expected a whole quality from 1 to 100, found 0',
    )
    await expect(encodeImage({ ...image, height: 47 }, { format: 'png' })).rejects.toMatchObject({ code: 'MediaInvalid' })
  })

  test('say what to install where sharp is missing, and need it not for PNG', async () => {
    vi.resetModules()
    vi.doMock('sharp', () => {
      throw new Error('Cannot find package')
    })
    const { decodeImage, encodeImage } = await import('./images.js')
    await expect(encodeImage(image, { format: 'webp' })).rejects.toMatchObject({
      code: 'MediaCodecMissing',
      message:
        'Cannot write a WebP picture: expected the package sharp, found none that loads. Install it: npm install sharp. PNG needs no package',
    })
    expect(await decodeImage(await encodeImage(image, { format: 'png' }))).toEqual(image)
    vi.doUnmock('sharp')
    vi.resetModules()
  })
})

describe('decodeImage() turns pictures upright', () => {
  /** Where the pixel that is shown at x, y is stored, for each EXIF orientation. */
  const stored: Record<number, (x: number, y: number, width: number, height: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y, width) => [width - 1 - x, y],
    3: (x, y, width, height) => [width - 1 - x, height - 1 - y],
    4: (x, y, _, height) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, width) => [y, width - 1 - x],
    7: (x, y, width, height) => [height - 1 - y, width - 1 - x],
    8: (x, y, _, height) => [height - 1 - y, x],
  }
  test.each(Object.keys(stored).map(Number))('from EXIF orientation %d', async (orientation) => {
    const upright = testImage(24, 16)
    const [width, height] = orientation < 5 ? [24, 16] : [16, 24]
    const raw = new Uint8Array(24 * 16 * 3)
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 24; x++) {
        const [u, v] = (stored[orientation] as (typeof stored)[number])(x, y, 24, 16)
        raw.set(upright.data.subarray((y * 24 + x) * 3, (y * 24 + x) * 3 + 3), (v * width + u) * 3)
      }
    const jpeg = await sharp(raw, { raw: { width, height, channels: 3 } })
      .withMetadata({ orientation })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer()
    const decoded = await decodeImage(Uint8Array.from(jpeg), { name: 'photo.jpg' })
    expect([decoded.width, decoded.height]).toEqual([24, 16])
    expect(meanAbsoluteError(upright, decoded)).toBeLessThan(2)
  })
})

describe('decodeImage() brings to 8-bit sRGB', () => {
  test('grey JPEGs and CMYK JPEGs', async () => {
    const source = sharp({ create: { width: 8, height: 8, channels: 3, background: '#ffffff' } })
    for (const space of ['b-w', 'cmyk']) {
      const decoded = await decodeImage(Uint8Array.from(await source.clone().toColourspace(space).jpeg().toBuffer()))
      expect(decoded, space).toMatchObject({ width: 8, height: 8, channels: 3 })
      expect(Math.min(...decoded.data), space).toBeGreaterThan(250)
    }
  })
})

describe('decodeImage() refuses', () => {
  test('a name that lies, naming both', async () => {
    const png = await encodeImage(testImage(4, 4), { format: 'png' })
    await expect(decodeImage(png, { name: 'photo.jpg' })).rejects.toMatchObject({
      code: 'MediaMisnamed',
      message: 'Cannot read photo.jpg: expected a JPEG picture, as its name says, found a PNG picture. Rename it to end in .png',
    })
  })

  test('files that are empty or no pictures', async () => {
    await expect(decodeImage(new Uint8Array(0), { name: 'a.png' })).rejects.toMatchObject({
      code: 'MediaTruncated',
      found: 'an empty file',
    })
    const html = new TextEncoder().encode('<!doctype html><title>404</title>')
    await expect(decodeImage(html, { name: 'a.png' })).rejects.toMatchObject({ code: 'MediaUnsupported', found: 'an HTML page' })
  })

  test.each(['jpeg', 'webp'] as const)('a %s larger than the limits, and one that is cut off', async (format) => {
    const bytes = await encodeImage(testImage(64, 48), { format })
    for (const [limits, limit] of [
      [{ pixels: 3071 }, 'pixels'],
      [{ bytes: 100 }, 'bytes'],
      [{ decodedBytes: 12_287 }, 'decodedBytes'],
    ] as const)
      await expect(decodeImage(bytes, { limits })).rejects.toMatchObject({ code: 'MediaTooLarge', limit })
    for (const share of [0.05, 0.3, 0.6, 0.9])
      await expect(decodeImage(bytes.subarray(0, Math.floor(bytes.length * share))), `${share}`).rejects.toMatchObject({
        code: 'MediaTruncated',
      })
  })

  test('a JPEG whose header promises more than its stream, by what the header says', async () => {
    const bytes = Uint8Array.from(await encodeImage(testImage(8, 8), { format: 'jpeg' }))
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0)
    bytes.set([0xff, 0xff, 0xff, 0xff], frame + 5)
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'MediaTooLarge', found: '4,294,836,225 pixels (65,535 × 65,535)' })
  })
})

describe('encodeAnimation() and decodeAnimation()', () => {
  const frames = Array.from({ length: 8 }, (_, frame) => testImage(32, 24, 3, frame))

  test('keep frames and rate in WebP of quality 100', async () => {
    for (const frameRate of [1, 12, 24, 29.97, 60]) {
      const video = await decodeAnimation(await encodeAnimation(frames, { format: 'webp', frameRate, quality: 100 }))
      expect(video.frames).toEqual(frames)
      expect(video.frameRate).toBeCloseTo(frameRate, 0)
    }
  })

  test('keep number, rate and look of the frames in GIF', async () => {
    const video = await decodeAnimation(await encodeAnimation(frames, { format: 'gif', frameRate: 12, provenance: testProvenance }))
    expect(video).toMatchObject({ frameRate: 12 })
    expect(video.frames).toHaveLength(8)
    for (const [i, frame] of frames.entries()) expect(meanAbsoluteError(frame, video.frames[i] as Image), `frame ${i}`).toBeLessThan(6)
  })

  test('keep frames that equal one another, which WebP stores as one', async () => {
    const [grey, white] = [blankImage(4, 4, [9, 9, 9]), blankImage(4, 4, [255, 255, 255])]
    for (const format of ['gif', 'webp'] as const) {
      const bytes = await encodeAnimation([grey, grey, white, grey], { format, frameRate: 10, quality: 100 })
      expect(await decodeAnimation(bytes), format).toEqual({ frameRate: 10, frames: [grey, grey, white, grey] })
    }
  })

  test('refuse more frames than the limit, before decoding one', async () => {
    const bytes = await encodeAnimation(frames, { format: 'webp', frameRate: 12 })
    await expect(decodeAnimation(bytes, { limits: { frames: 7 } })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: 'frames' })
    await expect(decodeAnimation(bytes, { limits: { decodedBytes: 24_575 } })).rejects.toMatchObject({ limit: 'decodedBytes' })
  })

  test('refuse no frames, frames of several sizes and rates that the format cannot count', async () => {
    const gif = { format: 'gif', frameRate: 10 } as const
    await expect(encodeAnimation([], gif)).rejects.toThrow('expected at least one frame, found none')
    await expect(encodeAnimation([blankImage(2, 2), blankImage(2, 3)], gif)).rejects.toThrow(
      'expected frames of 2 × 2, found 2 × 3 at frame 1',
    )
    await expect(encodeAnimation(frames, { format: 'gif', frameRate: 101 })).rejects.toThrow('a frame rate above 0 and up to 100 a second')
  })
})

describe('evenDelays() and evenly()', () => {
  test('spread the rounding, so that the whole length fits', () => {
    expect(evenDelays(4, 12, 10)).toEqual([80, 90, 80, 80])
    for (const rate of [5, 7.5, 12, 23.976, 24, 25, 30, 50]) {
      const total = evenDelays(100, rate, 10).reduce((sum, delay) => sum + delay, 0)
      expect(Math.abs(total - 100_000 / rate), `${rate}`).toBeLessThanOrEqual(5)
    }
  })

  test('repeat frames that stand longer', () => {
    const [a, b, c] = [1, 2, 3].map((grey) => blankImage(1, 1, [grey, grey, grey])) as [Image, Image, Image]
    expect(evenly([a, b, c], [100, 300, 200], 10, 600)).toEqual({ frameRate: 10, frames: [a, b, b, b, c, c] })
    // A common measure of one hundredth of a second would take more frames than the limit: the length stays, the rate gives way.
    expect(evenly([a, b], [1000, 1010 * 3], 10, 4).frames).toEqual([a, b, b, b])
  })
})

test('imageRoundTripErrors() is nothing for PNG and little for the others', async () => {
  const { png, ...others } = await imageRoundTripErrors(testImage(64, 48))
  expect(png).toBe(0)
  for (const [format, error] of Object.entries(others)) {
    expect(error, format).toBeGreaterThan(0)
    expect(error, format).toBeLessThan(8)
  }
})

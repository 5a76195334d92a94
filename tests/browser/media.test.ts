import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Audio,
  type Deck,
  decodeAnimation,
  decodeAudio,
  decodeGlb,
  decodeImage,
  decodeVideo,
  encodeAnimation,
  encodeAudio,
  encodeGlb,
  encodeImage,
  encodePptx,
  encodeVideo,
  type Image,
  type Mesh,
  meanAbsoluteError,
  type Video,
  withAlpha,
} from '../../src/media/index.js'
import { testImage, testProvenance } from '../support/media.js'
import { chromiumPath, launchChromium, noChromium } from './chromium.js'
import type { Page } from './media-page.js'
import { type Site, serveSite } from './site.js'
import { openTab, type Tab } from './tab.js'

// The codecs in a page. What the page writes is read in Node and the other way round; the numbers behind "measured" are from Chromium 156.

const image = testImage(64, 48)
const clear = testImage(64, 48, 4)

const sound: Audio = {
  sampleRate: 24_000,
  channels: [440, 660].map((pitch) => Float32Array.from({ length: 24_000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * pitch * i) / 24_000))),
}
const film: Video = { frameRate: 12, frames: Array.from({ length: 12 }, (_, frame) => testImage(66, 48, 3, frame)), audio: sound }

/** The largest difference between samples. */
function difference(a: Audio, b: Audio): number {
  expect(a.channels.map(({ length }) => length)).toEqual(b.channels.map(({ length }) => length))
  let largest = 0
  for (const [c, channel] of a.channels.entries())
    for (const [i, sample] of channel.entries()) largest = Math.max(largest, Math.abs(sample - (b.channels[c]?.[i] as number)))
  return largest
}

/** The same colours where nothing is to be seen. */
function seen(image: Image): Image {
  const data = Uint8Array.from(withAlpha(image).data)
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 0) data.fill(0, i, i + 3)
  return { ...image, channels: 4, data }
}

describe.skipIf(!chromiumPath)(`media in Chromium${chromiumPath ? '' : ` (${noChromium})`}`, () => {
  let site: Site
  let browser: Browser
  let tab: Tab<Page>
  beforeAll(async () => {
    ;[site, browser] = await Promise.all([serveSite({ page: './media-page.ts' }), launchChromium(chromiumPath as string)])
    tab = await openTab(browser, site.isolated)
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  describe('encodeImage() and decodeImage()', () => {
    // Measured: 0, 1.9, 2.1 and 0.
    test.each([
      [{ format: 'png' }, 0],
      [{ format: 'jpeg' }, 3],
      [{ format: 'webp' }, 3],
      [{ format: 'webp', quality: 100 }, 0],
    ] as const)('keep a picture as %o within %d, with how it was made', async (options, most) => {
      const bytes = await tab.call('encodeImage', image, { ...options, provenance: testProvenance })
      const [here, there] = [await decodeImage(bytes), await tab.call('decodeImage', bytes)]
      expect(meanAbsoluteError(image, there)).toBeLessThanOrEqual(most)
      // Chromium notes the colour space, which sharp rounds over.
      expect(meanAbsoluteError(here, there)).toBeLessThan(0.1)
      expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
      const fromNode = await encodeImage(image, { ...options, provenance: testProvenance })
      expect(meanAbsoluteError(await decodeImage(fromNode), await tab.call('decodeImage', fromNode))).toBeLessThan(1)
      expect((await tab.call('readProvenance', fromNode))?.own).toEqual(testProvenance)
    })

    test('keep the colours of what is nearly clear', async () => {
      for (const format of ['png', 'webp'] as const) {
        expect(await tab.call('decodeImage', await encodeImage(clear, { format, quality: 100 })), format).toEqual(clear)
        const bytes = await tab.call('encodeImage', clear, { format, quality: 100 })
        expect(seen(await tab.call('decodeImage', bytes)), format).toEqual(seen(clear))
      }
    })

    test('turn a photograph upright', async () => {
      const photo = await sharp(image.data, { raw: { width: 64, height: 48, channels: 3 } })
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 100 })
        .toBuffer()
      const upright = await tab.call('decodeImage', Uint8Array.from(photo))
      expect([upright.width, upright.height]).toEqual([48, 64])
      expect(meanAbsoluteError(await decodeImage(Uint8Array.from(photo)), upright)).toBeLessThan(1)
    })

    test('bring other colour spaces to sRGB', async () => {
      const wide = sharp({ create: { width: 8, height: 8, channels: 3, background: '#e08040' } }).withIccProfile('p3')
      const { data } = await tab.call('decodeImage', Uint8Array.from(await wide.jpeg({ quality: 100 }).toBuffer()))
      for (const [c, value] of [0xe0, 0x80, 0x40].entries()) expect(Math.abs((data[c] as number) - value)).toBeLessThan(4)
    })

    test('refuse before they decode, and what is cut off', async () => {
      for (const format of ['png', 'jpeg', 'webp'] as const) {
        const bytes = await encodeImage(image, { format })
        await expect(tab.call('decodeImage', bytes, { limits: { pixels: 3071 } }), format).rejects.toThrow(
          /Cannot read a \w+ picture: expected at most 3,071 pixels, found 3,072 pixels \(64 × 48\)/,
        )
        for (const share of [0.3, 0.9])
          await expect(tab.call('decodeImage', bytes.subarray(0, share * bytes.length)), format).rejects.toThrow(
            /MediaError: Cannot read a \w+ picture/,
          )
      }
    })
  })

  describe('decodeAnimation()', () => {
    const frames = [0, 1, 2].map((frame) => testImage(32, 24, 3, 5 * frame))
    const clearFrames = [0, 1, 2].map((frame) => testImage(32, 24, 4, 5 * frame))

    test.each(['gif', 'webp'] as const)('reads every frame of a %s as Node does', async (format) => {
      for (const pictures of [frames, clearFrames]) {
        const bytes = await encodeAnimation(pictures, { format, frameRate: 10, quality: 100, provenance: testProvenance })
        const { frames, ...rest } = await tab.call('decodeAnimation', bytes)
        const here = await decodeAnimation(bytes)
        expect({ ...rest, frames: frames.map(seen) }).toEqual({ ...here, frames: here.frames.map(seen) })
        expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
      }
    })

    test('obeys the limit of frames', async () => {
      const bytes = await encodeAnimation(frames, { format: 'gif', frameRate: 10 })
      await expect(tab.call('decodeAnimation', bytes, { limits: { frames: 2 } })).rejects.toThrow(
        'expected at most 2 frames, found 3 frames',
      )
    })
  })

  test.each([
    ['gif', 'GIF'],
    ['webp', 'WebP'],
  ] as const)('encodeAnimation() says that no browser writes a moving %s, and what to do', async (format, title) => {
    await expect(tab.call('encodeAnimation', [image], { format, frameRate: 10 })).rejects.toThrow(
      `Cannot write a ${title} picture that moves: expected a browser that does it, found one that does not. Here one can encode a film as MP4 or WebM, or make the animation in Node`,
    )
  })

  describe('encodeAudio() and decodeAudio()', () => {
    test.each(['wav', 'flac', 'mp3', 'ogg'] as const)('read %s as Node does, with how it was made', async (format) => {
      const bytes = await encodeAudio(sound, { format, provenance: testProvenance })
      expect(difference(await decodeAudio(bytes), await tab.call('decodeAudio', bytes))).toBe(0)
      expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
    })

    test('write the same WAV as Node', async () => {
      for (const bits of [16, 24, 32] as const) {
        const [here, there] = [
          await encodeAudio(sound, { format: 'wav', bits }),
          await tab.call('encodeAudio', sound, { format: 'wav', bits }),
        ]
        expect(Buffer.compare(here, there), `${bits} bits`).toBe(0)
      }
    })

    test('write Ogg to the sample, close to the sound', async () => {
      const bytes = await tab.call('encodeAudio', sound, { format: 'ogg', provenance: testProvenance })
      const reference = await decodeAudio(await encodeAudio(sound, { format: 'ogg' }))
      expect(difference(await decodeAudio(bytes), reference)).toBeLessThan(0.05) // measured: 0.016
      expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
    })

    test.each([
      ['mp3', 'an MP3 sound'],
      ['flac', 'a FLAC sound'],
    ] as const)('say that no browser writes %s', async (format, title) => {
      await expect(tab.call('encodeAudio', sound, { format })).rejects.toThrow(
        `Cannot write ${title}: expected an encoder for ${format} at 24000 Hz, found a platform without one. Write WAV, which needs none`,
      )
    })

    test('refuse a sound that is too long before it is decoded', async () => {
      const bytes = await encodeAudio(sound, { format: 'flac' })
      await expect(tab.call('decodeAudio', bytes, { limits: { seconds: 0.5 } })).rejects.toThrow(
        'expected at most 0.5 seconds, found 1 seconds',
      )
    })
  })

  describe('encodeVideo() and decodeVideo()', () => {
    async function expectSameFilm(bytes: Uint8Array, original: Video): Promise<void> {
      const [here, there] = [await decodeVideo(bytes), await tab.call('decodeVideo', bytes)]
      for (const { frameRate, frames } of [here, there]) {
        expect(frameRate).toBe(original.frameRate)
        expect(frames).toHaveLength(original.frames.length)
      }
      for (const [index, frame] of there.frames.entries()) {
        expect(meanAbsoluteError(here.frames[index] as Image, frame)).toBeLessThan(0.5) // measured: 0
        expect(meanAbsoluteError(original.frames[index] as Image, frame)).toBeLessThan(4) // measured: below 2
      }
      expect(there.audio === undefined).toBe(original.audio === undefined)
      if (here.audio && there.audio) expect(difference(here.audio, there.audio)).toBe(0)
    }

    test('read and write WebM with sound', async () => {
      await expectSameFilm(await encodeVideo(film, { format: 'webm' }), film)
      const bytes = await tab.call('encodeVideo', film, { format: 'webm', provenance: testProvenance })
      await expectSameFilm(bytes, film)
      expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
    })

    // H.264 is in Debian's Chromium and in Google's; Debian's has no encoder for AAC, and decodes it to the bit as Node does (measured: 0).
    test('read MP4 with sound, and write it or say what is missing', async () => {
      await expectSameFilm(await encodeVideo(film, { format: 'mp4' }), film)
      const silent = { frameRate: film.frameRate, frames: film.frames }
      await expectSameFilm(await tab.call('encodeVideo', silent, { format: 'mp4' }), silent)
      const written = await tab.call('encodeVideo', film, { format: 'mp4' }).catch((error: Error) => error.message)
      if (typeof written !== 'string') return expectSameFilm(written, film)
      expect(written).toContain('MediaError: Cannot write an MP4 film: expected an encoder for mp4a.40.2, found')
      expect(written).toContain('. Leave the sound out, or take the other format')
    })

    test('refuse a film of too many frames before it is decoded', async () => {
      const bytes = await encodeVideo(film, { format: 'webm' })
      await expect(tab.call('decodeVideo', bytes, { limits: { frames: 11 } })).rejects.toThrow(
        'expected at most 11 frames, found 12 frames',
      )
    })
  })

  test('encodeGlb() and decodeGlb() give the bytes and the mesh that Node gives', async () => {
    const material = { name: 'glass', colour: [1, 0.5, 0.25], metallic: 0.5, roughness: 0.75, transmission: 0.5, texture: clear } as const
    const positions = Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0)
    const textureCoordinates = Float32Array.of(0, 0, 1, 0, 0, 1)
    const mesh: Mesh = { parts: [{ name: 'part', positions, textureCoordinates, indices: Uint32Array.of(0, 1, 2), material }] }
    const bytes = await encodeGlb(mesh, { provenance: testProvenance })
    expect(await tab.call('encodeGlb', mesh, { provenance: testProvenance })).toEqual(bytes)
    expect(await tab.call('decodeGlb', bytes)).toEqual(await decodeGlb(bytes))
    expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
  })

  test('encodePptx() gives the bytes that Node gives', async () => {
    const deck: Deck = {
      title: 'A deck',
      slides: [
        { layout: 'bullets', title: 'Words', bullets: [{ text: 'one' }, { text: 'two', level: 1 }], picture: image, notes: 'to say' },
        { layout: 'chart', title: 'A chart', chart: { kind: 'bar', labels: ['a', 'b'], series: [{ name: 's', values: [1, 2] }] } },
        { layout: 'table', title: 'A table', table: { header: ['a', 'b'], rows: [['1', '2']] } },
      ],
    }
    const bytes = await encodePptx(deck, { provenance: testProvenance })
    expect(await tab.call('encodePptx', deck, { provenance: testProvenance })).toEqual(bytes)
    expect((await tab.call('readProvenance', bytes))?.own).toEqual(testProvenance)
  })

  test('leave no error in the console, under a policy that forbids eval', () => expect(tab.complaints).toEqual([]))
})

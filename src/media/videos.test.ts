import { describe, expect, test } from 'vitest'
import type { Audio } from './audio.js'
import { readAvProvenance } from './av-tags.js'
import type { Image } from './image.js'
import { type Provenance, parseProvenance } from './provenance.js'
import type { Video } from './video.js'
import { decodeVideo, encodeVideo } from './videos.js'

const provenance: Provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: { prompt: 'größe 日本' }, seed: 7 }
const soundRate = 44_100

/** A soft pattern that drifts; one frame is white, and a click sounds with it. */
function film({ width = 48, height = 32, frames = 12, frameRate = 12, flash = 6 } = {}): Video & { audio: NonNullable<Video['audio']> } {
  const pictures = Array.from({ length: frames }, (_, frame): Image => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3]
      return frame === flash ? 255 : 120 + 60 * Math.sin(x * 0.15 + frame * 0.3 + c) + 50 * Math.cos(y * 0.2 - frame * 0.1)
    })
    return { width, height, channels: 3, data }
  })
  const click = Math.round((flash / frameRate) * soundRate)
  const channel = Float32Array.from({ length: Math.round((frames / frameRate) * soundRate) }, (_, i) =>
    i >= click && i < click + 441 ? 0.8 * Math.cos((2 * Math.PI * 1000 * (i - click)) / soundRate) : 0,
  )
  return { frameRate, frames: pictures, audio: { sampleRate: soundRate, channels: [channel, channel] } }
}

/** Peak signal to noise in decibels over the part that both have. */
function quality(a: Image, b: Image): number {
  let error = 0
  for (let y = 0; y < a.height; y++)
    for (let i = 0; i < a.width * 3; i++) error += ((a.data[y * a.width * 3 + i] as number) - (b.data[y * b.width * 3 + i] as number)) ** 2
  return 10 * Math.log10(255 ** 2 / (error / (a.width * a.height * 3)))
}

const whitest = ({ frames }: Video) => frames.findIndex(({ data }) => data.every((value) => value > 245))

describe.each(['mp4', 'webm'] as const)('encodeVideo() and decodeVideo() of %s', (format) => {
  test('keep frames, rate, sound and provenance', async () => {
    const original = film()
    const bytes = await encodeVideo(original, { format, provenance })
    const found = await decodeVideo(bytes)
    expect(found.frameRate).toBe(12)
    expect(found.frames).toHaveLength(12)
    for (const [index, frame] of found.frames.entries()) expect(quality(original.frames[index] as Image, frame)).toBeGreaterThan(34)
    expect(parseProvenance((await readAvProvenance(bytes)) as string)).toEqual(provenance)
    expect(await encodeVideo(original, { format, provenance }), 'the same bytes again').toEqual(bytes)
  })

  test('keep a click with its flash, to a millisecond', async () => {
    const { frames, frameRate, audio } = await decodeVideo(await encodeVideo(film({ frames: 20, flash: 13, frameRate: 10 }), { format }))
    expect(whitest({ frames, frameRate })).toBe(13)
    const { sampleRate, channels } = audio as Audio
    const [left] = channels as [Float32Array]
    expect(sampleRate).toBe(48_000)
    expect(channels).toHaveLength(2)
    expect(left).toHaveLength(96_000)
    expect(Math.abs(left.findIndex((sample) => sample > 0.4) / 48_000 - 1.3)).toBeLessThan(0.001)
  })

  test.each([
    [1, 8],
    [2, 3],
    [5, 30_000 / 1001],
    [40, 24_000 / 1001],
    [7, 25],
    [9, 60],
  ])('keep %d frames at %d a second', async (frames, frameRate) => {
    const { frames: pictures } = film({ frames, frameRate, flash: -1 })
    const found = await decodeVideo(await encodeVideo({ frames: pictures, frameRate }, { format }))
    expect(found.frames).toHaveLength(frames)
    // Five frames in WebM's milliseconds could as well be at 30 a second.
    if (!(format === 'webm' && frames === 5)) expect(found.frameRate).toBe(frameRate)
    expect(found.audio).toBeUndefined()
  })

  test('repeat the last column and row of odd sizes', async () => {
    const original = film({ width: 33, height: 17, frames: 3, flash: -1 })
    const { frames } = await decodeVideo(await encodeVideo(original, { format, quality: 95 }))
    expect(frames.map(({ width, height }) => [width, height])).toEqual([
      [34, 18],
      [34, 18],
      [34, 18],
    ])
    expect(quality(original.frames[1] as Image, frames[1] as Image)).toBeGreaterThan(34)
  })

  test('give more for a higher quality or bit rate', async () => {
    const original = film({ width: 64, height: 64, frames: 24, frameRate: 24, flash: -1 })
    // Grain, which costs bits.
    let state = 1
    for (const { data } of original.frames)
      for (let i = 0; i < data.length; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        data[i] = (data[i] as number) + (state >>> 28) - 8
      }
    const sizes = await Promise.all(
      [{ quality: 40 }, { quality: 95 }, { bitrate: 250_000 }, { bitrate: 2_000_000 }].map(
        async (options) => (await encodeVideo(original, { format, ...options })).length,
      ),
    )
    expect(sizes[1]).toBeGreaterThan((sizes[0] as number) * 1.1)
    expect(sizes[3]).toBeGreaterThan((sizes[2] as number) * 1.1)
  })

  test('name the limit before they decode', async () => {
    const bytes = await encodeVideo(film(), { format })
    await expect(decodeVideo(bytes, { name: 'film', limits: { frames: 11 } })).rejects.toThrow(
      'Cannot read film: expected at most 11 frames, found 12 frames. If you trust the file, pass { limits: { frames: … } }',
    )
    for (const limits of [{ seconds: 0.5 }, { pixels: 1000 }, { bytes: 1000 }, { decodedBytes: 10_000 }])
      await expect(decodeVideo(bytes, { limits })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: Object.keys(limits)[0] })
    await expect(decodeVideo(bytes, { frameRate: 1000, limits: { frames: 500 } })).rejects.toMatchObject({ limit: 'frames' })
  })

  test('show at another rate what a player would show', async () => {
    const bytes = await encodeVideo(film({ frames: 12, frameRate: 12, flash: 6 }), { format })
    const doubled = await decodeVideo(bytes, { frameRate: 24 })
    expect([doubled.frames.length, whitest(doubled)]).toEqual([24, 12])
    expect(doubled.frames[13]).toBe(doubled.frames[12])
    const halved = await decodeVideo(bytes, { frameRate: 6 })
    expect([halved.frames.length, whitest(halved)]).toEqual([6, 3])
  })

  test('find a film cut short', async () => {
    const bytes = await encodeVideo(film({ frames: 24 }), { format })
    for (const share of [0.01, 0.3, 0.6])
      await expect(decodeVideo(bytes.slice(0, Math.ceil(share * bytes.length))), String(share)).rejects.toMatchObject({
        code: expect.stringMatching(/^Media(Truncated|Invalid|Unsupported)$/),
      })
  })

  test('answer every damaged file with a film or a MediaError', async () => {
    const whole = await encodeVideo(film({ width: 32, height: 32, frames: 4, flash: -1 }), { format, provenance })
    let state = 5
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 30; round++) {
      const bytes = whole.slice()
      for (let i = 0; i <= random(5); i++) bytes[random(round % 2 ? bytes.length : 1200)] = random(256)
      const found = await decodeVideo(bytes, { limits: { frames: 50, seconds: 20 } }).catch((error: Error) => error.name)
      expect(typeof found === 'string' ? found : 'a film').toMatch(/^(MediaError|a film)$/)
    }
  })
})

describe('encodeVideo()', () => {
  const failing = (video: Video, quality?: number) =>
    encodeVideo(video, { format: 'mp4', ...(quality === undefined ? {} : { quality }) }).catch((error: Error) => error.message)

  test('says what is wrong with a film', async () => {
    const { frames } = film({ frames: 1 })
    const [first] = frames as [Image]
    expect(await failing({ frameRate: 12, frames: [] })).toBe('Cannot write an MP4 film: expected at least one frame, found none')
    expect(await failing({ frameRate: 0, frames })).toContain('expected a frame rate above 0 and up to 1,000, found 0')
    expect(await failing({ frameRate: 12, frames: [first, { ...first, width: 32, height: 48 }] })).toContain(
      'expected frames of 48 × 32, found 32 × 48 as frame 1',
    )
    expect(await failing({ frameRate: 12, frames }, 0)).toContain('expected a quality from 1 to 100, found 0')
    expect(await failing({ frameRate: 12, frames, audio: { sampleRate: 8000, channels: [] } })).toContain(
      'expected one or two channels, found 0',
    )
  })

  test('leaves no clock in an MP4', async () => {
    const bytes = await encodeVideo(film({ frames: 2 }), { format: 'mp4' })
    const at = Buffer.from(bytes).indexOf('mvhd')
    expect([...bytes.subarray(at + 8, at + 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('decodeVideo()', () => {
  test('believes the frames, not a header that lies about their size', async () => {
    const bytes = await encodeVideo(film({ width: 64, height: 64, frames: 2 }), { format: 'mp4' })
    // The sample entry's width and height.
    const at = Buffer.from(bytes).indexOf('avc1', Buffer.from(bytes).indexOf('stsd')) + 28
    expect([...bytes.subarray(at, at + 4)]).toEqual([0, 64, 0, 64])
    bytes.set([0, 16, 0, 16], at)
    await expect(decodeVideo(bytes, { limits: { pixels: 300 } })).rejects.toThrow(
      'expected frames of 16 × 16, as it says, found a frame of 64 × 64',
    )
  })

  test('does not follow a WebM whose cluster has no size in circles', async () => {
    const bytes = await encodeVideo(film({ frames: 2 }), { format: 'webm' })
    bytes[Buffer.from(bytes).indexOf('1f43b675', 'hex') + 4] = 0
    await expect(decodeVideo(bytes)).rejects.toMatchObject({ code: 'MediaInvalid', found: expect.stringContaining('in circles') })
    await expect(readAvProvenance(bytes)).rejects.toMatchObject({ code: 'MediaInvalid' })
  })

  test('says that a sound is no film', async () => {
    await expect(decodeVideo(new TextEncoder().encode('OggS....'))).rejects.toMatchObject({
      code: 'MediaUnsupported',
      found: 'an Ogg sound',
    })
  })
})

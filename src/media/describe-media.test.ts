import { describe, expect, it } from 'vitest'
import { silence } from './audio.js'
import { describeMedia } from './describe-media.js'
import { encodeGlb } from './glb.js'
import { blankImage } from './image.js'
import { encodeAnimation, encodeImage } from './images.js'
import { encodeAudio } from './sounds.js'
import { encodeVideo } from './videos.js'

describe('describeMedia()', () => {
  it('says the size of pictures and the frames of animations', async () => {
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const bytes = await encodeImage(blankImage(20, 10), { format })
      expect(await describeMedia(bytes)).toMatchObject({ format, width: 20, height: 10, bytes: bytes.length })
    }
    const gif = await encodeAnimation([blankImage(8, 8), blankImage(8, 8, [255, 0, 0])], { format: 'gif', frameRate: 10 })
    expect(await describeMedia(gif)).toMatchObject({ mediaType: 'image/gif', width: 8, frames: 2 })
  })

  it('says the length, rate and channels of sounds', async () => {
    const wav = await encodeAudio(silence(0.5, { sampleRate: 8000, channels: 2 }), { format: 'wav' })
    expect(await describeMedia(wav)).toMatchObject({ format: 'wav', seconds: 0.5, sampleRate: 8000, channels: 2 })
  })

  it('says the size, rate, length and codecs of films', async () => {
    const frames = Array.from({ length: 6 }, (_, i) => blankImage(32, 16, [40 * i, 0, 0]))
    const audio = silence(0.5, { sampleRate: 48_000, channels: 1 })
    const mp4 = await encodeVideo({ frameRate: 12, frames, audio }, { format: 'mp4' })
    const film = { width: 32, height: 16, frames: 6, frameRate: 12, sampleRate: 48_000, channels: 1, codecs: ['avc', 'aac'] }
    const described = await describeMedia(mp4)
    expect(described).toMatchObject(film)
    expect(described.seconds).toBeCloseTo(0.5, 1)
  })

  it('says the triangles and the extent of meshes', async () => {
    const material = { name: 'grey', colour: [0.5, 0.5, 0.5], metallic: 0, roughness: 1 } as const
    const positions = Float32Array.of(0, 0, 0, 2, 0, 0, 0, 3, 0)
    const bytes = await encodeGlb({ parts: [{ name: 'a', positions, indices: Uint32Array.of(0, 1, 2), material }] })
    expect(await describeMedia(bytes)).toMatchObject({ format: 'glb', parts: 1, triangles: 1, extent: [2, 3, 0] })
  })

  it('refuses what is damaged, wrongly named or too large', async () => {
    const png = await encodeImage(blankImage(4, 4), { format: 'png' })
    await expect(describeMedia(png.subarray(0, 30), { name: 'a.png' })).rejects.toThrow('Cannot read a.png')
    await expect(describeMedia(png, { name: 'a.wav' })).rejects.toThrow('Rename it to end in .png')
    await expect(describeMedia(png, { limits: { bytes: 10 } })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: 'bytes' })
    await expect(describeMedia(new Uint8Array())).rejects.toMatchObject({ code: 'MediaTruncated' })
  })
})

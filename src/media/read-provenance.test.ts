import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { testImage, testProvenance } from '../../tests/support/media.js'
import { decodeExif, encodeExif } from './exif.js'
import { encodeGlb } from './glb.js'
import { decodeImage, encodeAnimation, encodeImage } from './images.js'
import { joined } from './inflate.js'
import { withGifComment, withJpegExif } from './picture-containers.js'
import { encodePng } from './png.js'
import { type PngChunk, readChunks, textChunk, writeChunks } from './png-chunks.js'
import { encodePptx } from './pptx.js'
import { longestProvenance } from './provenance.js'
import { readProvenance } from './read-provenance.js'
import { encodeAudio } from './sounds.js'
import { encodeVideo } from './videos.js'

const image = testImage(20, 14)
const alpha = testImage(20, 14, 4)
const provenance = testProvenance

function pngWith(...texts: PngChunk[]): Uint8Array {
  const [header, ...rest] = readChunks(encodePng(image), 'a.png')
  return writeChunks([header as PngChunk, ...texts, ...rest])
}

describe('readProvenance() reads back what was embedded in', () => {
  const animated = [0, 1, 2].map((frame) => testImage(20, 14, 3, frame))
  const files: Record<string, () => Promise<Uint8Array>> = {
    PNG: () => encodeImage(image, { format: 'png', provenance }),
    JPEG: () => encodeImage(image, { format: 'jpeg', provenance }),
    WebP: () => encodeImage(image, { format: 'webp', provenance }),
    'lossless WebP': () => encodeImage(image, { format: 'webp', quality: 100, provenance }),
    'WebP with alpha': () => encodeImage(alpha, { format: 'webp', provenance }),
    'lossless WebP with alpha': () => encodeImage(alpha, { format: 'webp', quality: 100, provenance }),
    GIF: () => encodeAnimation(animated, { format: 'gif', frameRate: 5, provenance }),
    'animated WebP': () => encodeAnimation(animated, { format: 'webp', frameRate: 5, provenance }),
  }
  test.each(Object.keys(files))('%s, and the picture still opens elsewhere', async (kind) => {
    const bytes = await (files[kind] as () => Promise<Uint8Array>)()
    expect(await readProvenance(bytes)).toEqual({ own: provenance })
    const { width, height, hasAlpha } = await sharp(bytes, { failOn: 'warning' }).metadata()
    expect({ width, height, hasAlpha }).toMatchObject({
      width: 20,
      height: 14,
      ...(!/GIF|animated/.test(kind) && { hasAlpha: kind.endsWith('alpha') }),
    })
    expect((await decodeImage(bytes)).width).toBe(20)
  })
})

describe('readProvenance() reads back what was embedded in sounds, films and documents:', () => {
  const sound = { sampleRate: 24_000, channels: [Float32Array.from({ length: 4800 }, (_, i) => Math.sin(i / 9) / 2)] }
  const film = { frameRate: 5, frames: [0, 1, 2].map((frame) => testImage(32, 32, 3, frame)) }
  const triangle = {
    name: 'triangle',
    positions: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
    indices: Uint32Array.of(0, 1, 2),
    material: { name: 'red', colour: [1, 0, 0] as const, metallic: 0, roughness: 1 },
  }
  const files: Record<string, () => Promise<Uint8Array>> = {
    WAV: () => encodeAudio(sound, { format: 'wav', provenance }),
    FLAC: () => encodeAudio(sound, { format: 'flac', provenance }),
    MP3: () => encodeAudio(sound, { format: 'mp3', provenance }),
    Ogg: () => encodeAudio(sound, { format: 'ogg', provenance }),
    MP4: () => encodeVideo(film, { format: 'mp4', provenance }),
    WebM: () => encodeVideo(film, { format: 'webm', provenance }),
    GLB: () => encodeGlb({ parts: [triangle] }, { provenance }),
    PPTX: () => encodePptx({ title: 'A deck', slides: [{ layout: 'title', title: 'A deck' }] }, { provenance }),
  }
  test.each(Object.keys(files))('%s', async (kind) => {
    expect(await readProvenance(await (files[kind] as () => Promise<Uint8Array>)())).toEqual({ own: provenance })
  })
})

describe('readProvenance() finds what other tools wrote', () => {
  const parameters = 'a castle\nNegative prompt: fog\nSteps: 20, Seed: 1, Size: 20x14'
  const foreign = {
    foreign: {
      tool: 'a1111',
      parameters: { prompt: 'a castle', negativePrompt: 'fog', settings: { Steps: '20', Seed: '1', Size: '20x14' } },
    },
  }

  test("A1111's parameters in PNG and in the EXIF of JPEG", async () => {
    expect(await readProvenance(pngWith(textChunk('parameters', parameters)))).toEqual(foreign)
    const jpeg = withJpegExif(await encodeImage(image, { format: 'jpeg' }), encodeExif({ userComment: parameters }, 'other'))
    expect(await readProvenance(jpeg)).toEqual(foreign)
  })

  test("ComfyUI's prompt and workflow", async () => {
    const bytes = pngWith(textChunk('prompt', '{"3": {"inputs": {"seed": 1}}}'), textChunk('workflow', '{"nodes": []}'))
    expect(await readProvenance(bytes)).toEqual({
      foreign: { tool: 'comfyui', prompt: { 3: { inputs: { seed: 1 } } }, workflow: { nodes: [] } },
    })
  })

  test('and skips what is damaged or nothing', async () => {
    expect(await readProvenance(pngWith(textChunk('prompt', '{"__proto__": 1}'), textChunk('workflow', '{')))).toBeUndefined()
    for (const format of ['png', 'jpeg', 'webp'] as const)
      expect(await readProvenance(await encodeImage(image, { format }))).toBeUndefined()
    expect(await readProvenance(withGifComment(await encodeAnimation([image], { format: 'gif', frameRate: 1 }), 'hello'))).toBeUndefined()
  })
})

test('readProvenance() does not pass over a damaged record of our own', async () => {
  const bytes = pngWith(textChunk('genera', '{"generator":"genera"'))
  await expect(readProvenance(bytes, 'a.png')).rejects.toMatchObject({ code: 'MediaInvalid', file: 'a.png' })
})

test('encodeImage() says where a long record fits that JPEG has no room for', async () => {
  const long = { ...provenance, options: { notes: 'x'.repeat(70_000) } }
  await expect(encodeImage(image, { format: 'jpeg', provenance: long })).rejects.toMatchObject({
    code: 'MediaTooLarge',
    hint: 'Write PNG or WebP, which have room for more',
  })
  for (const format of ['png', 'webp'] as const)
    expect(await readProvenance(await encodeImage(image, { format, provenance: long })), format).toEqual({ own: long })
})

describe('decodeExif()', () => {
  test('reads little-endian blocks and ASCII comments', () => {
    // II, 42, first directory at 8: one entry, the pointer to the directory at 26: one entry, a UserComment of 10 bytes at 44.
    const head = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]
    const inner = [1, 0, 0x86, 0x92, 7, 0, 10, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0]
    const exif = joined([Uint8Array.from([...head, ...inner]), new TextEncoder().encode('ASCII\0\0\0hi')])
    expect(decodeExif(exif)).toEqual({ userComment: 'hi' })
    const utf16 = joined([Uint8Array.from([...head, ...inner]), new TextEncoder().encode('UNICODE\0h\0')])
    expect(decodeExif(utf16)).toEqual({ userComment: 'h' })
  })

  test('finds nothing in blocks that are cut, endless or not ours, and does not throw', () => {
    const exif = encodeExif({ makerNote: '{}', userComment: 'comment' }, 'genera')
    expect(decodeExif(exif)).toEqual({ makerNote: '{}', userComment: 'comment' })
    for (let length = 0; length < exif.length; length++) expect(() => decodeExif(exif.subarray(0, length))).not.toThrow()
    expect(decodeExif(new Uint8Array(16 * longestProvenance).fill(0xff))).toEqual({})
    for (let at = 0; at < exif.length; at++) {
      const changed = Uint8Array.from(exif)
      changed[at] = 0xff
      expect(() => decodeExif(changed)).not.toThrow()
    }
  })
})

import { describe, expect, test } from 'vitest'
import { assertPictureWithin, assertWithin, defaultLimits, withDefaults } from './limits.js'
import { expectFormat, formatOfName, type MediaFormat, mediaFormats, sniffMedia } from './sniff.js'

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

const starts: Record<MediaFormat, string[]> = {
  png: ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  jpeg: ['\xff\xd8\xff\xe0\0\x10JFIF', '\xff\xd8\xff\xdb'],
  webp: ['RIFF\x10\0\0\0WEBPVP8 '],
  gif: ['GIF87a', 'GIF89a'],
  wav: ['RIFF\x10\0\0\0WAVEfmt ', 'RF64\xff\xff\xff\xffWAVEds64'],
  flac: ['fLaC\0'],
  mp3: ['ID3\x04\0', '\xff\xfb\x90\x64', '\xff\xf3\x40\xc0'],
  ogg: ['OggS\0\x02'],
  mp4: ['\0\0\0\x20ftypisom'],
  webm: ['\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm', '\x1aE\xdf\xa3\xa3B\x82\x88matroska'],
  glb: ['glTF\x02\0\0\0'],
  pptx: [`PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml`, `PK\x03\x04${'\0'.repeat(26)}_rels/.rels`],
}

describe('sniffMedia()', () => {
  test.each(Object.keys(starts) as MediaFormat[])('knows %s by its content', (format) => {
    for (const start of starts[format]) expect(sniffMedia(ascii(start))).toBe(format)
  })

  test('takes nothing else for one of ours', () => {
    for (const other of ['', '\x89PNG', 'RIFF', 'RIFF\x10\0\0\0AVI ', '\xff\xff\xff\xff', '\xff\xe0', 'PK\x03\x04 a zip', 'BM', 'hello'])
      expect(sniffMedia(ascii(other)), other).toBeUndefined()
  })
})

test('formatOfName() looks at the ending alone', () => {
  expect(formatOfName('a/b.png')).toBe('png')
  expect(formatOfName('PHOTO.JPEG')).toBe('jpeg')
  expect(formatOfName('https://host/a.webp?size=1.gif#x')).toBe('webp')
  for (const name of ['png', 'a.txt', 'a.', '', 'a.png.bak']) expect(formatOfName(name), name).toBeUndefined()
  for (const [format, { endings }] of Object.entries(mediaFormats))
    for (const ending of endings) expect(formatOfName(`a.${ending}`)).toBe(format)
})

describe('expectFormat()', () => {
  test('names both where a name lies, and gives way where the name says nothing', () => {
    const wav = ascii(starts.wav[0] as string)
    expect(() => expectFormat(wav, ['wav', 'mp3'], 'a.mp3')).toThrow(
      'Cannot read a.mp3: expected an MP3 sound, as its name says, found a WAV sound. Rename it to end in .wav',
    )
    expect(expectFormat(wav, ['wav', 'mp3'], 'upload')).toBe('wav')
  })

  test('says what stands there instead', () => {
    const found = (text: string) => {
      try {
        return expectFormat(ascii(text), ['png', 'jpeg', 'gif'], 'x')
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(found('')).toBe(
      'Cannot read x: expected a PNG picture, a JPEG picture or a GIF picture, found an empty file. Download or save it again',
    )
    expect(found('<!DOCTYPE html>')).toContain('found an HTML page')
    expect(found('version https://git-lfs.github.com/spec/v1')).toContain('found a Git LFS pointer, not the file itself')
    expect(found('\0\x01\u009babc')).toContain('found bytes that begin with "\\u{0}\\u{1}\\u{9b}abc"')
    expect(found('fLaC')).toContain('found a FLAC sound')
  })
})

describe('assertWithin() and assertPictureWithin()', () => {
  test('allow the limit itself and name it when it is passed', () => {
    const limits = withDefaults({ seconds: 10 })
    expect(() => assertWithin(limits, 'seconds', 10, 'a.wav')).not.toThrow()
    expect(() => assertWithin(limits, 'seconds', 10.5, 'a.wav')).toThrow(
      'Cannot read a.wav: expected at most 10 seconds, found 10.5 seconds. If you trust the file, pass { limits: { seconds: … } }',
    )
    expect(() => assertPictureWithin(defaultLimits, { width: 8000, height: 8000 }, 'a.png')).not.toThrow()
    expect(() => assertPictureWithin(defaultLimits, { width: 4000, height: 4000, frames: 100 }, 'a.gif')).toThrowError(
      expect.objectContaining({ code: 'MediaTooLarge', limit: 'decodedBytes' }),
    )
    expect(() =>
      assertPictureWithin(withDefaults({ pixels: Number.POSITIVE_INFINITY }), { width: 1e5, height: 7e3 }, 'a.png'),
    ).not.toThrow()
  })

  test('refuse limits that are none', () => {
    for (const value of [0, -1, Number.NaN]) expect(() => withDefaults({ frames: value })).toThrow('expected a limit of frames above 0')
  })
})

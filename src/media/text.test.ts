import { expect, it } from 'vitest'
import { decodeText, encodeText } from './text.js'

const bytes = (...values: number[]) => Uint8Array.from(values)

it('encodeText() and decodeText() give back every character', () => {
  const text = 'naïve — 漢字\r\n🙂\0end'
  expect(decodeText(encodeText(text))).toBe(text)
  expect(encodeText('é')).toEqual(bytes(0xc3, 0xa9))
  expect(decodeText(bytes())).toBe('')
})

it('decodeText() drops a byte order mark in front and keeps one inside', () => {
  expect(decodeText(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe('a')
  expect(decodeText(encodeText('a\ufeffb'))).toBe('a\ufeffb')
})

it('decodeText() says where the text stops being UTF-8', () => {
  expect(() => decodeText(bytes(0x61, 0x62, 0xe9, 0x63, 0x64, 0x65, 0x66, 0x67), { name: 'old.txt' })).toThrow(
    'Cannot read old.txt: expected text in UTF-8, found the byte 0xe9 after 2 bytes of it. Save it as UTF-8; it may be Latin-1, or no text at all',
  )
  expect(() => decodeText(bytes(0x61, 0xf0, 0x9f, 0x99))).toThrow('The end seems to be cut off')
})

it('decodeText() refuses UTF-16, UTF-32 and what is too long', () => {
  expect(() => decodeText(bytes(0xff, 0xfe, 0x61, 0))).toThrow(expect.objectContaining({ code: 'MediaUnsupported' }))
  expect(() => decodeText(bytes(0xfe, 0xff, 0, 0x61))).toThrow('UTF-16')
  expect(() => decodeText(bytes(0, 0, 0xfe, 0xff))).toThrow('UTF-32')
  expect(() => decodeText(bytes(1, 2, 3), { limits: { bytes: 2 } })).toThrow(
    expect.objectContaining({ code: 'MediaTooLarge', limit: 'bytes' }),
  )
})

it('encodeText() refuses half a surrogate pair', () => {
  expect(() => encodeText('ab\ud83d')).toThrow('half a surrogate pair at character 2')
  expect(() => encodeText('\ude00')).toThrow(expect.objectContaining({ code: 'MediaInvalid' }))
})

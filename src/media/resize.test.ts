import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blankImage, type Image } from './image.js'
import { type ResizeFilter, resizeImage } from './resize.js'

interface Case {
  width: number
  height: number
  channels: 3 | 4
  data: string
  results: { filter: ResizeFilter; width: number; height: number; data: string }[]
}
const fixture = JSON.parse(readFileSync(new URL('../../tests/fixtures/media/resize.json', import.meta.url), 'utf8')) as { cases: Case[] }
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

describe('resizeImage() gives what Pillow gives, byte for byte', () => {
  for (const { results, data, ...size } of fixture.cases) {
    const image: Image = { ...size, data: bytes(data) }
    test.each(results)(`with ${size.channels} channels: $filter to $width × $height`, ({ filter, width, height, data }) => {
      expect(resizeImage(image, { width, height, filter })).toEqual({ width, height, channels: size.channels, data: bytes(data) })
    })
  }
})

test('resizeImage() keeps a plain colour plain, at every filter and scale', () => {
  const colour = [200, 3, 77] as const
  for (const filter of ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const)
    expect(resizeImage(blankImage(9, 14, colour), { width: 31, height: 4, filter })).toEqual(blankImage(31, 4, colour))
})

test('resizeImage() does not let the colour of clear pixels bleed', () => {
  const image: Image = { width: 2, height: 1, channels: 4, data: Uint8Array.of(255, 0, 0, 255, 0, 255, 0, 0) }
  expect([...resizeImage(image, { width: 1, height: 1, filter: 'box' }).data]).toEqual([255, 0, 0, 128])
})

test('resizeImage() refuses sizes that are no sizes', () => {
  for (const [width, height] of [
    [0, 4],
    [4, -1],
    [2.5, 4],
    [Number.NaN, 1],
  ] as const)
    expect(() => resizeImage(blankImage(2, 2), { width, height })).toThrow(
      `Cannot write a resized picture: expected whole sizes above 0, found ${width} × ${height}`,
    )
})

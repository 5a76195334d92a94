import { describe, expect, test } from 'vitest'
import { testImage } from '../../tests/support/media.js'
import {
  assertImage,
  blankImage,
  byteFromLinear,
  crop,
  flattenAlpha,
  imageOf,
  linearFromByte,
  linearFromSrgb,
  srgbFromLinear,
  withAlpha,
} from './image.js'

test('blankImage() is of one colour, with alpha if the colour has it', () => {
  expect([...blankImage(2, 1, [1, 2, 3]).data]).toEqual([1, 2, 3, 1, 2, 3])
  expect(blankImage(1, 2, [1, 2, 3, 4])).toEqual({ width: 1, height: 2, channels: 4, data: Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4) })
  expect(() => blankImage(0, 2)).toThrow('Cannot write a picture: expected width · height · channels bytes')
})

test('assertImage() finds data that does not fit the sizes', () => {
  expect(() => assertImage({ width: 2, height: 2, channels: 3, data: new Uint8Array(11) })).toThrow('found 2 × 2 × 3 and 11 bytes')
  expect(() => assertImage({ width: 1.5, height: 2, channels: 3, data: new Uint8Array(9) })).toThrowError(
    expect.objectContaining({ code: 'MediaInvalid' }),
  )
})

test('imageOf() spells out grey and drops an alpha that says nothing', () => {
  expect([...imageOf(Uint8Array.of(5, 9), { width: 2, height: 1, channels: 1 }).data]).toEqual([5, 5, 5, 9, 9, 9])
  expect([...imageOf(Uint8Array.of(5, 255), { width: 1, height: 1, channels: 2 }).data]).toEqual([5, 5, 5])
  expect([...imageOf(Uint8Array.of(5, 7), { width: 1, height: 1, channels: 2 }).data]).toEqual([5, 5, 5, 7])
  expect(imageOf(Uint8Array.of(1, 2, 3, 255), { width: 1, height: 1, channels: 4 }).channels).toBe(3)
  expect(() => imageOf(new Uint8Array(4), { width: 2, height: 1, channels: 3 })).toThrow('Cannot read a picture')
})

test('crop() cuts a rectangle out and refuses one that leaves the picture', () => {
  const image = testImage(7, 5)
  const part = crop(image, { left: 2, top: 1, width: 3, height: 4 })
  for (let y = 0; y < 4; y++) for (let x = 0; x < 3; x++) expect(part.data[(y * 3 + x) * 3]).toBe(image.data[((y + 1) * 7 + x + 2) * 3])
  expect(() => crop(image, { left: 5, top: 1, width: 3, height: 4 })).toThrow('expected whole numbers inside 7 × 5, found 3 × 4 at 5, 1')
})

test('flattenAlpha() mixes with the ground, withAlpha() adds an opaque channel', () => {
  const half = { width: 1, height: 1, channels: 4, data: Uint8Array.of(255, 0, 0, 51) } as const
  expect([...flattenAlpha(half).data]).toEqual([255, 204, 204])
  expect([...flattenAlpha(half, [0, 0, 255]).data]).toEqual([51, 0, 204])
  const image = testImage(3, 2)
  expect(flattenAlpha(withAlpha(image), [9, 9, 9])).toEqual(image)
})

describe('linearFromByte() and byteFromLinear()', () => {
  test('are inverse for every byte', () => {
    for (let byte = 0; byte < 256; byte++) expect(byteFromLinear(linearFromByte(byte))).toBe(byte)
  })

  test('know the points of the standard, and cut what lies outside', () => {
    expect(linearFromByte(188)).toBeCloseTo(0.5029, 4)
    expect(srgbFromLinear(linearFromSrgb(0.3))).toBeCloseTo(0.3, 12)
    expect([byteFromLinear(-1), byteFromLinear(2), byteFromLinear(0.5)]).toEqual([0, 255, 188])
  })
})

import { MediaError } from './media-error.js'

/** A picture: 8-bit sRGB, rows from the top, channels interleaved. Alpha is straight (not premultiplied). */
export interface Image {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  /** `width · height · channels` bytes. */
  readonly data: Uint8Array
}

/** Red, green, blue, and alpha where there is one, in whole numbers from 0 to 255. */
export type Colour = readonly [number, number, number] | readonly [number, number, number, number]

/** Throws `MediaInvalid` unless the sizes are whole and positive and the data has just as many bytes as they say. */
export function assertImage(image: Image, action: 'read' | 'write' = 'write'): void {
  const { width, height, channels, data } = image
  const sized = [width, height].every((side) => Number.isSafeInteger(side) && side > 0) && (channels === 3 || channels === 4)
  if (sized && data.length === width * height * channels) return
  throw new MediaError({
    code: 'MediaInvalid',
    action,
    file: 'a picture',
    expected: 'width · height · channels bytes, with whole sizes above 0 and 3 or 4 channels',
    found: `${width} × ${height} × ${channels} and ${data.length.toLocaleString('en')} bytes`,
  })
}

/** A picture of one colour, black if none is given; four numbers make a picture with alpha. */
export function blankImage(width: number, height: number, colour: Colour = [0, 0, 0]): Image {
  const channels = colour.length
  const data = new Uint8Array(width * height * channels)
  for (let i = 0; i < data.length; i++) data[i] = colour[i % channels] as number
  const image: Image = { width, height, channels, data }
  assertImage(image)
  return image
}

/**
 * An image from the raw samples of a decoder: 1 (grey), 2 (grey, alpha), 3 or 4 channels of 8 bits. An alpha that is 255
 * everywhere says nothing and is dropped. The data is copied, unless it can stay as it is.
 */
export function imageOf(data: Uint8Array, size: { width: number; height: number; channels: number }): Image {
  const { width, height, channels } = size
  const pixels = width * height
  const hasAlpha = channels === 2 || channels === 4
  const alphaAt = channels - 1
  let opaque = true
  if (hasAlpha) for (let i = 0; i < pixels && opaque; i++) opaque = data[i * channels + alphaAt] === 255
  const kept = hasAlpha && !opaque ? 4 : 3
  if (kept === channels) return checked({ width, height, channels: kept, data: new Uint8Array(data) })
  const out = new Uint8Array(pixels * kept)
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += kept) {
    out[to] = data[from] as number
    out[to + 1] = data[from + green] as number
    out[to + 2] = data[from + blue] as number
    if (kept === 4) out[to + 3] = data[from + alphaAt] as number
  }
  return checked({ width, height, channels: kept, data: out })
}

function checked(image: Image): Image {
  assertImage(image, 'read')
  return image
}

/** The rectangle of `width` by `height` pixels whose upper left corner is at `left`, `top`. It must lie inside the picture. */
export function crop(image: Image, { left, top, width, height }: { left: number; top: number; width: number; height: number }): Image {
  const whole = [left, top, width, height].every(Number.isSafeInteger)
  const inside = left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= image.width && top + height <= image.height
  if (!whole || !inside)
    throw new MediaError({
      code: 'MediaInvalid',
      action: 'write',
      file: 'a part of a picture',
      expected: `whole numbers inside ${image.width} × ${image.height}`,
      found: `${width} × ${height} at ${left}, ${top}`,
    })
  const { channels } = image
  const data = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels
    data.set(image.data.subarray(from, from + width * channels), y * width * channels)
  }
  return { width, height, channels, data }
}

/** Lays a picture with alpha on a ground, white if none is given. Mixes the stored sRGB values, as browsers and Pillow do. */
export function flattenAlpha(image: Image, ground: readonly [number, number, number] = [255, 255, 255]): Image {
  if (image.channels === 3) return image
  const pixels = image.width * image.height
  const data = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    const alpha = image.data[i * 4 + 3] as number
    for (let c = 0; c < 3; c++)
      data[i * 3 + c] = Math.round(((image.data[i * 4 + c] as number) * alpha + (ground[c] as number) * (255 - alpha)) / 255)
  }
  return { width: image.width, height: image.height, channels: 3, data }
}

/** The picture with an alpha channel, opaque if it had none. */
export function withAlpha(image: Image): Image {
  if (image.channels === 4) return image
  const pixels = image.width * image.height
  const data = new Uint8Array(pixels * 4).fill(255)
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) data[i * 4 + c] = image.data[i * 3 + c] as number
  return { width: image.width, height: image.height, channels: 4, data }
}

/** Light of one channel, linear in [0, 1], from its sRGB byte (IEC 61966-2-1). */
export const linearFromByte: (byte: number) => number = (() => {
  const table = Float64Array.from({ length: 256 }, (_, byte) => linearFromSrgb(byte / 255))
  return (byte: number) => table[byte] as number
})()

/** Linear light from an sRGB value, both in [0, 1]. */
export function linearFromSrgb(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

/** The sRGB value of linear light, both in [0, 1]. */
export function srgbFromLinear(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055
}

/** The sRGB byte of linear light; light outside [0, 1] is cut to it. */
export function byteFromLinear(light: number): number {
  return Math.round(srgbFromLinear(Math.min(Math.max(light, 0), 1)) * 255)
}

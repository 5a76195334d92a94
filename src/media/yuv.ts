import type { Image } from './image.js'

/**
 * Films store brightness (Y) for every pixel and colour (Cb, Cr) for every two by two, as 8 bits in a limited range. The conversion is
 * ours and not the platform's, because platforms differ in the matrix that they assume, and a film would change its colours with each.
 *
 * Colour samples sit on the left pixels of their block, half-way down: the default of H.264 and VP9, and so of every player.
 */

/** Three planes one after another: Y of width × height, then Cb and Cr of half that, rounded up. */
export interface Yuv420 {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Weights of red and blue in brightness; green has the rest. */
export interface YuvMatrix {
  readonly red: number
  readonly blue: number
  /** Whether Y covers 0 to 255, not 16 to 235. */
  readonly fullRange: boolean
}

/** What genera writes, and says so in the file: ITU-R BT.709, limited range. */
export const bt709: YuvMatrix = { red: 0.2126, blue: 0.0722, fullRange: false }

/** Bytes of the three planes. */
export const yuv420Size = (width: number, height: number): number => width * height + 2 * half(width) * half(height)

const half = (length: number): number => (length + 1) >> 1

/** The picture at `width` × `height`, no smaller than its own: the last column and row are repeated. Alpha is left out. */
export function toYuv420(image: Image, { width, height } = { width: image.width, height: image.height }): Yuv420 {
  const { data: rgb, channels } = image
  const { red, blue } = bt709
  const green = 1 - red - blue
  const data = new Uint8Array(yuv420Size(width, height))
  // Colour differences of the whole picture, before they are thinned out.
  const cb = new Float32Array(width * height)
  const cr = new Float32Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (Math.min(y, image.height - 1) * image.width + Math.min(x, image.width - 1)) * channels
      const r = rgb[from] as number
      const g = rgb[from + 1] as number
      const b = rgb[from + 2] as number
      const luma = red * r + green * g + blue * b
      const at = y * width + x
      data[at] = Math.round(16 + (luma * 219) / 255)
      cb[at] = ((b - luma) * 112) / (255 * (1 - blue))
      cr[at] = ((r - luma) * 112) / (255 * (1 - red))
    }
  thinOut(cb, width, height, data.subarray(width * height))
  thinOut(cr, width, height, data.subarray(width * height + half(width) * half(height)))
  return { width, height, data }
}

/** Every second column by the weights 1, 2, 1 around it, every two rows by their mean. */
function thinOut(plane: Float32Array, width: number, height: number, into: Uint8Array): void {
  let at = 0
  for (let y = 0; y < height; y += 2) {
    const upper = y * width
    const lower = Math.min(y + 1, height - 1) * width
    for (let x = 0; x < width; x += 2) {
      const left = Math.max(x - 1, 0)
      const right = Math.min(x + 1, width - 1)
      const sum =
        (plane[upper + left] as number) +
        2 * (plane[upper + x] as number) +
        (plane[upper + right] as number) +
        (plane[lower + left] as number) +
        2 * (plane[lower + x] as number) +
        (plane[lower + right] as number)
      into[at++] = Math.round(128 + sum / 8)
    }
  }
}

/** The picture that three planes show, in RGB. */
export function fromYuv420({ width, height, data }: Yuv420, { red, blue, fullRange }: YuvMatrix): Image {
  const green = 1 - red - blue
  const lumaScale = fullRange ? 1 : 255 / 219
  const lumaZero = fullRange ? 0 : 16
  const chromaScale = fullRange ? 2 : 255 / 112
  const redOfCr = (1 - red) * chromaScale
  const blueOfCb = (1 - blue) * chromaScale
  const columns = half(width)
  const rows = half(height)
  const planes = [data.subarray(width * height), data.subarray(width * height + columns * rows)] as const
  const cb = new Float32Array(width)
  const cr = new Float32Array(width)
  // A clamped array rounds and keeps to the range by itself.
  const rgb = new Uint8ClampedArray(width * height * 3)
  for (let y = 0, at = 0; y < height; y++) {
    const row = y >> 1
    const neighbour = Math.min(rows - 1, Math.max(0, row + (y & 1 ? 1 : -1)))
    fillIn(planes[0], row * columns, neighbour * columns, columns, cb)
    fillIn(planes[1], row * columns, neighbour * columns, columns, cr)
    for (let x = 0; x < width; x++, at += 3) {
      const luma = ((data[y * width + x] as number) - lumaZero) * lumaScale
      const r = luma + redOfCr * (cr[x] as number)
      const b = luma + blueOfCb * (cb[x] as number)
      rgb[at] = r
      rgb[at + 1] = (luma - red * r - blue * b) / green
      rgb[at + 2] = b
    }
  }
  return { width, height, channels: 3, data: new Uint8Array(rgb.buffer) }
}

/** One row of a colour difference at full width: the near row weighs three times the far one, odd columns are means of their neighbours. */
function fillIn(plane: Uint8Array, near: number, far: number, columns: number, into: Float32Array): void {
  const value = (column: number) => (3 * (plane[near + column] as number) + (plane[far + column] as number)) / 4 - 128
  let current = value(0)
  for (let column = 0; column < columns; column++) {
    const next = column + 1 < columns ? value(column + 1) : current
    into[2 * column] = current
    if (2 * column + 1 < into.length) into[2 * column + 1] = (current + next) / 2
    current = next
  }
}

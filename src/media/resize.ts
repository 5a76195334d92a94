import { assertImage, type Image } from './image.js'
import { MediaError } from './media-error.js'

export type ResizeFilter = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'

interface Kernel {
  /** Pixels of the source on each side that count when the picture keeps its size. */
  readonly support: number
  readonly weight: (x: number) => number
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))

const kernels: Readonly<Record<Exclude<ResizeFilter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI))) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

/** Keys's cubic with a = −0.5, as Pillow has it; OpenCV and PyTorch take −0.75. */
function cubic(x: number): number {
  const a = -0.5
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
}

/**
 * The picture at another size, byte for byte as Pillow's `Image.resize` gives it, which the published preprocessors use: kernels are
 * widened when the picture shrinks (antialiasing), weights are whole numbers of 22 bits, and the horizontal pass is rounded to
 * bytes before the vertical one. Colours are weighted by alpha.
 *
 * Throws `MediaInvalid` for a size that is not whole and positive.
 */
export function resizeImage(
  image: Image,
  { width, height, filter = 'bicubic' }: { width: number; height: number; filter?: ResizeFilter | undefined },
): Image {
  assertImage(image)
  if (![width, height].every((side) => Number.isSafeInteger(side) && side > 0))
    throw new MediaError({
      code: 'MediaInvalid',
      action: 'write',
      file: 'a resized picture',
      expected: 'whole sizes above 0',
      found: `${width} × ${height}`,
    })
  if (width === image.width && height === image.height) return image
  if (filter === 'nearest') return nearest(image, width, height)
  const kernel = kernels[filter]
  const wide = width === image.width ? multiplied(image) : horizontally(multiplied(image), width, kernel)
  return divided(height === image.height ? wide : vertically(wide, height, kernel))
}

/** Weights are counted in units of 2^-22: eight bits of a pixel and two of overshoot leave so many of 32. */
const precision = 22

interface Taps {
  /** The first source pixel of each target pixel, and how many follow. */
  readonly first: Int32Array
  readonly count: Int32Array
  /** `stride` per target pixel. */
  readonly weights: Int32Array
  readonly stride: number
}

function tapsOf(sourceSize: number, targetSize: number, { support, weight }: Kernel): Taps {
  const scale = sourceSize / targetSize
  const widening = Math.max(scale, 1)
  const reach = support * widening
  const stride = Math.ceil(reach) * 2 + 1
  const first = new Int32Array(targetSize)
  const count = new Int32Array(targetSize)
  const weights = new Int32Array(targetSize * stride)
  const row = new Float64Array(stride)
  const perPixel = 1 / widening
  for (let target = 0; target < targetSize; target++) {
    const centre = (target + 0.5) * scale
    const begin = Math.max(0, Math.trunc(centre - reach + 0.5))
    const taps = Math.min(sourceSize, Math.trunc(centre + reach + 0.5)) - begin
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      row[tap] = weight((tap + begin - centre + 0.5) * perPixel)
      sum += row[tap] as number
    }
    for (let tap = 0; tap < taps; tap++) {
      const share = sum === 0 ? (row[tap] as number) : (row[tap] as number) / sum
      weights[target * stride + tap] = Math.trunc((share < 0 ? -0.5 : 0.5) + share * 2 ** precision)
    }
    first[target] = begin
    count[target] = taps
  }
  return { first, count, weights, stride }
}

const half = 1 << (precision - 1)

function horizontally(image: Image, width: number, kernel: Kernel): Image {
  const { height, channels, data } = image
  const { first, count, weights, stride } = tapsOf(image.width, width, kernel)
  // Clamping to bytes is what this kind of array does on its own.
  const out = new Uint8ClampedArray(width * height * channels)
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * image.width * channels
    for (let x = 0; x < width; x++, to += channels) {
      const start = row + (first[x] as number) * channels
      const end = start + (count[x] as number) * channels
      // One sum per channel side by side, so that each weight is read once.
      let [red, green, blue, alpha] = [half, half, half, half]
      for (let from = start, tap = x * stride; from < end; from += channels, tap++) {
        const weight = weights[tap] as number
        red = (red + Math.imul(data[from] as number, weight)) | 0
        green = (green + Math.imul(data[from + 1] as number, weight)) | 0
        blue = (blue + Math.imul(data[from + 2] as number, weight)) | 0
        if (channels === 4) alpha = (alpha + Math.imul(data[from + 3] as number, weight)) | 0
      }
      out[to] = red >> precision
      out[to + 1] = green >> precision
      out[to + 2] = blue >> precision
      if (channels === 4) out[to + 3] = alpha >> precision
    }
  }
  return { width, height, channels, data: new Uint8Array(out.buffer) }
}

function vertically(image: Image, height: number, kernel: Kernel): Image {
  const { width, channels, data } = image
  const { first, count, weights, stride } = tapsOf(image.height, height, kernel)
  const rowBytes = width * channels
  const out = new Uint8ClampedArray(rowBytes * height)
  const sums = new Int32Array(rowBytes)
  // Row by row: whole rows lie together in memory, columns do not.
  for (let y = 0; y < height; y++) {
    sums.fill(half)
    for (let tap = 0; tap < (count[y] as number); tap++) {
      const weight = weights[y * stride + tap] as number
      const row = ((first[y] as number) + tap) * rowBytes
      for (let i = 0; i < rowBytes; i++) sums[i] = (sums[i] as number) + Math.imul(data[row + i] as number, weight)
    }
    for (let i = 0, to = y * rowBytes; i < rowBytes; i++, to++) out[to] = (sums[i] as number) >> precision
  }
  return { width, height, channels, data: new Uint8Array(out.buffer) }
}

function nearest(image: Image, width: number, height: number): Image {
  const { channels } = image
  const columns = nearestOf(image.width, width)
  const rows = nearestOf(image.height, height)
  const data = new Uint8Array(width * height * channels)
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = ((rows[y] as number) * image.width + (columns[x] as number)) * channels
      for (let c = 0; c < channels; c++) data[to++] = image.data[from + c] as number
    }
  return { width, height, channels, data }
}

/** Pillow adds up its steps, and so does this: a multiplication would round elsewhere. */
function nearestOf(sourceSize: number, targetSize: number): Int32Array {
  const step = sourceSize / targetSize
  const nearest = new Int32Array(targetSize)
  for (let target = 0, at = step * 0.5; target < targetSize; target++, at += step)
    nearest[target] = Math.min(Math.trunc(at), sourceSize - 1)
  return nearest
}

/** Colours multiplied by alpha, in Pillow's rounding. */
function multiplied(image: Image): Image {
  if (image.channels === 3) return image
  const data = Uint8Array.from(image.data)
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) {
      const product = (data[i + c] as number) * (data[i + 3] as number) + 128
      data[i + c] = ((product >> 8) + product) >> 8
    }
  return { ...image, data }
}

/** And divided by it again. */
function divided(image: Image): Image {
  if (image.channels === 3) return image
  const data = Uint8Array.from(image.data)
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] as number
    if (alpha > 0 && alpha < 255)
      for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, Math.trunc((255 * (data[i + c] as number)) / alpha))
  }
  return { ...image, data }
}

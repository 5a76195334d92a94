import { type Key, normal, uniform } from '../../graph/index.js'
import type { Image } from '../../media/image.js'
import type { PictureBox, Reading } from '../reading.js'

/** Numbers from 0 to 1 that say how a picture is changed; one draw each, so that changes are independent. */
const draws = ['flip', 'zoom', 'x', 'y', 'light', 'contrast', 'blur', 'noise'] as const

export interface Seen {
  /** [3, size, size] in [-1, 1]. */
  readonly pixels: Float32Array
  readonly reading: Reading
}

/** A picture as it is: [3, size, size] in [-1, 1]. */
export function planesOf({ width, height, channels, data }: Image): Float32Array {
  const area = width * height
  const planes = new Float32Array(3 * area)
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = (data[channels * i + c] as number) / 127.5 - 1
  return planes
}

/**
 * The picture mirrored, moved, zoomed, lit otherwise, blurred or noisy, and the reading that belongs to it: generated pictures are
 * all of these, so the reader must see them in training. Colours keep their hue, because a hue is a word.
 */
export function augment(image: Image, reading: Reading, key: Key): Seen {
  const size = image.width
  const random = uniform(key.child('changes'), [draws.length]).data
  const draw = Object.fromEntries(draws.map((name, i) => [name, random[i] as number])) as Record<(typeof draws)[number], number>
  const mirrored = draw.flip < 0.5
  const zoom = 0.88 + 0.27 * draw.zoom
  const reach = 0.08
  const [shiftX, shiftY] = [(2 * draw.x - 1) * reach, (2 * draw.y - 1) * reach]
  // Where a place u of the new picture (0 to 1) lies in the old one; `place` is the way back.
  const from = (u: number, shift: number): number => (u - 0.5 - shift) / zoom + 0.5
  const place = (u: number, shift: number): number => (u - 0.5) * zoom + 0.5 + shift
  const source = planesOf(image)
  const moved = resample(
    source,
    size,
    (column) => {
      const u = from((column + 0.5) / size, shiftX)
      return (mirrored ? 1 - u : u) * size - 0.5
    },
    (row) => from((row + 0.5) / size, shiftY) * size - 0.5,
  )
  const blurred = draw.blur < 0.4 ? blur(moved, size, draw.blur / 0.4) : moved
  const gain = 0.9 + 0.2 * draw.contrast
  const lift = 0.16 * (draw.light - 0.5)
  const strength = draw.noise < 0.5 ? 0.12 * (draw.noise / 0.5) ** 2 : 0
  const noise = strength > 0 ? normal(key.child('noise'), [blurred.length]).data : undefined
  for (let i = 0; i < blurred.length; i++)
    blurred[i] = Math.max(-1, Math.min(1, (blurred[i] as number) * gain + lift + (noise ? strength * (noise[i] as number) : 0)))
  const boxOf = ({ left, right, top, bottom }: PictureBox): PictureBox => ({
    left: place(mirrored ? 1 - right : left, shiftX),
    right: place(mirrored ? 1 - left : right, shiftX),
    top: place(top, shiftY),
    bottom: place(bottom, shiftY),
  })
  return { pixels: blurred, reading: { ...reading, objects: reading.objects.map((one) => ({ ...one, box: boxOf(one.box) })) } }
}

/** Bilinear; beyond the border the nearest pixel is repeated. */
function resample(planes: Float32Array, size: number, columnAt: (column: number) => number, rowAt: (row: number) => number): Float32Array {
  const out = new Float32Array(planes.length)
  const clamp = (i: number): number => Math.max(0, Math.min(size - 1, i))
  const columns = Array.from({ length: size }, (_, i) => columnAt(i))
  for (let row = 0; row < size; row++) {
    const y = rowAt(row)
    const [upper, lower, dy] = [clamp(Math.floor(y)) * size, clamp(Math.floor(y) + 1) * size, y - Math.floor(y)]
    for (let column = 0; column < size; column++) {
      const x = columns[column] as number
      const [left, right, dx] = [clamp(Math.floor(x)), clamp(Math.floor(x) + 1), x - Math.floor(x)]
      for (let at = 0; at < planes.length; at += size * size) {
        const above = (planes[at + upper + left] as number) * (1 - dx) + (planes[at + upper + right] as number) * dx
        const below = (planes[at + lower + left] as number) * (1 - dx) + (planes[at + lower + right] as number) * dx
        out[at + row * size + column] = above * (1 - dy) + below * dy
      }
    }
  }
  return out
}

/** Mixes every pixel with its four neighbours; `strength` from 0 (not at all) to 1 (all five alike). */
export function blur(planes: Float32Array, size: number, strength: number): Float32Array {
  const out = new Float32Array(planes.length)
  const share = 0.2 * strength
  for (let at = 0; at < planes.length; at += size * size)
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        const i = at + row * size + column
        const around =
          (planes[row > 0 ? i - size : i] as number) +
          (planes[row < size - 1 ? i + size : i] as number) +
          (planes[column > 0 ? i - 1 : i] as number) +
          (planes[column < size - 1 ? i + 1 : i] as number)
        out[i] = (planes[i] as number) * (1 - 4 * share) + around * share
      }
  return out
}

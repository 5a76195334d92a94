import { key } from '../../../graph/random/index.js'
import { Draw } from '../../random.js'
import type { Cast } from '../cast.js'
import { cell, grain, noise, smooth } from '../noise.js'

/** Brushes from broad to fine: width as a share of the picture's shorter side, and how wrong the canvas must be for a stroke. */
const brushes = [
  { share: 1 / 20, tolerance: -1 },
  { share: 1 / 42, tolerance: 0.035 },
  { share: 1 / 90, tolerance: 0.05 },
  { share: 1 / 190, tolerance: 0.09 },
] as const

interface Canvas {
  readonly width: number
  readonly height: number
  readonly light: Float32Array
  /** Thickness of the paint, for its relief. */
  readonly relief: Float32Array
}

/**
 * Strokes of ever finer brushes, each laid where the canvas still differs from the picture and along the picture's edges
 * (after Hertzmann 1998), then light that grazes the ridges of the paint.
 */
export function oil(seen: Cast, seed: number): Float32Array {
  const { width, height } = seen
  const unit = Math.min(width, height)
  const ground = Float32Array.from({ length: seen.light.length }, (_, i) => [0.32, 0.2, 0.11][i % 3] as number)
  const canvas: Canvas = { width, height, light: ground, relief: new Float32Array(width * height) }
  const salt = new Draw(key(seed)).integer('brush', 0, 0xffff)
  for (const [i, { share, tolerance }] of brushes.entries()) {
    const brush = Math.max(i === 0 ? 2 : 1, unit * share)
    // A brush thinner than a pixel would only copy the picture.
    if (unit * share < 0.5) break
    paintLayer(canvas, seen, brush, tolerance, salt + 7919 * i)
  }
  return lit(canvas, unit)
}

function paintLayer(canvas: Canvas, seen: Cast, brush: number, tolerance: number, salt: number): void {
  const { width, height } = canvas
  const reference = blurred(seen.light, width, height, Math.max(0, Math.round(brush * 0.3)))
  const step = Math.max(1, brush * 0.62)
  const columns = Math.ceil(width / step)
  const rows = Math.ceil(height / step)
  const total = columns * rows
  // Strokes overlap, so their order shows: a walk with a stride that is prime to their number scatters it.
  let stride = Math.floor(total * 0.618) | 1
  while (total % stride === 0 && stride > 1) stride += 2
  for (let n = 0, at = salt % total; n < total; n++, at = (at + stride) % total) {
    const column = at % columns
    const row = Math.floor(at / columns)
    const x = (column + 0.15 + 0.7 * cell(column + salt, row)) * step
    const y = (row + 0.15 + 0.7 * cell(column, row + salt)) * step
    if (x < width && y < height) stroke(canvas, seen, reference, x, y, brush, tolerance, cell(column + salt, row + salt))
  }
}

function stroke(
  canvas: Canvas,
  seen: Cast,
  reference: Float32Array,
  x: number,
  y: number,
  brush: number,
  tolerance: number,
  chance: number,
): void {
  const { width, height, light, relief } = canvas
  const centre = Math.floor(y) * width + Math.floor(x)
  const own = seen.mask[centre] as number
  let error = 0
  for (let c = 0; c < 3; c++) error += Math.abs(Math.sqrt(reference[3 * centre + c] as number) - Math.sqrt(light[3 * centre + c] as number))
  if (error / 3 < tolerance) return
  const angle = directionAt(reference, width, height, x, y, Math.max(1, brush * 0.5), own !== 0) + (chance - 0.5) * 0.5
  const ux = Math.cos(angle)
  const uy = Math.sin(angle)
  const long = brush * (own === 0 ? 1.9 : 1.35)
  const wide = brush * 0.5
  // No brush holds quite the same colour twice.
  const tint = 0.92 + 0.16 * chance
  const r = (reference[3 * centre] as number) * tint
  const g = (reference[3 * centre + 1] as number) * tint
  const b = (reference[3 * centre + 2] as number) * tint
  const reach = Math.ceil(long)
  for (let py = Math.max(0, Math.floor(y) - reach); py <= Math.min(height - 1, Math.floor(y) + reach); py++)
    for (let px = Math.max(0, Math.floor(x) - reach); px <= Math.min(width - 1, Math.floor(x) + reach); px++) {
      const dx = px + 0.5 - x
      const dy = py + 0.5 - y
      const along = (dx * ux + dy * uy) / long
      const across = (dy * ux - dx * uy) / wide
      const end = along * along
      const body = end * end + across * across
      if (body >= 1) continue
      const i = py * width + px
      // The painter keeps inside the outlines.
      if (seen.mask[i] !== own) continue
      const bristle = grain(across * 0.03 + chance * 7, along * 0.006 + chance, 0)
      const cover = smooth(1, 0.72, body) * (0.75 + 0.5 * (bristle - 0.3))
      const share = cover > 1 ? 1 : Math.max(cover, 0)
      light[3 * i] = (light[3 * i] as number) + (r - (light[3 * i] as number)) * share
      light[3 * i + 1] = (light[3 * i + 1] as number) + (g - (light[3 * i + 1] as number)) * share
      light[3 * i + 2] = (light[3 * i + 2] as number) + (b - (light[3 * i + 2] as number)) * share
      relief[i] = (relief[i] as number) + (bristle + 0.5 * (1 - across * across) - (relief[i] as number)) * share
    }
}

/** Across the slope of brightness; where there is none, a slow swirl on objects and the level elsewhere. */
function directionAt(reference: Float32Array, width: number, height: number, x: number, y: number, step: number, object: boolean): number {
  const at = (px: number, py: number): number => {
    const column = Math.min(width - 1, Math.max(0, Math.floor(px)))
    const row = Math.min(height - 1, Math.max(0, Math.floor(py)))
    const i = 3 * (row * width + column)
    return 0.3 * (reference[i] as number) + 0.59 * (reference[i + 1] as number) + 0.11 * (reference[i + 2] as number)
  }
  const gx = at(x + step, y) - at(x - step, y)
  const gy = at(x, y + step) - at(x, y - step)
  const swirl = object ? 2.4 * noise(x / width, y / height, 0) : 0.9 * (noise((0.7 * x) / width, (0.7 * y) / height, 0) - 0.5)
  return gx * gx + gy * gy < 4e-4 ? swirl : Math.atan2(gx, -gy)
}

/** Grazing light from the upper left over the ridges of the paint and the weave of the canvas. */
function lit({ width, height, light, relief }: Canvas, unit: number): Float32Array {
  const out = new Float32Array(light.length)
  const weave = Math.max(2.5, unit / 170)
  const depth = unit < 128 ? 0.1 : 0.22
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const left = relief[x > 0 ? i - 1 : i] as number
      const above = relief[y > 0 ? i - width : i] as number
      const thread = Math.sin((x / weave) * Math.PI) * Math.sin((y / weave) * Math.PI)
      const gain = 1 + depth * (2 * (relief[i] as number) - left - above) + 0.025 * thread
      for (let c = 0; c < 3; c++) out[3 * i + c] = (light[3 * i + c] as number) * gain
    }
  return out
}

/** A box blur of this radius in pixels, twice. */
function blurred(light: Float32Array, width: number, height: number, radius: number): Float32Array {
  if (radius < 1) return light
  const across = boxBlur(light, width, height, radius, 3, 3 * width)
  return boxBlur(across, height, width, radius, 3 * width, 3)
}

/** Averages along one direction: `length` places `step` apart in each of `lines` lines that begin `next` apart. */
function boxBlur(from: Float32Array, length: number, lines: number, radius: number, step: number, next: number): Float32Array {
  const out = new Float32Array(from.length)
  for (let line = 0; line < lines; line++)
    for (let c = 0; c < 3; c++) {
      const start = line * next + c
      const at = (i: number): number => from[start + Math.min(length - 1, Math.max(0, i)) * step] as number
      let sum = 0
      for (let i = -radius; i <= radius; i++) sum += at(i)
      for (let i = 0; i < length; i++) {
        out[start + i * step] = sum / (2 * radius + 1)
        sum += at(i + radius + 1) - at(i - radius)
      }
    }
  return out
}

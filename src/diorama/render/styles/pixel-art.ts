import { linear, palette, type Rgb, toLinear, toSrgb } from '../../palette.js'
import type { Material } from '../../scene.js'
import type { Cast } from '../cast.js'
import { outlines } from './outlines.js'

/** Sixty-four cells to the shorter side, whatever the size of the picture. */
const CELLS = 64

/** Pixels to a side of one cell. */
export const cellOf = (width: number, height: number): number => Math.max(1, Math.round(Math.min(width, height) / CELLS))

/** How far an ordered dither moves each place of a 4 × 4 tile, from −0.5 to 0.5 (Bayer). */
const dither = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((i) => (i + 0.5) / 16 - 0.5)

/** Surroundings: greens, sands, skies, dusk, night blues, greys. */
const surroundings = [
  ...['#2f4f1e', '#4d7a2a', '#6fa03c', '#9cc25a', '#c7d98a', '#7c5a35', '#a67c48', '#c99a5b', '#e2bd80', '#f3deb0'],
  ...['#1b5a70', '#2f8597', '#62b4bd', '#a9dcda'],
  ...['#2d6fb5', '#5ba3dc', '#8fc7ee', '#c3e2f6', '#e8f4fb', '#5d4a78', '#96618a', '#d5806f', '#f2a878', '#fbd3a4'],
  ...['#0b1026', '#16204a', '#263a73', '#41589b', '#6f86bd', '#26282e', '#45484f', '#6b6e76', '#989ba2', '#c8c9cc', '#f7f5f0'],
]

/** Each object colour in four lights, and the surroundings; sRGB in [0, 1], three per colour. */
const swatches = Float32Array.from([
  ...Object.values(palette).flatMap((hex) => [0.22, 0.5, 1, 1.5].flatMap((light) => shade(linear(hex), light))),
  ...surroundings.flatMap((hex) => linear(hex).map(toSrgb)),
])

function shade([r, g, b]: Rgb, light: number): number[] {
  const lift = light > 1 ? 0.14 * (light - 1) : 0
  return [r, g, b].map((value) => toSrgb(Math.min(1, value * light + lift)))
}

/**
 * Draws a picture of few cells with few colours, and blows it up to the full size with hard edges. Few cells cannot show reflections, so
 * materials have signs, as in old games: metal is brushed in rows, and every second cell of glass lets light through.
 */
export function pixelArt(small: Cast, materials: readonly Material[], cell: number, width: number, height: number): Float32Array {
  const columns = small.width
  const lines = outlines(small, 1)
  const cells = new Float32Array(small.light.length)
  for (let i = 0; i < lines.length; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const [by, lift] = sign(materials[(small.mask[i] as number) - 1], row, column)
    const ink = 1 - 0.78 * (lines[i] as number)
    const nudge = (dither[(row & 3) * 4 + (column & 3)] as number) * 0.045
    const channel = (c: number): number => toSrgb(Math.min(1, Math.max(0, ((small.light[3 * i + c] as number) * by + lift) * ink))) + nudge
    const nearest = nearestSwatch(channel(0), channel(1), channel(2))
    for (let c = 0; c < 3; c++) cells[3 * i + c] = toLinear(swatches[nearest + c] as number)
  }
  const out = new Float32Array(3 * width * height)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 3) {
      const from = 3 * (Math.floor(y / cell) * columns + Math.floor(x / cell))
      out[i] = cells[from] as number
      out[i + 1] = cells[from + 1] as number
      out[i + 2] = cells[from + 2] as number
    }
  return out
}

/** What a material does to the light of a cell: a factor, and what is added. */
function sign(material: Material | undefined, row: number, column: number): readonly [factor: number, lift: number] {
  if (material === 'metal') return row % 2 === 0 ? [1.5, 0.02] : [0.62, 0]
  if (material === 'glass' && (row + column) % 2 === 0) return [0.75, 0.28]
  return [1, 0]
}

/** Where the swatch nearest to an sRGB colour begins; eyes weigh green most and blue least. */
function nearestSwatch(r: number, g: number, b: number): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < swatches.length; i += 3) {
    const dr = (swatches[i] as number) - r
    const dg = (swatches[i + 1] as number) - g
    const db = (swatches[i + 2] as number) - b
    // Brightness may be off a little; hue may not.
    const brightness = 0.3 * dr + 0.59 * dg + 0.11 * db
    const distance = 3 * dr * dr + 4 * dg * dg + 2 * db * db - 3 * brightness * brightness
    if (distance < least) {
      least = distance
      best = i
    }
  }
  return best
}

import type { Material } from '../../scene.js'
import type { Cast } from '../cast.js'
import { smooth } from '../noise.js'
import { outlines } from './outlines.js'

/** Steps of brightness on shiny and distant things; matte ones are already lit in bands. */
const STEPS = 7
const ink = [0.012, 0.01, 0.018] as const
const chalk = [0.93, 0.95, 0.96] as const

/**
 * Flat colours a little stronger than life, with ink around the objects. Few colours hardly show what a thing is made of, so materials have
 * the signs of comics: a slanting gleam on metal, and glass is drawn in white instead of ink.
 */
export function cartoon(seen: Cast, materials: readonly Material[]): Float32Array {
  const { width, height, light } = seen
  const unit = Math.min(width, height)
  const lines = outlines(seen, Math.max(1, unit / 150))
  const extents = extentsOf(seen, materials.length)
  const out = new Float32Array(light.length)
  for (let i = 0; i < lines.length; i++) {
    const [r, g, b] = [light[3 * i] as number, light[3 * i + 1] as number, light[3 * i + 2] as number]
    const peak = Math.max(r, g, b, 1e-4)
    const grey = 0.3 * r + 0.59 * g + 0.11 * b
    // Steps of even size to the eye, which sees roots; a short slope between two keeps their border smooth.
    const level = Math.sqrt(peak) * STEPS
    const step = Math.floor(level) + smooth(0.42, 0.58, level - Math.floor(level))
    const gain = ((step / STEPS) ** 2 / peak) * 0.7 + 0.3
    const line = lines[i] as number
    const material = materials[(seen.mask[i] as number) - 1]
    const pen = material === 'glass' ? chalk : ink
    const gleam =
      material === 'metal' ? 0.6 * gleamAt(extents[(seen.mask[i] as number) - 1] as Extent, i % width, Math.floor(i / width)) : 0
    for (let c = 0; c < 3; c++) {
      const value = light[3 * i + c] as number
      const flat = Math.max(0, grey + (value - grey) * 1.25) * gain
      const vivid = flat + (1 - flat) * gleam
      out[3 * i + c] = vivid + ((pen[c] as number) - vivid) * line
    }
  }
  return out
}

/** The box around what is seen of an object, in pixels. */
interface Extent {
  left: number
  right: number
  top: number
  bottom: number
}

function extentsOf({ mask, width }: Cast, count: number): Extent[] {
  const extents = Array.from({ length: count }, () => ({ left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity }))
  mask.forEach((index, i) => {
    const extent = extents[index - 1]
    if (!extent) return
    const [x, y] = [i % width, Math.floor(i / width)]
    extent.left = Math.min(extent.left, x)
    extent.right = Math.max(extent.right, x)
    extent.top = Math.min(extent.top, y)
    extent.bottom = Math.max(extent.bottom, y)
  })
  return extents
}

/** How bright the gleam of an object is at a pixel, from 0 to 1: a broad band across its upper left and a narrow one beside it. */
function gleamAt({ left, right, top, bottom }: Extent, x: number, y: number): number {
  const across = (x - left) / (right - left + 1) + (y - top) / (bottom - top + 1) // 0 in the upper left corner, 2 in the lower right one
  const band = (from: number, to: number): number => smooth(from - 0.03, from + 0.03, across) * smooth(to + 0.03, to - 0.03, across)
  return Math.max(band(0.62, 0.88), band(0.98, 1.08))
}

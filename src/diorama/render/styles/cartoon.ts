import type { Cast } from '../cast.js'
import { smooth } from '../noise.js'
import { outlines } from './outlines.js'

/** Steps of brightness on shiny and distant things; matte ones are already lit in bands. */
const STEPS = 7
const ink = [0.012, 0.01, 0.018] as const

/** Flat colours a little stronger than life, with ink around the objects. */
export function cartoon(seen: Cast): Float32Array {
  const { width, height, light } = seen
  const lines = outlines(seen, Math.max(1, Math.min(width, height) / 150))
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
    for (let c = 0; c < 3; c++) {
      const value = light[3 * i + c] as number
      const vivid = Math.max(0, grey + (value - grey) * 1.25) * gain
      out[3 * i + c] = vivid + ((ink[c] as number) - vivid) * line
    }
  }
  return out
}

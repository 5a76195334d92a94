import { albedo, toLinear, toSrgb } from '../../palette.js'
import type { SceneObject } from '../../scene.js'
import type { Cast } from '../cast.js'
import { grain, noise, smooth } from '../noise.js'
import { outlines } from './outlines.js'

/** Warm white, as linear light. */
const paper = [toLinear(0.965), toLinear(0.95), toLinear(0.915)] as const

/** Angles of the hatching, from the first light layer to the last dark one, in radians; and the tone below which each is drawn. */
const layers = [
  { angle: 0.9, below: 0.95, weight: 0.5 },
  { angle: -0.62, below: 0.7, weight: 0.6 },
  { angle: 0.15, below: 0.42, weight: 0.6 },
  { angle: 1.45, below: 0.22, weight: 0.7 },
] as const

/**
 * Coloured pencils on grained paper: hatching that thickens with the shade, and lines that wander a little. What a thing is made of
 * shows in how it is drawn, as a draughtsman would have it: matte things are hatched, metal is rubbed smooth with its highlights left
 * white, and glass is barely touched. Pencils are few, so a thing is drawn with the one of its own colour, whatever the light makes of it.
 */
export function pencilSketch(seen: Cast, objects: readonly SceneObject[], seed: number): Float32Array {
  const { width, height, light, mask } = seen
  const unit = Math.min(width, height)
  const lines = outlines(seen, Math.max(1, unit / 220))
  const spacing = Math.max(2.6, unit / 105)
  const shift = (seed % 977) * 0.13
  const out = new Float32Array(light.length)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const [r, g, b] = [light[3 * i] as number, light[3 * i + 1] as number, light[3 * i + 2] as number]
      const peak = Math.max(r, g, b, 1e-3)
      const tone = toSrgb(Math.min(1, 0.3 * r + 0.59 * g + 0.11 * b))
      const tooth = grain((x / unit) * 4 + shift, (y / unit) * 4, 4 / unit)
      const object = mask[i] !== 0
      const { material, colour } = objects[(mask[i] as number) - 1] ?? {}
      const own = colour && albedo[colour]
      const share = material === 'matte' ? 0.25 : 0.6 // what shines takes the colours of all that is around it
      // Away from the objects the drawing thins out towards the paper's edge.
      const margin = Math.min(x, y, width - 1 - x, height - 1 - y) / unit
      const care = object ? 1 : 0.62 * smooth(0, 0.1, margin - 0.06 * noise((x + y) / unit + shift, (x - y) / unit, 0))
      let pressure = care * (object ? 0.7 : 0.36) * (0.75 + 0.5 * tooth)
      if (material === 'metal') pressure = (1 - 0.95 * smooth(0.62, 0.8, tone)) * (0.94 + 0.12 * tooth)
      else if (material === 'glass') pressure *= 0.68 + 0.3 * smooth(0.5, 0.2, tone)
      for (const { angle, below, weight } of layers) {
        const deep = smooth(below + 0.06, below - 0.14, tone)
        if (deep <= 0 || material === 'metal') continue
        if (material === 'glass' && below > 0.5) continue
        const u = x * Math.cos(angle) + y * Math.sin(angle)
        const v = y * Math.cos(angle) - x * Math.sin(angle)
        const wander = noise((u / unit) * 0.7 + shift, (v / unit) * 2.2 + angle, 0) * 2.6
        const phase = v / spacing + wander
        const ridge = Math.abs(phase - Math.floor(phase) - 0.5) * 2
        const stroke = smooth(0.75, 0.25, ridge) * (0.55 + 0.9 * tooth)
        pressure += (1 - pressure) * Math.min(1, stroke * weight * deep * care)
      }
      // The pencil has the colour's hue at full strength; how hard it is pressed makes the tone.
      const dark = 0.42 + 0.58 * smooth(0.05, 0.6, peak)
      const line = (lines[i] as number) * (0.84 + 0.35 * (tooth - 0.5))
      for (let c = 0; c < 3; c++) {
        const white = paper[c] as number
        const lit = ((light[3 * i + c] as number) / peak) ** 1.7
        const hue = own ? lit + ((own[c] as number) - lit) * share : lit
        const pencil = Math.min(1, hue) * dark * 0.86 + 0.015
        const drawn = white * (1 - pressure + pressure * pencil) * (0.96 + 0.06 * tooth)
        out[3 * i + c] = drawn * (1 - line) + (own ? 0.015 + 0.3 * (own[c] as number) : 0.025) * line
      }
    }
  return out
}

import { toSrgb } from '../palette.js'
import type { Triple } from './solid.js'

const STEPS = 8192
let table: Uint8Array | undefined

/** The 8-bit sRGB value of a linear one in [0, 1]. */
function code(value: number): number {
  table ??= Uint8Array.from({ length: STEPS + 1 }, (_, i) => Math.round(255 * toSrgb(i / STEPS)))
  return table[value <= 0 ? 0 : value >= 1 ? STEPS : (value * STEPS + 0.5) | 0] as number
}

/** Where highlights begin to be compressed, and how fast they lose their colour beyond. */
const SHOULDER = 0.74
const DESATURATION = 0.12

/**
 * Scene light to display light, in place. Mid-tones keep their hue and saturation, so that a red object is red in any light;
 * only highlights bend towards white. After the Khronos PBR Neutral tone mapper, without its offset for black.
 */
export function toneMap(colour: Triple): void {
  const { r, g, b } = colour
  const peak = r > g ? Math.max(r, b) : Math.max(g, b)
  if (peak < SHOULDER) return
  const room = 1 - SHOULDER
  const mapped = 1 - (room * room) / (peak + room - SHOULDER)
  const by = mapped / peak
  const white = 1 - 1 / (DESATURATION * (peak - mapped) + 1)
  colour.set(r * by + (mapped - r * by) * white, g * by + (mapped - g * by) * white, b * by + (mapped - b * by) * white)
}

/** Writes display light as three sRGB bytes. */
export function writeSrgb(data: Uint8Array, at: number, r: number, g: number, b: number): void {
  data[at] = code(r)
  data[at + 1] = code(g)
  data[at + 2] = code(b)
}

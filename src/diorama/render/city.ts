import type { Environment } from './environment.js'
import { cell, smooth } from './noise.js'
import type { Triple } from './solid.js'

/** Lights of a street at night, linear: pink, cyan, amber, violet, green. */
const neon: readonly (readonly [number, number, number])[] = [
  [1, 0.12, 0.42],
  [0.08, 0.75, 1],
  [1, 0.5, 0.1],
  [0.5, 0.18, 1],
  [0.15, 1, 0.5],
]

/** Houses with lit windows in two rows, and out-of-focus street lights before them; whole numbers of each go round the horizon. */
export function skyline(around: Environment, azimuth: number, dy: number, blur: number, out: Triple): void {
  houses(around, azimuth, dy, blur, (2 * Math.PI) / 48, 0.3, 0.62, 3, out)
  houses(around, azimuth, dy, blur, (2 * Math.PI) / 34, 0.17, 0.25, 17, out)
  bokeh(around, azimuth, dy, blur, out)
}

function houses(
  around: Environment,
  azimuth: number,
  dy: number,
  blur: number,
  width: number,
  height: number,
  haze: number,
  salt: number,
  out: Triple,
): void {
  const column = Math.floor(azimuth / width)
  const seed = around.seed + salt
  const top = height * (0.45 + 0.55 * cell(column, seed))
  const cover = smooth(-blur - 0.001, blur + 0.001, top - dy)
  if (cover <= 0) return
  const { horizon } = around
  let r = horizon.r * haze + 0.012
  let g = horizon.g * haze + 0.014
  let b = horizon.b * haze + 0.028
  // Windows: a grid inside each house, dark or lit, that a blurred look only sees as a glow.
  const u = (azimuth / width - column) * 9
  const v = (dy / width) * 11
  const across = u - Math.floor(u)
  const up = v - Math.floor(v)
  const lit = cell(column * 31 + Math.floor(u), Math.floor(v) + seed)
  const share = 0.3
  const soft = Math.min(1, (blur * 14) / width)
  const pane = lit < share && across > 0.25 && across < 0.78 && up > 0.25 && up < 0.75 ? 1 : 0
  const glow = (pane * (1 - soft) + share * 0.27 * soft) * (1 - 0.5 * haze)
  const warm = cell(column * 13 + Math.floor(u), Math.floor(v) + seed + 5)
  r += glow * (0.75 + 0.25 * warm)
  g += glow * (0.55 + 0.1 * warm)
  b += glow * (0.6 - 0.4 * warm)
  out.set(out.r + (r - out.r) * cover, out.g + (g - out.g) * cover, out.b + (b - out.b) * cover)
}

/** Discs of neon light along the street, each in a cell of its own. */
function bokeh(around: Environment, azimuth: number, dy: number, blur: number, out: Triple): void {
  const size = (2 * Math.PI) / 58
  for (let layer = 0; layer < 2; layer++) {
    const u = azimuth / size + 0.5 * layer
    const v = (dy + 0.01) / size
    const column = Math.floor(u)
    const row = Math.floor(v)
    if (row < 0 || row > 1) continue
    const seed = around.seed + 101 * layer
    const chance = cell(column, row + seed)
    if (chance > (row === 0 ? 0.7 : 0.3)) continue
    const radius = 0.12 + 0.2 * cell(column + 3, row + seed)
    const x = u - column - 0.35 - 0.3 * cell(column + 5, row + seed)
    const y = v - row - 0.35 - 0.3 * cell(column + 7, row + seed)
    const soft = 0.03 + blur / size
    const cover = smooth(-soft, soft, radius - Math.sqrt(x * x + y * y)) * (0.35 + 0.4 * chance) * Math.min(1, 0.3 / soft)
    if (cover <= 0) continue
    const light = neon[Math.floor(cell(column + 9, row + seed) * neon.length)] as readonly [number, number, number]
    out.set(out.r + 1.5 * light[0] * cover, out.g + 1.5 * light[1] * cover, out.b + 1.5 * light[2] * cover)
  }
}

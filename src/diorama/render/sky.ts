import type { Rgb } from '../palette.js'
import { skyline } from './city.js'
import { BEACH, CITY, DESERT, type Environment, MEADOW, SNOW, STUDIO } from './environment.js'
import { cell, grain, noise, smooth } from './noise.js'
import type { Triple } from './solid.js'

/**
 * The light that comes from a unit direction: sky, clouds, stars, and what stands on the horizon. `blur` is the half-width of
 * the cone that is looked into, in radians: a pixel's for the camera, more for a rough mirror. What is `mirrored` shows the lamps
 * of the studio, which the photographer keeps out of the frame, and no stars.
 */
export function sky(around: Environment, dx: number, dy: number, dz: number, blur: number, mirrored: boolean, out: Triple): void {
  if (around.setting === STUDIO) {
    studio(around, dx, dy, dz, blur, mirrored, out)
    return
  }
  const { zenith, horizon, glow } = around
  const up = Math.max(dy, 0)
  const low = (1 - up) * (1 - up)
  const share = low * low
  let r = zenith.r + (horizon.r - zenith.r) * share
  let g = zenith.g + (horizon.g - zenith.g) * share
  let b = zenith.b + (horizon.b - zenith.b) * share
  // The sun: a wide glow that hugs the horizon at sunset, and a disc.
  const facing = dx * around.sunX + dy * around.sunY + dz * around.sunZ
  const wide = 0.5 + 0.5 * facing
  const halo = wide * wide * wide * (around.sunset ? 0.25 + 0.75 * share : 0.5)
  const disc = smooth(0.9985 - blur * 0.3, 0.9994 + blur * 0.05, facing) * (around.night ? 0.8 : 3)
  r += glow.r * halo + disc * around.sun.r
  g += glow.g * halo + disc * around.sun.g
  b += glow.b * halo + disc * around.sun.b
  // The surroundings' own axes: azimuth 0 is straight ahead of a camera that is not turned.
  const ex = dx * around.turnX + dz * around.turnZ
  const ez = dz * around.turnX - dx * around.turnZ
  if (dy > 0) {
    if (around.night && !mirrored) {
      const star = stars(ex, dy, ez, blur)
      r += star
      g += star
      b += star * 1.1
    }
    const cover = around.setting === CITY ? 0 : clouds(around, ex, dy, ez, blur)
    const lit = 0.72 + 0.28 * wide
    r += (around.clouds.r * lit - r) * cover
    g += (around.clouds.g * lit - g) * cover
    b += (around.clouds.b * lit - b) * cover
  }
  out.set(r, g, b)
  // Rough wet ground draws lights out towards the viewer: as if they stood higher up.
  const height = mirrored && around.setting === CITY ? 0.4 * dy : dy
  if (height > -0.02 && height < 0.45) standing(around, Math.atan2(ex, -ez), height, blur, out)
}

/** A seamless backdrop, and above the camera the lamps that metal and glass show: a soft box at the light, a strip opposite. */
function studio(around: Environment, dx: number, dy: number, dz: number, blur: number, mirrored: boolean, out: Triple): void {
  const { zenith, horizon } = around
  const share = smooth(-0.05, 0.75, dy)
  if (!mirrored) {
    out.set(
      horizon.r + (zenith.r - horizon.r) * share,
      horizon.g + (zenith.g - horizon.g) * share,
      horizon.b + (zenith.b - horizon.b) * share,
    )
    return
  }
  const facing = dx * around.sunX + dy * around.sunY + dz * around.sunZ
  const box = smooth(0.86 - blur, 0.9 + blur, facing) * (around.night ? 1.6 : 2.4)
  const across = (dx * around.sunX + dz * around.sunZ) / Math.sqrt(around.sunX * around.sunX + around.sunZ * around.sunZ)
  const strip = smooth(0.3, 0.36 + blur, -across) * smooth(-0.62 - blur, -0.56, across) * smooth(0.12, 0.2 + blur, dy) * 0.8
  const fill = around.night ? 0.35 : 1
  out.set(
    horizon.r + (zenith.r - horizon.r) * share + box * around.sun.r + strip * fill,
    horizon.g + (zenith.g - horizon.g) * share + box * around.sun.g + strip * fill,
    horizon.b + (zenith.b - horizon.b) * share + box * around.sun.b + strip * fill,
  )
}

/** Share of cloud in a direction above the horizon: banks near the horizon, fleece above. */
function clouds(around: Environment, ex: number, dy: number, ez: number, blur: number): number {
  const near = 1 / (dy + 0.18)
  const x = ex * near * 0.16 + around.shiftX
  const z = ez * near * 0.16 + around.shiftZ
  const foot = (blur + 0.002) * near * 0.3
  const n = 0.72 * noise(x, z, foot) + 0.28 * noise(x * 3.1, z * 3.1, foot * 3.1)
  return smooth(0.52, 0.72, n) * smooth(0, 0.12, dy) * 0.9
}

/** Brightness of the star in this direction, if there is one: one chance per cell of a grid over the cube of directions. */
function stars(x: number, y: number, z: number, blur: number): number {
  const major = Math.max(Math.abs(x), y, Math.abs(z))
  const face = major === y ? 0 : major === Math.abs(x) ? (x > 0 ? 1 : 2) : z > 0 ? 3 : 4
  const u = ((face === 1 || face === 2 ? z : x) / major) * 46
  const v = ((face === 0 ? z : y) / major) * 46
  const column = Math.floor(u)
  const row = Math.floor(v)
  const chance = cell(column + 1000 * face, row)
  if (chance > 0.3) return 0
  const offsetU = u - column - 0.2 - 0.6 * cell(column + 7, row + 131 * face)
  const offsetV = v - row - 0.2 - 0.6 * cell(column + 31, row + 57 * face)
  const radius = 0.03 + 0.05 * chance
  const width = Math.max(radius, blur * 46)
  const near = 1 - (offsetU * offsetU + offsetV * offsetV) / (width * width)
  return near > 0 ? near * near * 1.6 * ((radius * radius) / (width * width)) * (0.35 + chance * 3) : 0
}

/** A range of hills, or of trees, on the horizon. Heights are in radians. */
interface Range {
  readonly trees: boolean
  /** Features per radian of azimuth, in squares of noise. */
  readonly frequency: number
  readonly base: number
  readonly height: number
  /** Share of the horizon's colour that the air lays over it. */
  readonly haze: number
  readonly albedo: Rgb
}

const hills = (frequency: number, base: number, height: number, haze: number, albedo: Rgb): Range => ({
  trees: false,
  frequency,
  base,
  height,
  haze,
  albedo,
})
const trees = (...of: Parameters<typeof hills>): Range => ({ ...hills(...of), trees: true })

/** What stands on each setting's horizon, from the farthest to the nearest. */
const ranges: Readonly<Record<number, readonly Range[]>> = {
  [MEADOW]: [
    hills(0.12, 0.03, 0.11, 0.62, [0.24, 0.4, 0.3]),
    hills(0.21, 0.012, 0.075, 0.3, [0.2, 0.36, 0.16]),
    trees(0.7, 0.008, 0.034, 0.08, [0.13, 0.27, 0.08]),
  ],
  [DESERT]: [hills(0.24, 0.01, 0.2, 0.3, [0.6, 0.3, 0.2]), hills(0.11, 0.01, 0.09, 0.1, [0.78, 0.52, 0.28])],
  [SNOW]: [
    hills(0.34, 0.03, 0.3, 0.3, [0.4, 0.5, 0.68]),
    hills(0.18, 0.02, 0.13, 0.15, [0.88, 0.92, 0.98]),
    trees(1.1, 0.004, 0.04, 0.05, [0.1, 0.19, 0.17]),
  ],
  [BEACH]: [hills(0.1, -0.025, 0.07, 0.55, [0.25, 0.36, 0.38])],
}

/** Paints what stands on the horizon over the sky behind it. */
function standing(around: Environment, azimuth: number, dy: number, blur: number, out: Triple): void {
  if (around.setting === CITY) skyline(around, azimuth, dy, blur, out)
  const standing = ranges[around.setting]
  if (standing) for (let i = 0; i < standing.length; i++) paintRange(around, standing[i] as Range, 0.4 * i + 0.3, azimuth, dy, blur, out)
}

/** `row` is where in the noise the range's outline runs. */
function paintRange(around: Environment, range: Range, row: number, azimuth: number, dy: number, blur: number, out: Triple): void {
  const { base, height, frequency, haze, albedo } = range
  if (dy > base + 1.2 * height + blur + 0.001) return
  // Around a circle in the noise, so that the outline closes behind the viewer.
  const east = Math.sin(azimuth)
  const north = Math.cos(azimuth)
  const u = east * frequency + around.shiftX
  const v = north * frequency + row
  let relief = 0
  if (range.trees) {
    const wood = noise(east * 0.3 + around.shiftZ, north * 0.3 + row, blur * 0.3)
    relief = 0.6 * smooth(0, 1, grain(u, v, blur * frequency)) + 0.6 * smooth(0.3, 0.7, wood)
  } else relief = smooth(0.15, 0.85, noise(u, v, blur * frequency))
  const cover = smooth(-blur - 0.0005, blur + 0.0005, base + height * relief - dy)
  if (cover <= 0) return
  const { sun, ambient, horizon } = around
  const texture = 0.75 + 0.5 * noise(azimuth * 1.7 + row, dy * 5 + row, blur * 5)
  const light = 0.45 * texture * (around.night ? 0.18 : 1)
  const near = 1 - haze
  out.set(
    out.r + (albedo[0] * (sun.r * light + ambient.r) * near + horizon.r * haze - out.r) * cover,
    out.g + (albedo[1] * (sun.g * light + ambient.g) * near + horizon.g * haze - out.g) * cover,
    out.b + (albedo[2] * (sun.b * light + ambient.b) * near + horizon.b * haze - out.b) * cover,
  )
}

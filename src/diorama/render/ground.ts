import { BEACH, CITY, DESERT, type Environment, MEADOW, SNOW, STUDIO } from './environment.js'
import { cell, noise, smooth } from './noise.js'

/** What a place of the ground is made of. */
export class Ground {
  /** Albedo, linear. */
  r = Number.NaN
  g = Number.NaN
  b = Number.NaN
  /** The slope of small waves: the normal is (−slopeX, 1, −slopeZ), not yet of unit length. */
  slopeX = Number.NaN
  slopeZ = Number.NaN
  /** Share of light that is mirrored when looked at from straight above; water and wet stone. */
  mirror = Number.NaN
  /** Half-width of the mirrored cone in radians. */
  rough = Number.NaN
  /** Light of its own: glitter on snow. */
  glitter = Number.NaN
}

/** Fills in the ground at (x, 0, z); `footprint` is a pixel's width there in metres. */
export function groundAt(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  out.r = around.ground.r
  out.g = around.ground.g
  out.b = around.ground.b
  out.slopeX = out.slopeZ = out.mirror = out.glitter = 0
  out.rough = 0.02
  const setting = around.setting
  if (setting === STUDIO) return
  // The surroundings' own axes, and the place in the noise that belongs to this scene.
  const ex = x * around.turnX + z * around.turnZ
  const ez = z * around.turnX - x * around.turnZ
  if (setting === MEADOW) meadow(around, ex, ez, footprint, out)
  else if (setting === DESERT) desert(around, ex, ez, footprint, out)
  else if (setting === SNOW) snow(around, ex, ez, footprint, out)
  else if (setting === BEACH) beach(around, ex, ez, footprint, out)
  else if (setting === CITY) city(around, ex, ez, footprint, out)
}

function shade(out: Ground, by: number): void {
  out.r *= by
  out.g *= by
  out.b *= by
}

function blend(out: Ground, r: number, g: number, b: number, share: number): void {
  out.r += (r - out.r) * share
  out.g += (g - out.g) * share
  out.b += (b - out.b) * share
}

/** Grass in patches, with blades drawn out away from the viewer, and small pale flowers. */
function meadow(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const patches = noise(x * 0.09 + around.shiftX, z * 0.09 + around.shiftZ, footprint * 0.09)
  blend(out, 0.36, 0.42, 0.1, smooth(0.35, 0.75, patches) * 0.6)
  blend(out, 0.06, 0.16, 0.04, smooth(0.62, 0.2, patches) * 0.6)
  const tufts = noise(x * 0.8 + around.shiftZ, z * 0.55 + around.shiftX, footprint * 0.8)
  const blades = noise(x * 3.7, z * 1.5 + around.shiftX, footprint * 3.7)
  shade(out, 0.45 + 0.6 * tufts + 0.5 * blades)
  if (around.toon) return
  const size = 0.42
  const column = Math.floor(x / size)
  const row = Math.floor(z / size)
  const chance = cell(column, row + around.seed)
  if (chance > 0.34) return
  const dx = x / size - column - 0.2 - 0.6 * cell(column + 5, row + around.seed)
  const dz = z / size - row - 0.2 - 0.6 * cell(column + 11, row + around.seed)
  const radius = 0.022 + 0.022 * chance
  const away = Math.sqrt(dx * dx + dz * dz) * size
  const width = Math.max(footprint, 0.004)
  const cover = smooth(radius + 0.5 * width, radius - 0.5 * width, away) * Math.min(1, (radius * radius * 4) / (footprint * footprint))
  if (chance < 0.1) blend(out, 0.9, 0.78, 0.25, cover * 0.9)
  else blend(out, 0.92, 0.92, 0.9, cover * 0.9)
  blend(out, 0.85, 0.55, 0.08, smooth(radius * 0.45, radius * 0.3, away) * cover)
}

/** Waves of sand that wander and break off, finest near the camera. */
function desert(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const wander = noise(x * 0.11 + around.shiftX, z * 0.11 + around.shiftZ, footprint * 0.11)
  const phase = (z * 1.05 + x * 0.35) * 13 + wander * 26
  const strength = smooth(0.3, 0.75, noise(x * 0.05 + around.shiftZ, z * 0.05, footprint * 0.05)) * 0.3 * smooth(0.22, 0.04, footprint)
  const wave = Math.cos(phase)
  out.slopeZ = wave * strength
  out.slopeX = wave * strength * 0.33
  const grain = noise(x * 2.9, z * 2.9, footprint * 2.9)
  shade(out, 0.9 + 0.16 * (wander - 0.5) + 0.26 * (grain - 0.5))
}

/** Soft mounds, and crystals that catch the light. */
function snow(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const step = 0.08
  const foot = Math.max(footprint, 0.05) * 0.3
  const here = noise(x * 0.3 + around.shiftX, z * 0.3 + around.shiftZ, foot)
  out.slopeX = (noise((x + step) * 0.3 + around.shiftX, z * 0.3 + around.shiftZ, foot) - here) * 1.6
  out.slopeZ = (noise(x * 0.3 + around.shiftX, (z + step) * 0.3 + around.shiftZ, foot) - here) * 1.6
  const grain = noise(x * 2.3, z * 2.3, footprint * 2.3)
  shade(out, 0.94 + 0.1 * (grain - 0.5))
  if (around.toon) return
  const size = 0.035
  const column = Math.floor(x / size)
  const row = Math.floor(z / size)
  if (cell(column, row + around.seed) < 0.025) out.glitter = Math.min(1, (0.012 * 0.012) / (footprint * footprint)) * 1.2
}

/** Dry sand, then wet sand, a line of foam, and the sea up to the horizon. */
function beach(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const wander = noise(x * 0.045 + around.shiftX, around.shiftZ, footprint * 0.045) - 0.5
  const grain = noise(x * 2.6, z * 2.6 + around.shiftX, footprint * 2.6)
  const dunes = noise(x * 0.22 + around.shiftZ, z * 0.22, footprint * 0.22)
  shade(out, 0.88 + 0.28 * (dunes - 0.5) + 0.3 * (grain - 0.5))
  // Metres into the sea; the shore lies behind the objects.
  const sea = -3.1 - z + wander * 2.6
  if (sea < -1.6) return
  const wet = smooth(-1.5, -0.5, sea)
  shade(out, 1 - 0.42 * wet)
  out.mirror = 0.12 * wet
  out.rough = 0.03
  if (sea < -0.25) return
  const depth = smooth(0, 7, sea)
  const water = smooth(-0.15, 0.15, sea)
  blend(out, 0.1 - 0.07 * depth, 0.42 - 0.26 * depth, 0.48 - 0.16 * depth, water * (0.72 + 0.28 * depth))
  out.mirror += (0.05 - out.mirror) * water
  const scale = 0.35 / (1 + sea * 0.08)
  const swell = noise(x * scale * 0.5, z * scale * 1.6 + around.shiftX, footprint * scale * 1.6) - 0.5
  out.slopeZ = swell * 0.55 * water
  out.slopeX = (noise(x * scale + 0.37, z * scale + around.shiftZ, footprint * scale) - 0.5) * 0.3 * water
  // Foam: at the edge, and on two waves that follow it.
  const lace = noise(x * 0.7 + around.shiftZ, z * 0.7, footprint * 0.7)
  const edge =
    smooth(0.34, 0.05, Math.abs(sea - 0.06)) +
    0.75 * smooth(0.3, 0.02, Math.abs(sea - 1.35 - wander)) +
    0.5 * smooth(0.22, 0.02, Math.abs(sea - 3.1))
  const foam = smooth(0.5, 0.75, lace * 0.62 + edge * 0.48)
  blend(out, 0.93, 0.95, 0.95, foam)
  out.mirror *= 1 - foam
}

/** Wet asphalt: grain, and puddles that mirror the lights. */
function city(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const puddles = noise(x * 0.13 + around.shiftX, z * 0.13 + around.shiftZ, footprint * 0.13)
  const grain = noise(x * 3.1, z * 3.1, footprint * 3.1)
  const wet = smooth(0.42, 0.6, puddles)
  shade(out, (0.8 + 0.7 * (grain - 0.5)) * (1 - 0.35 * wet))
  out.mirror = 0.1 + 0.3 * wet
  out.rough = 0.05 - 0.035 * wet
  const ripple = (1 - wet) * 0.1
  out.slopeX = (grain - 0.5) * ripple
  out.slopeZ = (noise(x * 3.1 + 0.5, z * 3.1 + 0.25, footprint * 3.1) - 0.5) * ripple
}

import { BEACH, CITY, DESERT, type Environment, MEADOW, SNOW, STUDIO } from './environment.js'
import { cell, grain, noise, smooth } from './noise.js'
import type { Ray } from './solid.js'

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

/**
 * Fills in the ground at (x, 0, z), looked at along the unit direction d; `footprint` is a pixel's width there in metres.
 */
export function groundAt(around: Environment, x: number, z: number, { dx, dy, dz }: Ray, footprint: number, out: Ground): void {
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
  if (setting === MEADOW) {
    const leanX = (dx * around.turnX + dz * around.turnZ) / -dy
    const leanZ = (dz * around.turnX - dx * around.turnZ) / -dy
    meadow(around, ex, ez, leanX, leanZ, footprint, out)
  } else if (setting === DESERT) desert(around, ex, ez, footprint, out)
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

/** Heights of the layers that blades of grass are cut into, in metres, and how much of a layer is blade. */
const layers = 4
const grass = 0.05

/**
 * Grass in patches, with small pale flowers. Blades are a stack of layers, each thinner than the one below; the line of sight
 * meets the upper ones earlier (by `leanX` and `leanZ` metres for each metre of height), so they hide what stands behind them.
 */
function meadow(around: Environment, x: number, z: number, leanX: number, leanZ: number, footprint: number, out: Ground): void {
  const patches = noise(x * 0.09 + around.shiftX, z * 0.09 + around.shiftZ, footprint * 0.09)
  blend(out, 0.36, 0.42, 0.1, smooth(0.35, 0.75, patches) * 0.6)
  blend(out, 0.06, 0.16, 0.04, smooth(0.62, 0.2, patches) * 0.6)
  const tufts = noise(x * 0.8 + around.shiftZ, z * 0.55 + around.shiftX, footprint * 0.8)
  shade(out, 0.62 + 0.7 * tufts)
  if (around.toon) return
  const fine = smooth(0.05, 0.012, footprint)
  if (fine > 0) {
    let height = 0
    for (let layer = layers; layer > 0; layer--) {
      const h = (grass * layer) / layers
      const blade = grain((x - leanX * h) * 0.9, (z - leanZ * h) * 0.9, footprint * 0.9)
      const here = smooth(-0.07, 0.07, blade - 0.3 - 0.09 * layer) * layer
      if (here > height) height = here
    }
    const tip = height / layers
    shade(out, 1 + fine * (0.5 + 0.85 * tip - 1))
    blend(out, 0.5, 0.55, 0.12, fine * 0.2 * tip * tip)
  }
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
  const speck = grain(x * 0.55, z * 0.55, footprint * 0.55)
  shade(out, 0.9 + 0.16 * (wander - 0.5) + 0.26 * (speck - 0.5))
}

/** Soft mounds, and crystals that catch the light. */
function snow(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const step = 0.08
  const foot = Math.max(footprint, 0.05) * 0.3
  const here = noise(x * 0.3 + around.shiftX, z * 0.3 + around.shiftZ, foot)
  // A low sun draws every slope out: the mounds are flatter then.
  const relief = around.sunset ? 0.8 : 2.6
  out.slopeX = (noise((x + step) * 0.3 + around.shiftX, z * 0.3 + around.shiftZ, foot) - here) * relief
  out.slopeZ = (noise(x * 0.3 + around.shiftX, (z + step) * 0.3 + around.shiftZ, foot) - here) * relief
  const speck = grain(x * 0.5, z * 0.5, footprint * 0.5)
  shade(out, 0.94 + 0.1 * (speck - 0.5))
  if (around.toon) return
  const size = 0.035
  const column = Math.floor(x / size)
  const row = Math.floor(z / size)
  if (cell(column, row + around.seed) > 0.03) return
  const dx = (x / size - column - 0.5) * size
  const dz = (z / size - row - 0.5) * size
  const radius = Math.max(0.006, footprint * 0.7)
  out.glitter = smooth(radius, 0, Math.sqrt(dx * dx + dz * dz)) * ((0.006 * 0.006) / (radius * radius)) * 1.6
}

/** Dry sand, then wet sand, a line of foam, and the sea up to the horizon. */
function beach(around: Environment, x: number, z: number, footprint: number, out: Ground): void {
  const wander = noise(x * 0.045 + around.shiftX, around.shiftZ, footprint * 0.045) - 0.5
  const speck = grain(x * 0.55, z * 0.55 + around.shiftX, footprint * 0.55)
  const dunes = noise(x * 0.22 + around.shiftZ, z * 0.22, footprint * 0.22)
  shade(out, 0.88 + 0.28 * (dunes - 0.5) + 0.3 * (speck - 0.5))
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
  const lace = grain(x * 0.16 + around.shiftZ, z * 0.16, footprint * 0.16)
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
  const speck = grain(x * 0.8, z * 0.8, footprint * 0.8)
  const wet = smooth(0.5, 0.62, puddles)
  shade(out, (0.8 + 0.7 * (speck - 0.5)) * (1 - 0.35 * wet))
  out.mirror = 0.05 + 0.3 * wet
  out.rough = 0.09 - 0.05 * wet
  const ripple = (1 - wet) * 0.1
  out.slopeX = (speck - 0.5) * ripple
  out.slopeZ = (grain(x * 0.8 + 0.5, z * 0.8 + 0.25, footprint * 0.8) - 0.5) * ripple
}

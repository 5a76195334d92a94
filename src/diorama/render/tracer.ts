import { roundEdges } from './bevel.js'
import type { Environment } from './environment.js'
import { Ground, groundAt } from './ground.js'
import { intersect, normalAt, span } from './intersect.js'
import { openness, type Stage, sunlight } from './light.js'
import { smooth } from './noise.js'
import { paintAt, paintColour } from './paint.js'
import { sky } from './sky.js'
import { Ray, type Solid, TORUS, Triple } from './solid.js'

/** What a ray met: index of the solid, `GROUND` or `SKY`. */
export const GROUND = -1
export const SKY = -2

/** How many times light may be followed on behind a mirror or a piece of glass. */
const BOUNCES = 3

/** The scratch values of one bounce. They are made once: the loops over pixels allocate nothing. */
class Bounce {
  readonly ray = new Ray()
  readonly normal = new Triple()
  /** The normal that light sees: edges are rounded off. */
  readonly shading = new Triple()
  readonly light = new Triple()
  readonly bleed = new Triple()
  readonly paint = new Triple()
  readonly behind = new Triple()
  readonly ground = new Ground()
  /** Distance to what was met, in metres, infinite for the sky. */
  t = Number.NaN
}

const bounces = Array.from({ length: BOUNCES + 1 }, () => new Bounce())

/** The first ray of each pixel: set it, then call {@link trace} at bounce 0, then read `primary.t` and `primary.normal`. */
export const primary = bounces[0] as Bounce

/** The nearest thing along a bounce's ray, except the solid `skip`; its distance is left in `bounce.t`. */
function nearest({ solids }: Pick<Stage, 'solids'>, bounce: Bounce, skip: number): number {
  const { ray } = bounce
  let hit = SKY
  let t = Number.POSITIVE_INFINITY
  for (let i = 0; i < solids.length; i++) {
    if (i === skip || !intersect(solids[i] as Solid, ray)) continue
    if (span.near > 0 && span.near < t) {
      t = span.near
      hit = i
    }
  }
  if (ray.dy < 0 && ray.oy > 0) {
    const down = -ray.oy / ray.dy
    if (down < t) {
      t = down
      hit = GROUND
    }
  }
  bounce.t = t
  return hit
}

/** What the camera's ray meets, without its colour. */
export const visible = (stage: Pick<Stage, 'solids'>): number => nearest(stage, primary, -1)

/**
 * The light that comes back along a bounce's ray, into `out`. `spread` is the half-width of the cone that the ray stands for, in
 * radians. Returns what the ray met.
 */
export function trace(stage: Stage, depth: number, skip: number, spread: number, out: Triple): number {
  const bounce = bounces[depth] as Bounce
  const hit = nearest(stage, bounce, skip)
  const { ray } = bounce
  if (hit === SKY) {
    bounce.normal.set(0, 0, 0)
    sky(stage.around, ray.dx, ray.dy, ray.dz, spread, depth > 0, out)
  } else if (hit === GROUND) shadeGround(stage, bounce, depth, spread, out)
  else shadeSolid(stage, bounce, depth, hit, spread, out)
  return hit
}

/** How much of the lamp's light reaches a place: all of it by day, less away from the middle of the scene at night. */
function pool(around: Environment, x: number, y: number, z: number): number {
  if (around.pool > 1e6) return 1
  const away = (x * x + y * y * 0.3 + z * z) / (around.pool * around.pool)
  return 1 / (1 + away * away)
}

function shadeGround(stage: Stage, bounce: Bounce, depth: number, spread: number, out: Triple): void {
  const { around } = stage
  const { ray, ground, light, bleed } = bounce
  const t = bounce.t
  const px = ray.ox + t * ray.dx
  const pz = ray.oz + t * ray.dz
  const across = Math.min(20, Math.sqrt(1 / Math.max(1e-4, -ray.dy)))
  groundAt(around, px, pz, ray, 2 * spread * t * across, ground)
  const steep = 1 / Math.sqrt(1 + ground.slopeX * ground.slopeX + ground.slopeZ * ground.slopeZ)
  const nx = -ground.slopeX * steep
  const nz = -ground.slopeZ * steep
  bounce.normal.set(0, 1, 0)
  sunlight(stage, px, 0, pz, -1, light)
  const facing = Math.max(0, nx * around.sunX + steep * around.sunY + nz * around.sunZ) * pool(around, px, 0, pz)
  const open = openness(stage, px, 0, pz, 0, 1, 0, -1, bleed)
  const { sun, ambient } = around
  const lit = around.toon ? banded(facing) : facing
  let r = ground.r * (sun.r * lit * light.r + ambient.r * (open + bleed.r))
  let g = ground.g * (sun.g * lit * light.g + ambient.g * (open + bleed.g))
  let b = ground.b * (sun.b * lit * light.b + ambient.b * (open + bleed.b))
  if (ground.glitter > 0) {
    const spark = ground.glitter * light.g * facing
    r += spark
    g += spark
    b += spark
  }
  if (ground.mirror > 0.01 && depth < 2) {
    const next = bounces[depth + 1] as Bounce
    const along = ray.dx * nx + ray.dy * steep + ray.dz * nz
    const dy = ray.dy - 2 * along * steep
    next.ray.set(px, 1e-3, pz, ray.dx - 2 * along * nx, Math.max(dy, 0.01), ray.dz - 2 * along * nz)
    trace(stage, depth + 1, -1, Math.max(spread, ground.rough), bounce.behind)
    const share = ground.mirror + (1 - ground.mirror) * schlick(1 + along) * Math.min(1, ground.mirror * 3)
    r += (bounce.behind.r - r) * share
    g += (bounce.behind.g - g) * share
    b += (bounce.behind.b - b) * share
  }
  // Far ground turns into what the sky shows at the horizon.
  const away = Math.sqrt(px * px + pz * pz) / around.haze
  const haze = (1 - Math.exp(-away * away)) * around.fade
  const { horizon } = around
  out.set(r + (horizon.r - r) * haze, g + (horizon.g - g) * haze, b + (horizon.b - b) * haze)
}

/** Light in three steps, as a cartoonist fills it in. */
const banded = (facing: number): number => 0.15 + 0.4 * smooth(0.02, 0.06, facing) + 0.45 * smooth(0.45, 0.49, facing)

function shadeSolid(stage: Stage, bounce: Bounce, depth: number, index: number, spread: number, out: Triple): void {
  const { around } = stage
  const solid = stage.solids[index] as Solid
  const { ray, normal, light, bleed, paint } = bounce
  const t = bounce.t
  const px = ray.ox + t * ray.dx
  const py = ray.oy + t * ray.dy
  const pz = ray.oz + t * ray.dz
  normalAt(solid, px, py, pz, normal)
  const footprint = 2 * spread * t
  roundEdges(solid, px, py, pz, footprint, normal, bounce.shading)
  const nx = bounce.shading.r
  const ny = bounce.shading.g
  const nz = bounce.shading.b
  const seen = -(ray.dx * nx + ray.dy * ny + ray.dz * nz)
  let r = solid.r
  let g = solid.g
  let b = solid.b
  const painted = solid.object.decal ? paintAt(solid, px, py, pz, footprint) : 0
  if (painted > 0) {
    paintColour(solid, paint)
    r += (paint.r - r) * painted
    g += (paint.g - g) * painted
    b += (paint.b - b) * painted
  }
  const { sun, ambient, bounce: below } = around
  const facing = nx * around.sunX + ny * around.sunY + nz * around.sunZ
  if (facing > 0) sunlight(stage, px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz, index, light)
  else light.set(0, 0, 0)
  const lamp = pool(around, px, py, pz)
  const open = openness(stage, px, py, pz, nx, ny, nz, index, bleed)
  const upward = 0.5 + 0.5 * ny
  const lit = Math.max(0, around.toon ? banded(facing) : facing) * lamp
  // Light that is scattered back: from the sun, from the sky above, from the ground below and from the sides.
  const above = 0.35 + 0.65 * upward
  const under = (1 - upward) * lamp
  const sideways = nx * around.turnX + nz * around.turnZ
  const toLeft = sideways < 0 ? sideways * sideways : 0
  const toRight = sideways > 0 ? sideways * sideways : 0
  const { left, right } = around
  const dr =
    r * (sun.r * lit * light.r + (below.r * under + ambient.r * above + bleed.r * 0.3 + left.r * toLeft + right.r * toRight) * open)
  const dg =
    g * (sun.g * lit * light.g + (below.g * under + ambient.g * above + bleed.g * 0.3 + left.g * toLeft + right.g * toRight) * open)
  const db =
    b * (sun.b * lit * light.b + (below.b * under + ambient.b * above + bleed.b * 0.3 + left.b * toLeft + right.b * toRight) * open)
  const opaque = painted > 0.5 || depth >= BOUNCES
  const gloss = solid.metal ? 6 : solid.glass ? 8 : 5
  const gleam = highlight(around, ray, nx, ny, nz, gloss) * light.g * lamp * (solid.metal ? 1.5 : solid.glass ? 2.2 : 0.28)
  const shine = around.toon ? smooth(0.2, 0.24, gleam) * 0.7 : gleam
  if (solid.metal && !opaque) {
    const next = bounces[depth + 1] as Bounce
    mirror(next.ray, solid, ray, px, py, pz, nx, ny, nz)
    trace(stage, depth + 1, index, Math.max(spread, 0.04), bounce.behind)
    const rim = schlick(1 - seen)
    const { behind } = bounce
    const fr = tint(r)
    const fg = tint(g)
    const fb = tint(b)
    out.set(
      dr * 0.42 + behind.r * (fr + (1 - fr) * rim) * 0.8 + shine * (0.3 + 0.7 * fr) * sun.r,
      dg * 0.42 + behind.g * (fg + (1 - fg) * rim) * 0.8 + shine * (0.3 + 0.7 * fg) * sun.g,
      db * 0.42 + behind.b * (fb + (1 - fb) * rim) * 0.8 + shine * (0.3 + 0.7 * fb) * sun.b,
    )
  } else if (solid.glass && !opaque) {
    glass(stage, bounce, depth, index, spread, seen, out)
    out.set(out.r + shine * sun.r + dr * HAZE, out.g + shine * sun.g + dg * HAZE, out.b + shine * sun.b + db * HAZE)
  } else out.set(dr + shine * sun.r, dg + shine * sun.g, db + shine * sun.b)
}

/** The ray that a metal face throws back. Faces are a little domed, as cast ones are: an exactly flat mirror looks like paint. */
function mirror(out: Ray, solid: Solid, ray: Ray, px: number, py: number, pz: number, nx: number, ny: number, nz: number): void {
  const dome = 0.16 / solid.size
  let mx = nx + dome * (px - solid.x)
  let my = ny + dome * (py - solid.y)
  let mz = nz + dome * (pz - solid.z)
  const size = Math.sqrt(mx * mx + my * my + mz * mz)
  mx /= size
  my /= size
  mz /= size
  const along = 2 * (ray.dx * mx + ray.dy * my + ray.dz * mz)
  out.set(px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz, ray.dx - along * mx, ray.dy - along * my, ray.dz - along * mz)
}

/** A metal's reflectance from its colour: a little lifted, so that dark colours still mirror. */
const tint = (albedo: number): number => 0.06 + 0.94 * albedo

const schlick = (grazing: number): number => {
  const x = grazing < 0 ? 0 : Math.min(grazing, 1)
  const square = x * x
  return square * square * x
}

/** Blinn's highlight of the sun: the cosine of the half-way angle, squared `gloss` times (a power costs more than the rest of it). */
function highlight(around: Environment, ray: Ray, nx: number, ny: number, nz: number, gloss: number): number {
  const hx = around.sunX - ray.dx
  const hy = around.sunY - ray.dy
  const hz = around.sunZ - ray.dz
  const half = (hx * nx + hy * ny + hz * nz) / Math.sqrt(hx * hx + hy * hy + hz * hz)
  if (half < 0.8) return 0
  let power = half
  for (let i = 0; i < gloss; i++) power *= power
  return power
}

/** Refraction in and out with the tint of the way between, and the mirror image on the surface, by Fresnel's share. */
function glass(stage: Stage, bounce: Bounce, depth: number, index: number, spread: number, seen: number, out: Triple): void {
  const solid = stage.solids[index] as Solid
  const { ray, shading, behind } = bounce
  const next = bounces[depth + 1] as Bounce
  const nx = shading.r
  const ny = shading.g
  const nz = shading.b
  const px = ray.ox + bounce.t * ray.dx
  const py = ray.oy + bounce.t * ray.dy
  const pz = ray.oz + bounce.t * ray.dz
  const share = 0.04 + 0.96 * schlick(1 - seen)
  // Inside: Snell's law towards the denser side, then the far wall.
  const eta = 1 / INDEX
  const bend = eta * seen - Math.sqrt(1 - eta * eta * (1 - seen * seen))
  let dx = eta * ray.dx + bend * nx
  let dy = eta * ray.dy + bend * ny
  let dz = eta * ray.dz + bend * nz
  next.ray.set(px - 1e-3 * nx, py - 1e-3 * ny, pz - 1e-3 * nz, dx, dy, dz)
  let way = 0
  let qx = px
  let qy = py
  let qz = pz
  for (let wall = 0; wall < 2; wall++) {
    if (!intersect(solid, next.ray)) break
    const far = span.far
    way += far
    qx = next.ray.ox + far * dx
    qy = next.ray.oy + far * dy
    qz = next.ray.oz + far * dz
    normalAt(solid, qx, qy, qz, next.normal)
    const { r: mx, g: my, b: mz } = next.normal
    const out2 = dx * mx + dy * my + dz * mz
    const root = 1 - INDEX * INDEX * (1 - out2 * out2)
    if (root >= 0 || wall === 1) {
      // Out again; a ray that would be mirrored a second time goes straight on.
      if (root >= 0) {
        const straighten = Math.sqrt(root) - INDEX * out2
        dx = INDEX * dx + straighten * mx
        dy = INDEX * dy + straighten * my
        dz = INDEX * dz + straighten * mz
      }
      qx += 2e-3 * mx
      qy += 2e-3 * my
      qz += 2e-3 * mz
      break
    }
    dx -= 2 * out2 * mx
    dy -= 2 * out2 * my
    dz -= 2 * out2 * mz
    next.ray.set(qx - 1e-3 * mx, qy - 1e-3 * my, qz - 1e-3 * mz, dx, dy, dz)
  }
  next.ray.set(qx, Math.max(qy, 1e-3), qz, dx, dy, dz)
  trace(stage, depth + 1, solid.kind === TORUS ? -3 : index, Math.max(spread, 0.01), behind)
  // The colour deepens with the way through the glass, but not without end, as Beer's law would have it: purple would turn blue.
  const thick = 0.72 + (0.7 * way) / (way + 0.7)
  let r = behind.r * clear(solid.r) ** thick
  let g = behind.g * clear(solid.g) ** thick
  let b = behind.b * clear(solid.b) ** thick
  if (depth < 2) {
    next.ray.set(px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz, ray.dx + 2 * seen * nx, ray.dy + 2 * seen * ny, ray.dz + 2 * seen * nz)
    trace(stage, depth + 1, index, Math.max(spread, 0.01), behind)
    r += (behind.r - r) * share
    g += (behind.g - g) * share
    b += (behind.b - b) * share
  }
  out.set(r, g, b)
}

/** Light that glass scatters back: a trace, so that its colour shows in front of darkness too. */
const HAZE = 0.2

/** Of window glass. */
const INDEX = 1.5

/** How much of a channel a metre of tinted glass lets through. */
const clear = (albedo: number): number => 0.04 + 0.95 * albedo

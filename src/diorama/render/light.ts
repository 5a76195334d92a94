import { localDistance } from './distance.js'
import type { Environment } from './environment.js'
import { smooth } from './noise.js'
import { Ray, type Solid, SPHERE, TORUS, type Triple, toLocal } from './solid.js'

/** The solids of a scene and what surrounds them. */
export interface Stage {
  readonly solids: readonly Solid[]
  readonly around: Environment
}

const towards = new Ray()
const normal = new Ray()
const local = new Ray()

/**
 * The share of sunlight that reaches a point, per channel: glass lets its own colour through. The sun is a disc, so shadows have
 * soft edges: each solid covers as much of it as the ray's closest approach, in units of the disc's radius there, says. That
 * needs no random rays, so there is no noise. `self` is the solid the point lies on, or −1.
 */
export function sunlight(stage: Stage, px: number, py: number, pz: number, self: number, out: Triple): void {
  const { solids, around } = stage
  out.set(1, 1, 1)
  towards.set(px, py, pz, around.sunX, around.sunY, around.sunZ)
  for (let i = 0; i < solids.length; i++) {
    const solid = solids[i] as Solid
    if (i === self && !solid.hollow) continue
    const cx = solid.x - px
    const cy = solid.y - py
    const cz = solid.z - pz
    const along = cx * towards.dx + cy * towards.dy + cz * towards.dz
    if (along < -solid.bound) continue
    const off = cx * cx + cy * cy + cz * cz - along * along
    const rim = solid.bound + around.width * (along + solid.bound)
    if (off > rim * rim) continue
    const shadow = covered(solid, around.width, along, Math.sqrt(Math.max(0, off)))
    if (shadow <= 0) continue
    if (!solid.glass) {
      const open = 1 - shadow
      out.set(out.r * open, out.g * open, out.b * open)
      continue
    }
    // Light that crosses glass is tinted, and gathered towards the middle of its shadow.
    const focus = smooth(0.9, 0.1, Math.sqrt(Math.max(0, off)) / solid.bound)
    const through = 0.5 + 0.9 * focus * focus
    out.set(
      out.r * (1 - shadow + shadow * through * (0.12 + 0.88 * solid.r)),
      out.g * (1 - shadow + shadow * through * (0.12 + 0.88 * solid.g)),
      out.b * (1 - shadow + shadow * through * (0.12 + 0.88 * solid.b)),
    )
  }
}

const GOLDEN = 0.6180339887498949

/**
 * Share of the sun's disc that a solid covers, seen from `towards`. Along a ray the distance to a convex solid is convex, and so
 * its quotient by the disc's radius has a single valley: golden-section search finds its floor.
 */
function covered(solid: Solid, width: number, along: number, off: number): number {
  if (solid.kind === SPHERE) return penumbra(along > 0 ? (off - solid.size) / (width * along) : 9)
  toLocal(solid, towards, local)
  if (solid.kind === TORUS) return penumbra(throughRing(solid, width, along))
  const { ox, oy, oz, dx, dy, dz } = local
  const { kind, size, bound } = solid
  let from = Math.max(along - bound, 2e-3)
  let to = along + bound
  // The best place so far divides the bracket by the golden section, and so does its mirror image, the next one to look at.
  let best = to - GOLDEN * (to - from)
  let least = Number.POSITIVE_INFINITY
  let t = best
  for (let step = 0; step < 13; step++) {
    const h = localDistance(kind, size, ox + t * dx, oy + t * dy, oz + t * dz)
    const quotient = h / (width * t)
    // Deep inside is dark whatever the exact depth; and a distance falls no faster than the ray runs.
    if (quotient < -1) return 1
    if (h - Math.max(to - t, t - from) > width * to) return 0
    if (quotient < least) {
      if (t < best) to = best
      else if (t > best) from = best
      best = t
      least = quotient
    } else if (t < best) from = t
    else to = t
    t = from + to - best
  }
  return penumbra(least)
}

/** The same quotient for a torus, by walking along the ray: its distance may have two valleys. */
function throughRing(solid: Solid, width: number, along: number): number {
  const { ox, oy, oz, dx, dy, dz } = local
  const end = along + solid.bound
  let t = Math.max(along - solid.bound, 0.03)
  let least = 9
  for (let step = 0; step < 40 && t < end; step++) {
    const h = localDistance(TORUS, solid.size, ox + t * dx, oy + t * dy, oz + t * dz)
    const quotient = h / (width * t)
    if (quotient < least) least = quotient
    if (least < -1) break
    t += Math.max(Math.abs(h) * 0.7, 0.03)
  }
  return least
}

/** Share of a disc covered by an edge at this distance from its middle, in radii: 1 at −1 and below, 0 at 1 and above. */
function penumbra(edge: number): number {
  if (edge >= 1) return 0
  if (edge <= -1) return 1
  return 0.25 * (1 - edge) * (1 - edge) * (2 + edge)
}

/** How far along the normal ambient light is looked for, in metres. */
const NEAR = 0.09
const MIDDLE = 0.28
const REACH = 0.75

/**
 * The share of the sky's light that reaches a point with this normal (left in `open.r`) after three looks along the normal at
 * the distance to every other solid and to the ground, and the colour that close solids throw back (added to `bleed`).
 */
export function openness(
  stage: Stage,
  px: number,
  py: number,
  pz: number,
  nx: number,
  ny: number,
  nz: number,
  self: number,
  bleed: Triple,
): number {
  const { solids } = stage
  let open = 1
  bleed.set(0, 0, 0)
  for (let i = 0; i < solids.length; i++) {
    const solid = solids[i] as Solid
    if (i === self && !solid.hollow) continue
    const cx = solid.x - px
    const cy = solid.y - py
    const cz = solid.z - pz
    const range = solid.bound + REACH
    if (cx * cx + cy * cy + cz * cz > range * range || cx * nx + cy * ny + cz * nz < -solid.bound) continue
    let closed = 0
    normal.set(px, py, pz, nx, ny, nz)
    toLocal(solid, normal, local)
    const { ox, oy, oz, dx, dy, dz } = local
    const { kind, size } = solid
    for (let look = 0; look < 3; look++) {
      const step = look === 0 ? NEAR : look === 1 ? MIDDLE : REACH
      closed += blocked(localDistance(kind, size, ox + step * dx, oy + step * dy, oz + step * dz), step) / 3
    }
    open *= 1 - (solid.glass ? 0.4 : 0.92) * closed
    if (i === self) continue
    const back = 0.4 * closed * (solid.glass ? 0.5 : 1)
    bleed.set(bleed.r + solid.r * back, bleed.g + solid.g * back, bleed.b + solid.b * back)
  }
  if (self >= 0)
    open *=
      1 - 0.55 * (0.3 * blocked(py + NEAR * ny, NEAR) + 0.35 * blocked(py + MIDDLE * ny, MIDDLE) + 0.35 * blocked(py + REACH * ny, REACH))
  return open
}

const blocked = (distance: number, step: number): number => (distance >= step ? 0 : distance <= 0 ? 1 : 1 - distance / step)

import { localDistance } from './distance.js'
import { CONE, CUBE, CYLINDER, PYRAMID, Ray, type Solid, SPHERE, TORUS, type Triple, toLocal } from './solid.js'

/** Where a ray enters and leaves a solid, in metres along it; `near` is negative for a ray that starts inside. */
class Span {
  near = Number.NaN
  far = Number.NaN
}

/** Where the last intersection lies; overwritten by the next one. */
export const span = new Span()
const local = new Ray()

/**
 * Whether a ray of unit direction meets a solid in front of its origin. The answer's place is left in `span`: of a torus only
 * the next wall, that is `near` from outside and `far` from inside; the other one is a mere bound.
 */
export function intersect(solid: Solid, ray: Ray): boolean {
  const cx = solid.x - ray.ox
  const cy = solid.y - ray.oy
  const cz = solid.z - ray.oz
  const along = cx * ray.dx + cy * ray.dy + cz * ray.dz
  const away = cx * cx + cy * cy + cz * cz
  if (away - along * along > solid.bound2 || (along < 0 && away > solid.bound2)) return false
  toLocal(solid, ray, local)
  const kind = solid.kind
  if (kind === CUBE) return cube(solid.size)
  if (kind === SPHERE) return sphere(solid.size)
  if (kind === CYLINDER) return cylinder(solid.size)
  if (kind === CONE) return cone(solid.size)
  if (kind === PYRAMID) return pyramid(solid.size)
  return torus(solid.size)
}

function keep(near: number, far: number): boolean {
  span.near = near
  span.far = far
  return near < far && far > 0
}

/** Between two parallel planes a distance r from the origin; a ray that runs along them divides by zero into ±infinity. */
function cube(r: number): boolean {
  const ix = 1 / local.dx
  const iy = 1 / local.dy
  const iz = 1 / local.dz
  const x = -local.ox * ix
  const y = -local.oy * iy
  const z = -local.oz * iz
  const wx = r * Math.abs(ix)
  const wy = r * Math.abs(iy)
  const wz = r * Math.abs(iz)
  return keep(Math.max(x - wx, y - wy, z - wz), Math.min(x + wx, y + wy, z + wz))
}

function sphere(r: number): boolean {
  const b = local.ox * local.dx + local.oy * local.dy + local.oz * local.dz
  const c = local.ox * local.ox + local.oy * local.oy + local.oz * local.oz - r * r
  const root = b * b - c
  if (root < 0) return false
  const s = Math.sqrt(root)
  return keep(-b - s, -b + s)
}

function cylinder(r: number): boolean {
  const { ox, oy, oz, dx, dy, dz } = local
  const a = dx * dx + dz * dz
  let near = Number.NEGATIVE_INFINITY
  let far = Number.POSITIVE_INFINITY
  if (a > 1e-18) {
    const b = ox * dx + oz * dz
    const root = b * b - a * (ox * ox + oz * oz - r * r)
    if (root < 0) return false
    const s = Math.sqrt(root)
    near = (-b - s) / a
    far = (-b + s) / a
  } else if (ox * ox + oz * oz > r * r) return false
  const iy = 1 / dy
  const middle = -oy * iy
  const half = r * Math.abs(iy)
  return keep(Math.max(near, middle - half), Math.min(far, middle + half))
}

/** The double cone 4 (x² + z²) = (y − r)², cut to the half below its apex and above its base. */
function cone(r: number): boolean {
  const { ox, oy, oz, dx, dy, dz } = local
  const top = oy - r
  const a = 4 * (dx * dx + dz * dz) - dy * dy
  const b = 4 * (ox * dx + oz * dz) - top * dy
  const c = 4 * (ox * ox + oz * oz) - top * top
  // The slab that holds the cone: −r ≤ y ≤ r.
  const iy = 1 / dy
  const low = Math.min((-r - oy) * iy, (r - oy) * iy)
  const high = Math.max((-r - oy) * iy, (r - oy) * iy)
  const root = b * b - a * c
  if (Math.abs(a) < 1e-12) {
    const t = -c / (2 * b)
    return b > 0 ? keep(low, Math.min(high, t)) : keep(Math.max(low, t), high)
  }
  if (root < 0) return a < 0 ? keep(low, high) : false
  const s = Math.sqrt(root)
  const first = Math.min((-b - s) / a, (-b + s) / a)
  const second = Math.max((-b - s) / a, (-b + s) / a)
  if (a > 0) return keep(Math.max(low, first), Math.min(high, second))
  // A steep ray is inside the lower half of the double cone either up to the first crossing or from the second one on.
  return dy > 0 ? keep(low, Math.min(high, first)) : keep(Math.max(low, second), high)
}

/** Between five planes: the base, and four sides that rise by 2 for each 1 inwards. */
function pyramid(r: number): boolean {
  const { ox, oy, oz, dx, dy, dz } = local
  let near = Number.NEGATIVE_INFINITY
  let far = Number.POSITIVE_INFINITY
  for (let side = 0; side < 5; side++) {
    // Distance to the plane and its change along the ray, both times √5 for the sides; inside is negative.
    const height = side === 0 ? -oy - r : oy - r + 2 * (side === 1 ? ox : side === 2 ? -ox : side === 3 ? oz : -oz)
    const slope = side === 0 ? -dy : dy + 2 * (side === 1 ? dx : side === 2 ? -dx : side === 3 ? dz : -dz)
    if (slope === 0) {
      if (height > 0) return false
    } else {
      const t = -height / slope
      if (slope < 0) near = Math.max(near, t)
      else far = Math.min(far, t)
    }
  }
  return keep(near, far)
}

/**
 * Sphere tracing with the exact distance to the ring, between the planes and the cylinder that hold it, and Newton's method at
 * the end: as exact as the quartic's roots and safe near its double ones.
 */
function torus(r: number): boolean {
  const { ox, oy, oz, dx, dy, dz } = local
  const tube = 0.3 * r
  const b = ox * dx + oz * dz
  const a = dx * dx + dz * dz
  const root = b * b - a * (ox * ox + oz * oz - r * r)
  if (root < 0) return false
  const s = Math.sqrt(root)
  const iy = 1 / dy
  const middle = -oy * iy
  const half = tube * Math.abs(iy)
  const enter = Math.max((-b - s) / a, middle - half, 0)
  const exit = Math.min((-b + s) / a, middle + half)
  if (localDistance(TORUS, r, ox, oy, oz) < 0) return keep(Number.NEGATIVE_INFINITY, march(r, 0, exit, -1))
  const near = enter < exit ? march(r, enter, exit, 1) : Number.POSITIVE_INFINITY
  return near < exit && keep(near, exit)
}

/**
 * The first place from `start` on where the distance to the torus, times `sign`, falls to zero; infinity if that is beyond `end`.
 * Where the ray runs steeply into a close wall, Newton's method ends the walk.
 */
function march(r: number, start: number, end: number, sign: number): number {
  const { ox, oy, oz, dx, dy, dz } = local
  const major = 0.7 * r
  const tube = 0.3 * r
  let t = start
  for (let step = 0; step < 80; step++) {
    const x = ox + t * dx
    const y = oy + t * dy
    const z = oz + t * dz
    const flat = Math.sqrt(x * x + z * z)
    const out = flat - major
    const ring = Math.sqrt(out * out + y * y)
    const h = sign * (ring - tube)
    if (Math.abs(h) < 1e-6 * r) return t
    const slope = sign * ((out * (x * dx + z * dz)) / flat + y * dy)
    // Far from the wall, or nearly along it, only the distance itself is a safe step. Newton's may go too far, and comes back.
    if (Math.abs(h) < 0.06 * r && slope < -0.3 * ring) t -= (h * ring) / slope
    else if (h < 0) return t
    else t += Math.max(h, 1e-5 * r)
    if (t > end) return sign > 0 ? Number.POSITIVE_INFINITY : end
  }
  return t
}

/** The outward unit normal at a point on a solid's surface: of the world's point p, in the world's axes. */
export function normalAt(solid: Solid, px: number, py: number, pz: number, out: Triple): void {
  const r = solid.size
  const wx = px - solid.x
  const wy = py - solid.y
  const wz = pz - solid.z
  const x = solid.xx * wx + solid.xy * wy + solid.xz * wz
  const y = solid.yx * wx + solid.yy * wy + solid.yz * wz
  const z = solid.zx * wx + solid.zy * wy + solid.zz * wz
  const kind = solid.kind
  let nx = x
  let ny = y
  let nz = z
  if (kind === CUBE) {
    const ax = Math.abs(x)
    const ay = Math.abs(y)
    const az = Math.abs(z)
    nx = ax >= ay && ax >= az ? x : 0
    ny = nx === 0 && ay >= az ? y : 0
    nz = nx === 0 && ny === 0 ? z : 0
  } else if (kind === CYLINDER) {
    if (Math.abs(y) > Math.sqrt(x * x + z * z)) nx = nz = 0
    else ny = 0
  } else if (kind === CONE || kind === PYRAMID) {
    const flat = kind === CONE ? Math.sqrt(x * x + z * z) : Math.max(Math.abs(x), Math.abs(z))
    if (-y - r > (2 * flat + y - r) / Math.sqrt(5)) {
      nx = nz = 0
      ny = -1
    } else {
      // Sides lean back: one up for each two out.
      ny = flat / 2
      if (kind === PYRAMID && Math.abs(x) >= Math.abs(z)) nz = 0
      else if (kind === PYRAMID) nx = 0
    }
  } else if (kind === TORUS) {
    const ring = 1 - (0.7 * r) / Math.sqrt(x * x + z * z)
    nx = x * ring
    nz = z * ring
  }
  const size = Math.sqrt(nx * nx + ny * ny + nz * nz)
  if (size > 0) {
    nx /= size
    ny /= size
    nz /= size
  } else ny = 1
  out.r = solid.xx * nx + solid.yx * ny + solid.zx * nz
  out.g = solid.xy * nx + solid.yy * ny + solid.zy * nz
  out.b = solid.xz * nx + solid.yz * ny + solid.zz * nz
}

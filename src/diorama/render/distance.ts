import { CONE, CUBE, CYLINDER, PYRAMID, SPHERE } from './solid.js'

const SQRT5 = Math.sqrt(5)

/**
 * Signed distance in metres from a point in a solid's own axes to its surface, negative inside. Exact for cube, sphere,
 * cylinder and torus; for cone and pyramid the largest of their planes' distances, which never exceeds the true one.
 */
export function localDistance(kind: number, r: number, x: number, y: number, z: number): number {
  if (kind === CUBE) return cube(Math.abs(x) - r, Math.abs(y) - r, Math.abs(z) - r)
  if (kind === PYRAMID) return Math.max((2 * Math.max(Math.abs(x), Math.abs(z)) + y - r) / SQRT5, -y - r)
  if (kind === SPHERE) return Math.sqrt(x * x + y * y + z * z) - r
  const flat = Math.sqrt(x * x + z * z)
  if (kind === CONE) return Math.max((2 * flat + y - r) / SQRT5, -y - r)
  if (kind === CYLINDER) return corner(flat - r, Math.abs(y) - r)
  const ring = flat - 0.7 * r
  return Math.sqrt(ring * ring + y * y) - 0.3 * r
}

/** Distance to a corner of two planes from the distances to each. */
const corner = (x: number, y: number): number => (x <= 0 || y <= 0 ? Math.max(x, y) : Math.sqrt(x * x + y * y))

/** Distance to a corner of three planes from the distances to each. */
function cube(x: number, y: number, z: number): number {
  const largest = Math.max(x, y, z)
  if (largest <= 0) return largest
  const ax = Math.max(x, 0)
  const ay = Math.max(y, 0)
  const az = Math.max(z, 0)
  return Math.sqrt(ax * ax + ay * ay + az * az)
}

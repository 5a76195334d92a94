import { CONE, CUBE, CYLINDER, PYRAMID, type Solid, SPHERE } from './solid.js'

const SQRT5 = Math.sqrt(5)

/**
 * Signed distance in metres from a point in a solid's own axes to its surface, negative inside. Exact for cube, sphere,
 * cylinder and torus; for cone and pyramid the largest of their planes' distances, which never exceeds the true one.
 */
export function localDistance(kind: number, r: number, x: number, y: number, z: number): number {
  if (kind === SPHERE) return Math.sqrt(x * x + y * y + z * z) - r
  if (kind === CUBE) {
    const qx = Math.abs(x) - r
    const qy = Math.abs(y) - r
    const qz = Math.abs(z) - r
    if (qx <= 0 && qy <= 0 && qz <= 0) return qx > qy ? Math.max(qx, qz) : Math.max(qy, qz)
    const ax = Math.max(qx, 0)
    const ay = Math.max(qy, 0)
    const az = Math.max(qz, 0)
    return Math.sqrt(ax * ax + ay * ay + az * az)
  }
  if (kind === CYLINDER) {
    const qx = Math.sqrt(x * x + z * z) - r
    const qy = Math.abs(y) - r
    if (qx <= 0 || qy <= 0) return Math.max(qx, qy)
    return Math.sqrt(qx * qx + qy * qy)
  }
  if (kind === CONE) {
    const slope = (2 * Math.sqrt(x * x + z * z) + y - r) / SQRT5
    const bottom = -y - r
    return Math.max(slope, bottom)
  }
  if (kind === PYRAMID) {
    const ax = Math.abs(x)
    const az = Math.abs(z)
    const slope = (2 * Math.max(ax, az) + y - r) / SQRT5
    const bottom = -y - r
    return Math.max(slope, bottom)
  }
  const ring = Math.sqrt(x * x + z * z) - 0.7 * r
  return Math.sqrt(ring * ring + y * y) - 0.3 * r
}

/** The same for a point in the world. */
export function distanceTo(solid: Solid, px: number, py: number, pz: number): number {
  const x = px - solid.x
  const y = py - solid.y
  const z = pz - solid.z
  return localDistance(
    solid.kind,
    solid.size,
    solid.xx * x + solid.xy * y + solid.xz * z,
    solid.yx * x + solid.yy * y + solid.yz * z,
    solid.zx * x + solid.zy * y + solid.zz * z,
  )
}

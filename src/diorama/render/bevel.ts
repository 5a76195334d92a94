import { smooth } from './noise.js'
import { CONE, CUBE, CYLINDER, type Solid, SPHERE, TORUS, type Triple } from './solid.js'

/** Width of a rounded edge, as a share of the object's radius. */
const WIDTH = 0.07
const SQRT5 = Math.sqrt(5)
/** Of a cone's or pyramid's side: two out, one up. */
const OUT = 2 / SQRT5
const UP = 1 / SQRT5

/**
 * The normal for shading at the point p of a solid with the geometric normal `flat`. No real edge is infinitely sharp: near an
 * edge the normals of the faces that meet there are mixed, so that it catches the light. The silhouette stays as it is. Where a
 * pixel (`footprint` metres) is wider than the edge, the edge is left out.
 */
export function roundEdges(solid: Solid, px: number, py: number, pz: number, footprint: number, flat: Triple, out: Triple): void {
  out.set(flat.r, flat.g, flat.b)
  const { kind, size: r } = solid
  if (kind === SPHERE || kind === TORUS) return
  const width = WIDTH * r
  if (footprint > width) return
  const wx = px - solid.x
  const wy = py - solid.y
  const wz = pz - solid.z
  const x = solid.xx * wx + solid.xy * wy + solid.xz * wz
  const y = solid.yx * wx + solid.yy * wy + solid.yz * wz
  const z = solid.zx * wx + solid.zy * wy + solid.zz * wz
  // Each face counts by how close the point is to its plane.
  let nx = 0
  let ny = 0
  let nz = 0
  if (kind === CUBE) {
    nx = Math.sign(x) * smooth(r - width, r, Math.abs(x))
    ny = Math.sign(y) * smooth(r - width, r, Math.abs(y))
    nz = Math.sign(z) * smooth(r - width, r, Math.abs(z))
  } else if (kind === CYLINDER) {
    const flatRadius = Math.sqrt(x * x + z * z)
    const side = smooth(r - width, r, flatRadius) / Math.max(flatRadius, 1e-9)
    nx = x * side
    ny = Math.sign(y) * smooth(r - width, r, Math.abs(y))
    nz = z * side
  } else if (kind === CONE) {
    const flatRadius = Math.max(Math.sqrt(x * x + z * z), 1e-9)
    const side = smooth(-width, 0, (2 * flatRadius + y - r) / SQRT5)
    nx = (OUT * side * x) / flatRadius
    ny = UP * side - smooth(-width, 0, -y - r)
    nz = (OUT * side * z) / flatRadius
  } else {
    const top = (y - r) / SQRT5
    const right = smooth(-width, 0, OUT * x + top)
    const left = smooth(-width, 0, -OUT * x + top)
    const front = smooth(-width, 0, OUT * z + top)
    const back = smooth(-width, 0, -OUT * z + top)
    nx = OUT * (right - left)
    ny = UP * (right + left + front + back) - smooth(-width, 0, -y - r)
    nz = OUT * (front - back)
  }
  const size = Math.sqrt(nx * nx + ny * ny + nz * nz)
  if (size < 1e-6) return
  nx /= size
  ny /= size
  nz /= size
  out.set(
    solid.xx * nx + solid.yx * ny + solid.zx * nz,
    solid.xy * nx + solid.yy * ny + solid.zy * nz,
    solid.xz * nx + solid.yz * ny + solid.zz * nz,
  )
}

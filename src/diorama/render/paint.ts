import { type Artwork, artworkOf, decalDistance } from '../decals.js'
import { lightColours } from '../palette.js'
import { smooth } from './noise.js'
import { CUBE, CYLINDER, type Solid, SPHERE, TORUS, type Triple } from './solid.js'

/** Half the width and half the height that a decal may take, for an object of radius 1; and how high on the object its middle is. */
const rooms: readonly (readonly [width: number, height: number, middle: number])[] = [
  [0.78, 0.6, 0],
  [0.66, 0.5, 0.05],
  [0.75, 0.55, 0],
  [0.4, 0.32, -0.5],
  [0.55, 0.17, 0],
  [0.46, 0.36, -0.48],
]

const artworks = new WeakMap<object, Artwork>()

/** Share of paint in place of the object's colour at the point p of the world, for a pixel of this width there; 0 beside the decal. */
export function paintAt(solid: Solid, px: number, py: number, pz: number, footprint: number): number {
  const { decal } = solid.object
  if (!decal) return 0
  const wx = px - solid.x
  const wy = py - solid.y
  const wz = pz - solid.z
  const r = solid.size
  const z = (solid.zx * wx + solid.zy * wy + solid.zz * wz) / r
  if (z <= 0) return 0
  const x = (solid.xx * wx + solid.xy * wy + solid.xz * wz) / r
  const y = (solid.yx * wx + solid.yy * wy + solid.yz * wz) / r
  let artwork = artworks.get(decal)
  if (!artwork) {
    artwork = artworkOf(decal)
    artworks.set(decal, artwork)
  }
  const [width, height, middle] = rooms[solid.kind] as (typeof rooms)[number]
  const scale = Math.min(width / artwork.halfWidth, height / artwork.halfHeight)
  // The front as a plane: as it is for a cube, from the front for ball, pyramid and cone, unrolled for cylinder and ring.
  let u = x
  let v = y - middle
  if (solid.kind === CUBE) {
    if (z < 0.999) return 0
  } else if (solid.kind === CYLINDER) {
    if (Math.abs(y) > 0.999) return 0
    u = Math.atan2(x, z)
  } else if (solid.kind === TORUS) {
    u = Math.atan2(x, z)
    v = Math.atan2(y, Math.sqrt(x * x + z * z) - 0.7) * 0.3
    if (Math.abs(v) > 0.4) return 0
  } else if (solid.kind !== SPHERE) {
    if (y < -0.999 || z < Math.abs(x)) return 0
    v *= Math.sqrt(5) / 2
  }
  if (Math.abs(u) > width * 1.1 || Math.abs(v) > height * 1.1) return 0
  const half = Math.max(footprint / r / scale, 1e-3) * 0.6
  return smooth(half, -half, decalDistance(artwork, u / scale, v / scale))
}

/** The colour of the paint on an object: what stands out from its own. */
export function paintColour(solid: Solid, out: Triple): void {
  if (lightColours.has(solid.object.colour)) out.set(0.02, 0.02, 0.025)
  else out.set(0.88, 0.88, 0.86)
}

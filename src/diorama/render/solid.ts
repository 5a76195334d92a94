import { axesOf, boundingFactor } from '../geometry.js'
import { albedo } from '../palette.js'
import { radius, type SceneObject, shapes } from '../scene.js'

/** Shapes as small numbers, so that the inner loops switch on integers. */
export const CUBE = shapes.indexOf('cube')
export const SPHERE = shapes.indexOf('sphere')
export const CYLINDER = shapes.indexOf('cylinder')
export const CONE = shapes.indexOf('cone')
export const TORUS = shapes.indexOf('torus')
export const PYRAMID = shapes.indexOf('pyramid')

/** A ray or a point with a direction, in metres; the inner loops read it in place, so that no call has to box its numbers. */
export class Ray {
  ox = Number.NaN
  oy = Number.NaN
  oz = Number.NaN
  dx = Number.NaN
  dy = Number.NaN
  dz = Number.NaN

  set(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): void {
    this.ox = ox
    this.oy = oy
    this.oz = oz
    this.dx = dx
    this.dy = dy
    this.dz = dz
  }
}

/** A colour, or any three numbers, written in place. */
export class Triple {
  constructor(
    public r = Number.NaN,
    public g = Number.NaN,
    public b = Number.NaN,
  ) {}

  set(r: number, g: number, b: number): void {
    this.r = r
    this.g = g
    this.b = b
  }
}

/** A scene's object as the tracer reads it: flat numbers, world metres, linear colours. */
export class Solid {
  readonly kind: number
  readonly size: number
  /** Radius of the bounding sphere, and its square. */
  readonly bound: number
  readonly bound2: number
  readonly x: number
  readonly y: number
  readonly z: number
  /** Rows of the turn from the world into the upright pose. */
  readonly xx: number
  readonly xy: number
  readonly xz: number
  readonly yx: number
  readonly yy: number
  readonly yz: number
  readonly zx: number
  readonly zy: number
  readonly zz: number
  readonly r: number
  readonly g: number
  readonly b: number
  readonly metal: boolean
  readonly glass: boolean
  /** Only the torus can stand in its own light. */
  readonly hollow: boolean

  constructor(readonly object: SceneObject) {
    const [ex, ey, ez] = axesOf(object.rotation)
    const colour = albedo[object.colour]
    this.kind = shapes.indexOf(object.shape)
    this.size = radius(object)
    this.bound = this.size * boundingFactor[object.shape]
    this.bound2 = this.bound * this.bound
    ;[this.x, this.y, this.z] = object.position
    ;[this.xx, this.xy, this.xz] = ex
    ;[this.yx, this.yy, this.yz] = ey
    ;[this.zx, this.zy, this.zz] = ez
    ;[this.r, this.g, this.b] = colour
    this.metal = object.material === 'metal'
    this.glass = object.material === 'glass'
    this.hollow = object.shape === 'torus'
  }
}

/** Takes a ray into a solid's upright pose, with the solid's centre as the origin. Lengths stay as they are. */
export function toLocal(solid: Solid, ray: Ray, out: Ray): void {
  const x = ray.ox - solid.x
  const y = ray.oy - solid.y
  const z = ray.oz - solid.z
  out.ox = solid.xx * x + solid.xy * y + solid.xz * z
  out.oy = solid.yx * x + solid.yy * y + solid.yz * z
  out.oz = solid.zx * x + solid.zy * y + solid.zz * z
  out.dx = solid.xx * ray.dx + solid.xy * ray.dy + solid.xz * ray.dz
  out.dy = solid.yx * ray.dx + solid.yy * ray.dy + solid.yz * ray.dz
  out.dz = solid.zx * ray.dx + solid.zy * ray.dy + solid.zz * ray.dz
}

import { add, cross, dot, scale, subtract } from './geometry.js'
import type { Camera, Vector } from './scene.js'

/** A camera's place and its unit axes in the world; `forward` is the line of sight. */
export interface View {
  readonly eye: Vector
  readonly right: Vector
  readonly up: Vector
  readonly forward: Vector
}

export function viewOf({ azimuth, elevation, distance, target }: Camera): View {
  const towards: Vector = [Math.sin(azimuth) * Math.cos(elevation), Math.sin(elevation), Math.cos(azimuth) * Math.cos(elevation)]
  const forward = scale(towards, -1)
  const right = rightOf({ azimuth })
  return { eye: add(target, scale(towards, distance)), right, up: cross(right, forward), forward }
}

/** Along the ground to the viewer's right. */
export const rightOf = ({ azimuth }: Pick<Camera, 'azimuth'>): Vector => [Math.cos(azimuth), 0, -Math.sin(azimuth)]

/** Along the ground towards the viewer. */
export const towardsViewer = ({ azimuth }: Pick<Camera, 'azimuth'>): Vector => [Math.sin(azimuth), 0, Math.cos(azimuth)]

/** Pixels per unit of slope: a ray that leaves the axis by a slope of 1 meets the picture this far from its middle. */
export const focalLength = ({ fieldOfView }: Pick<Camera, 'fieldOfView'>, height: number): number => height / 2 / Math.tan(fieldOfView / 2)

/** A point in a picture, in pixels from the upper left corner (the first pixel's centre is 0.5, 0.5). */
export interface Projected {
  readonly x: number
  readonly y: number
  /** Metres along the line of sight; points at or behind the eye have a depth that is not positive, and no place. */
  readonly depth: number
}

/** The function that projects world points into pictures of one camera and size. */
export function projector(camera: Camera, { width, height }: { width: number; height: number }): (point: Vector) => Projected {
  const { eye, right, up, forward } = viewOf(camera)
  const focal = focalLength(camera, height)
  return (point) => {
    const from = subtract(point, eye)
    const depth = dot(from, forward)
    const gain = focal / depth
    return { x: width / 2 + dot(from, right) * gain, y: height / 2 - dot(from, up) * gain, depth }
  }
}

/** Where one world point lies in a picture. */
export const project = (camera: Camera, point: Vector, size: { width: number; height: number }): Projected => projector(camera, size)(point)

/** A world point in the camera's axes, metres: to the right, up, and along the line of sight. */
export function inView(camera: Camera, point: Vector): { readonly right: number; readonly up: number; readonly depth: number } {
  const { eye, right, up, forward } = viewOf(camera)
  const from = subtract(point, eye)
  return { right: dot(from, right), up: dot(from, up), depth: dot(from, forward) }
}

/** World to camera (x right, y up, z backwards), 4×4, column by column as in glTF and WebGL. */
export function viewMatrix(camera: Camera): number[] {
  const { eye, right, up, forward } = viewOf(camera)
  const back = scale(forward, -1)
  const columns = [0, 1, 2].flatMap((i) => [right[i] as number, up[i] as number, back[i] as number, 0])
  return [...columns, -dot(right, eye), -dot(up, eye), -dot(back, eye), 1]
}

/** Camera to clip space, 4×4, column by column; `aspect` is width over height, the planes are in metres. */
export function projectionMatrix({ fieldOfView }: Camera, aspect: number, near = 0.1, far = 1000): number[] {
  const f = 1 / Math.tan(fieldOfView / 2)
  return [f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0]
}

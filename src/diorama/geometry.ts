import { type Quaternion, radius, type SceneObject, type Shape, type Vector } from './scene.js'

export const add = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by]
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
export const length = (a: Vector): number => Math.hypot(a[0], a[1], a[2])
export const normalise = (a: Vector): Vector => scale(a, 1 / length(a))

/** No rotation: the upright pose. */
export const upright: Quaternion = [0, 0, 0, 1]

/** A turn of `angle` radians about a unit axis, counter-clockwise seen from its tip. */
export function turn([x, y, z]: Vector, angle: number): Quaternion {
  const s = Math.sin(angle / 2)
  return [x * s, y * s, z * s, Math.cos(angle / 2)]
}

/** A turn about the vertical: positive angles move the front face from +z towards +x. */
export const yaw = (angle: number): Quaternion => turn([0, 1, 0], angle)

/** First `b`, then `a`. */
export function compose(a: Quaternion, b: Quaternion): Quaternion {
  const [ax, ay, az, aw] = a
  const [bx, by, bz, bw] = b
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ]
}

/** The local axes of a rotated object as world vectors: where x, y and z of the upright pose have gone. */
export function axesOf([x, y, z, w]: Quaternion): readonly [x: Vector, y: Vector, z: Vector] {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
    [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
    [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
  ]
}

export function rotate(rotation: Quaternion, [x, y, z]: Vector): Vector {
  const [ex, ey, ez] = axesOf(rotation)
  return add(add(scale(ex, x), scale(ey, y)), scale(ez, z))
}

/** Radius of the smallest sphere about an object's position that holds all of it, for an object of radius 1. */
export const boundingFactor: Readonly<Record<Shape, number>> = {
  cube: Math.sqrt(3),
  sphere: 1,
  cylinder: Math.SQRT2,
  cone: Math.SQRT2,
  torus: 1,
  pyramid: Math.sqrt(3),
}

/** How far an object reaches from its position along a unit direction, in metres (its support function). */
export function reach(object: Pick<SceneObject, 'shape' | 'size' | 'rotation'>, direction: Vector): number {
  const r = radius(object)
  const [ex, ey, ez] = axesOf(object.rotation)
  const [x, y, z] = [dot(direction, ex), dot(direction, ey), dot(direction, ez)]
  const flat = Math.hypot(x, z)
  switch (object.shape) {
    case 'cube':
      return r * (Math.abs(x) + Math.abs(y) + Math.abs(z))
    case 'sphere':
      return r
    case 'cylinder':
      return r * (flat + Math.abs(y))
    case 'cone':
      return r * Math.max(y, flat - y)
    case 'torus':
      return r * (0.7 * flat + 0.3)
    case 'pyramid':
      return r * Math.max(y, Math.abs(x) + Math.abs(z) - y)
  }
}

/** Heights of an object's lowest and highest points above the ground, in metres. */
export function heights(object: SceneObject): { readonly bottom: number; readonly top: number } {
  const y = object.position[1]
  return { bottom: y - reach(object, [0, -1, 0]), top: y + reach(object, [0, 1, 0]) }
}

/** Points on an object whose hull is close to the object itself; for framing and screen boxes. World metres. */
export function outline(object: SceneObject): Vector[] {
  const r = radius(object)
  const ring = (rr: number, y: number, n = 12): Vector[] =>
    Array.from({ length: n }, (_, i) => [rr * Math.cos((2 * Math.PI * i) / n), y, rr * Math.sin((2 * Math.PI * i) / n)])
  const square = (y: number): Vector[] => [
    [-r, y, -r],
    [r, y, -r],
    [r, y, r],
    [-r, y, r],
  ]
  const points: Record<Shape, () => Vector[]> = {
    cube: () => [...square(-r), ...square(r)],
    sphere: () => [[0, r, 0], [0, -r, 0], ...ring(r, 0), ...ring(0.75 * r, 0.66 * r), ...ring(0.75 * r, -0.66 * r)],
    cylinder: () => [...ring(r, -r), ...ring(r, r)],
    cone: () => [...ring(r, -r), [0, r, 0]],
    torus: () => [...ring(r, 0), ...ring(0.7 * r, 0.3 * r), ...ring(0.7 * r, -0.3 * r)],
    pyramid: () => [...square(-r), [0, r, 0]],
  }
  return points[object.shape]().map((point) => add(object.position, rotate(object.rotation, point)))
}

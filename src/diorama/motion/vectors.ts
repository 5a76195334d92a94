import { length, scale } from '../geometry.js'
import type { Vector } from '../scene.js'

export const up: Vector = [0, 1, 0]

/** `a + factor · b` */
export const along = (a: Vector, b: Vector, factor: number): Vector => [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]

export const distanceBetween = (a: Vector, b: Vector): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])

/** The part of a vector along the ground, at length 1; undefined for a vertical one. */
export function heading([x, , z]: Vector): Vector | undefined {
  const size = length([x, 0, z])
  return size > 1e-9 ? scale([x, 0, z], 1 / size) : undefined
}

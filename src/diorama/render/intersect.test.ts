import { describe, expect, it } from 'vitest'
import { key } from '../../graph/random/index.js'
import { add, normalise, scale, turn } from '../geometry.js'
import { Draw } from '../random.js'
import { type SceneObject, shapes, type Vector } from '../scene.js'
import { localDistance } from './distance.js'
import { intersect, normalAt, span } from './intersect.js'
import { Ray, Solid, Triple, toLocal } from './solid.js'

/** Signed distance from a point of the world to a solid. */
function distanceTo(solid: Solid, x: number, y: number, z: number): number {
  const point = new Ray()
  point.set(x, y, z, 0, 0, 1)
  toLocal(solid, point, point)
  return localDistance(solid.kind, solid.size, point.ox, point.oy, point.oz)
}

const draw = new Draw(key(11))
const vector = (name: string, size: number): Vector => [
  draw.uniform(`${name} x`, -size, size),
  draw.uniform(`${name} y`, -size, size),
  draw.uniform(`${name} z`, -size, size),
]

function tumbled(shape: SceneObject['shape'], i: number): Solid {
  return new Solid({
    shape,
    size: i % 2 ? 'small' : 'large',
    colour: 'red',
    material: 'matte',
    position: vector(`position ${i}`, 0.5),
    // Every fourth one stands upright, with rays that may run exactly along its faces.
    rotation: turn(normalise(add(vector(`axis ${i}`, 1), [0, 0.01, 0])), i % 4 === 0 ? 0 : draw.uniform(`angle ${i}`, -3, 3)),
  })
}

/** The lowest distance to the solid along a ray up to `end`, by small steps. */
function closest(solid: Solid, origin: Vector, direction: Vector, end: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let t = 0; t < end; t += 0.004) least = Math.min(least, distanceTo(solid, ...add(origin, scale(direction, t))))
  return least
}

const ray = new Ray()
const normal = new Triple()

describe.each(shapes)('intersect() with a %s', (shape) => {
  const cases = Array.from({ length: 120 }, (_, i) => {
    const solid = tumbled(shape, i)
    const origin = scale(normalise(add(vector(`origin ${i}`, 1), [0.01, 0, 0])), 4)
    const target = add([solid.x, solid.y, solid.z], vector(`target ${i}`, 0.8))
    return { solid, origin, direction: normalise(add(target, scale(origin, -1))) }
  })

  it('hits and misses as a walk along the ray does, and stops at the surface', () => {
    let hits = 0
    for (const { solid, origin, direction } of cases) {
      ray.set(...origin, ...direction)
      const hit = intersect(solid, ray) && span.near > 0
      const least = closest(solid, origin, direction, hit ? span.near - 0.01 : 8)
      if (!hit) {
        expect(least).toBeGreaterThan(-0.004)
        continue
      }
      hits++
      expect(least).toBeGreaterThan(-1e-3)
      expect(Math.abs(distanceTo(solid, ...add(origin, scale(direction, span.near))))).toBeLessThan(2e-4)
      if (shape !== 'torus') expect(Math.abs(distanceTo(solid, ...add(origin, scale(direction, span.far))))).toBeLessThan(2e-3)
    }
    expect(hits).toBeGreaterThan(20)
  })

  it('finds the way out from inside', () => {
    for (const { solid, direction } of cases) {
      // A point that is inside every shape but the torus is its middle; inside the torus lies its ring.
      const inside: Vector =
        shape === 'torus'
          ? [solid.x + 0.7 * solid.size * solid.xx, solid.y + 0.7 * solid.size * solid.xy, solid.z + 0.7 * solid.size * solid.xz]
          : [solid.x, solid.y, solid.z]
      ray.set(...inside, ...direction)
      expect(intersect(solid, ray)).toBe(true)
      expect(span.near).toBeLessThanOrEqual(0)
      expect(Math.abs(distanceTo(solid, ...add(inside, scale(direction, span.far))))).toBeLessThan(2e-3)
    }
  })

  it('gives unit normals that face the ray and point up the slope of the distance', () => {
    for (const { solid, origin, direction } of cases) {
      ray.set(...origin, ...direction)
      if (!intersect(solid, ray) || span.near < 0) continue
      const [x, y, z] = add(origin, scale(direction, span.near))
      normalAt(solid, x, y, z, normal)
      expect(Math.hypot(normal.r, normal.g, normal.b)).toBeCloseTo(1, 6)
      const facing = normal.r * direction[0] + normal.g * direction[1] + normal.b * direction[2]
      expect(facing).toBeLessThan(0.02)
      // Just outside the surface the distance grows as fast as the way along the normal.
      const h = 1e-3
      expect(distanceTo(solid, x + h * normal.r, y + h * normal.g, z + h * normal.b)).toBeGreaterThan(0.6 * h)
    }
  })

  it('ignores what lies behind the ray', () => {
    for (const { solid, origin, direction } of cases) {
      ray.set(...origin, ...scale(direction, -1))
      expect(intersect(solid, ray)).toBe(false)
    }
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  axesOf,
  boundingFactor,
  compose,
  cross,
  dot,
  heights,
  length,
  normalise,
  outline,
  reach,
  rotate,
  turn,
  upright,
  yaw,
} from './geometry.js'
import { halfHeight, type Quaternion, radius, type SceneObject, shapes, type Vector } from './scene.js'

const rotations = fc
  .tuple(
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -3, max: 3, noNaN: true }),
  )
  .map(([x, z, angle]): Quaternion => turn(normalise([x, 1, z]), angle))

const object = (shape: SceneObject['shape'], rotation = upright): SceneObject => ({
  shape,
  colour: 'red',
  size: 'large',
  material: 'matte',
  position: [1, 2, 3],
  rotation,
})

const close = (a: Vector, b: Vector) => a.every((value, i) => Math.abs(value - (b[i] as number)) < 1e-9)

describe('turn() and yaw()', () => {
  it('moves the front face from +z to +x in a quarter turn', () => {
    expect(close(rotate(yaw(Math.PI / 2), [0, 0, 1]), [1, 0, 0])).toBe(true)
    expect(close(rotate(turn([1, 0, 0], Math.PI / 2), [0, 1, 0]), [0, 0, 1])).toBe(true)
  })
})

describe('axesOf()', () => {
  it('gives right-handed unit axes', () => {
    fc.assert(
      fc.property(rotations, (rotation) => {
        const [x, y, z] = axesOf(rotation)
        return close(cross(x, y), z) && Math.abs(length(x) - 1) < 1e-9 && Math.abs(dot(x, y)) < 1e-9
      }),
    )
  })
})

describe('compose()', () => {
  it('turns by the second rotation first', () => {
    fc.assert(
      fc.property(rotations, rotations, (a, b) => close(rotate(compose(a, b), [0.3, -0.4, 0.5]), rotate(a, rotate(b, [0.3, -0.4, 0.5])))),
    )
  })
})

describe('reach()', () => {
  it.each(shapes)('is at least what every outline point of a turned %s needs, and no more than its bounding sphere', (shape) => {
    fc.assert(
      fc.property(rotations, rotations, (rotation, aim) => {
        const turned = object(shape, rotation)
        const direction = rotate(aim, [0, 0, 1])
        const far = Math.max(...outline(turned).map((p) => dot(p, direction) - dot(turned.position, direction)))
        const reached = reach(turned, direction)
        return reached >= far - 1e-9 && reached <= radius(turned) * boundingFactor[shape] + 1e-9
      }),
    )
  })
})

describe('heights()', () => {
  it.each(shapes)('stands an upright %s on its half-height', (shape) => {
    const { bottom, top } = heights(object(shape))
    expect(bottom).toBeCloseTo(2 - halfHeight(object(shape)))
    expect(top).toBeCloseTo(2 + halfHeight(object(shape)))
  })

  it('raises a cube that stands on its edge', () => {
    expect(heights(object('cube', turn([0, 0, 1], Math.PI / 4))).bottom).toBeCloseTo(2 - 0.7 * Math.SQRT2)
  })
})

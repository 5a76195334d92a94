import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundingFactor, outline, turn, yaw } from '../geometry.js'
import { radius, type SceneObject, shapes } from '../scene.js'
import { gapBetween } from './hull.js'
import { standing } from './stage.fixture.js'

const at = (object: SceneObject, position: SceneObject['position'], rotation = object.rotation): SceneObject => ({
  ...object,
  position,
  rotation,
})

describe('gapBetween()', () => {
  test('is the distance of the centres less both radii for balls', () => {
    const gap = gapBetween(standing('sphere', 0, 0), at(standing('sphere', 0, 0, { size: 'large' }), [3, 0.35, 4]))
    expect(gap.distance).toBeCloseTo(5 - 0.35 - 0.7, 12)
    expect(gap.normal).toEqual([expect.closeTo(0.6, 12), 0, expect.closeTo(0.8, 12)])
    expect(gap.point[0]).toBeCloseTo(0.35 * 0.6, 12)
  })

  test('knows faces, edges and corners of cubes', () => {
    const cube = standing('cube', 0, 0)
    expect(gapBetween(cube, standing('cube', 1, 0)).distance).toBeCloseTo(0.3, 9)
    expect(gapBetween(cube, standing('cube', 1, 1)).distance).toBeCloseTo(0.3 * Math.SQRT2, 9)
    expect(gapBetween(cube, at(cube, [1, 1.35, 1])).distance).toBeCloseTo(0.3 * Math.sqrt(3), 9)
    expect(gapBetween(cube, at(cube, [1, 0.35, 0], yaw(Math.PI / 4))).distance).toBeCloseTo(1 - 0.35 - 0.35 * Math.SQRT2, 9)
  })

  test('knows the slope of a cone', () => {
    // A ball of radius r beside a cone twice as large: the side falls by 2 for every 1 outwards.
    const cone = standing('cone', 0, 0, { size: 'large' })
    const touching = (0.35 * Math.sqrt(5) + 1.4 - 0.35) / 2
    expect(gapBetween(cone, standing('sphere', touching, 0)).distance).toBeCloseTo(0, 6)
  })

  test('knows the roundness of a ring, and takes its hole as filled', () => {
    const ring = standing('torus', 0, 0)
    expect(gapBetween(ring, standing('torus', 2, 0)).distance).toBeCloseTo(2 - 0.7, 9)
    expect(gapBetween(ring, at(standing('sphere', 0, 0), [0, 0.105 * 2 + 0.35, 0])).distance).toBeCloseTo(0, 9)
  })

  test('is not above zero for objects that overlap', () => {
    for (const shape of shapes) expect(gapBetween(standing(shape, 0, 0), standing('cube', 0.2, 0.1)).distance).toBeLessThanOrEqual(1e-9)
  })

  test('never exceeds the distance of any two of their points, is symmetric, and is never below that of their bounding balls', () => {
    const shape = fc.constantFrom(...shapes)
    const metres = fc.double({ min: -2, max: 2, noNaN: true })
    const place = fc.tuple(metres, metres, metres)
    const angle = fc.double({ min: -3, max: 3, noNaN: true })
    fc.assert(
      fc.property(shape, shape, place, angle, angle, (first, second, [x, y, z], a, b) => {
        const one = at(standing(first, 0, 0), [0, 0, 0], turn([1, 0, 0], a))
        const other = at(standing(second, 0, 0, { size: 'large' }), [x, y, z], turn([0.6, 0, 0.8], b))
        const { distance } = gapBetween(one, other)
        const points = outline(one).flatMap((p) => outline(other).map((q) => Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])))
        expect(distance).toBeLessThanOrEqual(Math.min(...points) + 1e-6)
        const balls = radius(one) * boundingFactor[first] + radius(other) * boundingFactor[second]
        expect(distance).toBeGreaterThanOrEqual(Math.hypot(x, y, z) - balls - 1e-9)
        if (distance > 0) expect(gapBetween(other, one).distance).toBeCloseTo(distance, 6)
      }),
      { numRuns: 300 },
    )
  })
})

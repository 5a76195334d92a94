import { expect, test } from 'vitest'
import { materials, shapes } from '../scene.js'
import { inertia, landingRestitution, mass, restingHeight } from './body.js'
import { standing } from './stage.fixture.js'
import { laidOnRim } from './travels.js'

test('mass() is volume times density, and eightfold for twice the size', () => {
  expect(mass(standing('cube', 0, 0))).toBeCloseTo(600 * 0.7 ** 3, 9)
  expect(mass(standing('sphere', 0, 0, { material: 'metal' }))).toBeCloseTo((2700 * 4 * Math.PI * 0.35 ** 3) / 3, 9)
  expect(mass(standing('cone', 0, 0))).toBeCloseTo((600 * Math.PI * 0.35 ** 2 * 0.7) / 3, 9)
  expect(mass(standing('torus', 0, 0))).toBeCloseTo(600 * 2 * Math.PI ** 2 * 0.245 * 0.105 ** 2, 9)
  for (const shape of shapes) expect(mass(standing(shape, 0, 0, { size: 'large' })) / mass(standing(shape, 0, 0))).toBeCloseTo(8, 9)
})

test('inertia() adds what turning takes: two fifths for a ball, half for a cylinder on its rim, nothing for what slides', () => {
  const cylinder = standing('cylinder', 0, 0)
  expect(inertia(standing('sphere', 0, 0)) / mass(standing('sphere', 0, 0))).toBeCloseTo(1.4, 12)
  expect(inertia(laidOnRim(cylinder, [1, 0, 0])) / mass(cylinder)).toBeCloseTo(1.5, 12)
  expect(inertia(cylinder)).toBe(mass(cylinder))
})

test('landingRestitution() never gives speed back for nothing', () => {
  for (const shape of shapes)
    for (const material of materials) {
      expect(landingRestitution({ shape, material })).toBeGreaterThan(0)
      expect(landingRestitution({ shape, material })).toBeLessThan(1)
    }
})

test('restingHeight() is a radius for what lies on its rim', () => {
  expect(restingHeight(standing('torus', 0, 0))).toBeCloseTo(0.105, 12)
  expect(restingHeight(laidOnRim(standing('torus', 0, 0), [0, 0, 1]))).toBeCloseTo(0.35, 12)
})

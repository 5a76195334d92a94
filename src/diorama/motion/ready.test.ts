import { describe, expect, test } from 'vitest'
import { axesOf, heights } from '../geometry.js'
import type { SceneObject } from '../scene.js'
import { inFrame } from './frame.js'
import { readyScene } from './ready.js'
import { camera, sceneOf, standing } from './stage.fixture.js'

describe('readyScene()', () => {
  test('hangs up what will fall, as high as the frame allows and no higher than two metres', () => {
    const near = { ...camera, distance: 6 }
    const actions = [{ script: 'fall', object: 0, start: 0, duration: 1 }] as const
    for (const view of [camera, near]) {
      const [hung] = readyScene({ ...sceneOf(standing('cube', 0, 0)), camera: view }, actions).objects as [SceneObject]
      expect(heights(hung).bottom).toBeGreaterThan(0.5)
      expect(heights(hung).bottom).toBeLessThanOrEqual(2)
      expect(inFrame(view, hung)).toBe(true)
    }
  })

  test('lays what will roll on its rim, axle across its way', () => {
    const actions = [{ script: 'roll', object: 0, start: 0, duration: 1, direction: 'away' }] as const
    const [wheel] = readyScene(sceneOf(standing('torus', 1, 1)), actions).objects as [SceneObject]
    expect(axesOf(wheel.rotation)[1].map(Math.abs)).toEqual([expect.closeTo(1, 9), expect.closeTo(0, 9), expect.closeTo(0, 9)])
    expect(heights(wheel).bottom).toBeCloseTo(0, 9)
  })

  test('leaves everything else, and what is ready already, as it is', () => {
    const actions = [
      { script: 'roll', object: 0, start: 0, duration: 1, direction: 'away' },
      { script: 'fall', object: 1, start: 2, duration: 1 },
      { script: 'jump', object: 2, start: 4, duration: 1 },
    ] as const
    const scene = sceneOf(standing('cylinder', 0, 0), standing('sphere', 2, 0), standing('cone', -2, 0))
    const ready = readyScene(scene, actions)
    expect(ready.objects[2]).toBe(scene.objects[2])
    expect(readyScene(ready, actions)).toEqual(ready)
  })
})

import { describe, expect, it } from 'vitest'
import { upright } from './geometry.js'
import { renderScene } from './render/render-scene.js'
import { sampleScene } from './sample.js'
import type { Scene, SceneObject } from './scene.js'
import { truthOf } from './truth.js'

const size = { width: 96, height: 96 }

const ball = (x: number, z: number): SceneObject => ({
  shape: 'sphere',
  size: 'small',
  colour: 'red',
  material: 'matte',
  position: [x, 0.35, z],
  rotation: upright,
})
const scene = (...objects: SceneObject[]): Scene => ({
  objects,
  setting: 'studio',
  time: 'day',
  style: 'photo',
  camera: { azimuth: 0, elevation: 0, distance: 6, target: [0, 0.35, 0], fieldOfView: 0.6 },
  seed: 1,
})

describe('truthOf()', () => {
  it('boxes what the mask shows', () => {
    for (let seed = 0; seed < 6; seed++) {
      const sampled = sampleScene(seed)
      const { mask } = renderScene({ ...sampled, style: 'photo' }, size)
      for (const [i, object] of truthOf(sampled, size).objects.entries()) {
        const columns = [...mask].flatMap((value, at) => (value === i + 1 ? [at % 96] : []))
        expect(object.pixels).toBe(columns.length)
        expect(object.box?.left).toBe(Math.min(...columns))
        expect(object.box?.right).toBe(Math.max(...columns) + 1)
      }
    }
  })

  it('finds the middle of a ball where its pixels are', () => {
    const truth = truthOf(scene(ball(0.6, 0)), size)
    const { box, centre, depth, visible } = truth.objects[0] as (typeof truth.objects)[number]
    if (!box) throw new Error('the ball is in view')
    expect(Math.abs(centre.x - (box.left + box.right) / 2)).toBeLessThan(1)
    expect(Math.abs(centre.y - (box.top + box.bottom) / 2)).toBeLessThan(1)
    expect(depth).toBeCloseTo(6)
    expect(visible).toBe(1)
  })

  it('measures what is hidden by another object and what lies beyond the frame', () => {
    const hidden = truthOf(scene(ball(0, 0), ball(0, -1)), size).objects[1]
    expect(hidden?.visible).toBe(0)
    expect(hidden?.box).toBeUndefined()
    const half = truthOf(scene(ball(6 * Math.tan(0.3), 0)), size).objects[0]
    expect(half?.visible).toBeGreaterThan(0.42)
    expect(half?.visible).toBeLessThan(0.58)
  })

  it('is plain JSON, and follows another camera', () => {
    const two = scene(ball(-1, 0), ball(1, 0))
    const truth = truthOf(two, size)
    expect(JSON.parse(JSON.stringify(truth))).toEqual(truth)
    expect(truth.relations).toContainEqual({ subject: 0, relation: 'left of', object: 1 })
    const behind = truthOf(two, { ...size, camera: { ...two.camera, azimuth: Math.PI } })
    expect(behind.relations).toContainEqual({ subject: 0, relation: 'right of', object: 1 })
  })
})

import { describe, expect, it } from 'vitest'
import { upright } from './geometry.js'
import { relates, relationsOf } from './relations.js'
import { halfHeight, type Scene, type SceneObject, type Vector } from './scene.js'

const object = (shape: SceneObject['shape'], position: Vector, size: SceneObject['size'] = 'small'): SceneObject => ({
  shape,
  size,
  colour: 'red',
  material: 'matte',
  position,
  rotation: upright,
})

const scene = (azimuth: number, ...objects: SceneObject[]): Scene => ({
  objects,
  setting: 'studio',
  time: 'day',
  style: 'photo',
  camera: { azimuth, elevation: 0.4, distance: 6, target: [0, 0, 0], fieldOfView: 0.7 },
  seed: 1,
})

const pair = [object('cube', [-1, 0.35, 0]), object('sphere', [1, 0.35, 0])]

describe('relates()', () => {
  it('follows the camera around the scene', () => {
    expect(relates(scene(0, ...pair), 0, 'left of', 1)).toBe(true)
    expect(relates(scene(Math.PI, ...pair), 0, 'right of', 1)).toBe(true)
    // From the right side of the scene the sphere at +x is the nearer one.
    expect(relates(scene(Math.PI / 2, ...pair), 0, 'behind', 1)).toBe(true)
    expect(relates(scene(-Math.PI / 2, ...pair), 0, 'in front of', 1)).toBe(true)
    expect(relates(scene(Math.PI / 2, ...pair), 0, 'left of', 1)).toBe(false)
  })

  it('leaves close calls unsaid on both sides', () => {
    const close = scene(0, object('cube', [0, 0.35, 0]), object('sphere', [0.2, 0.35, 1.5]))
    expect(relates(close, 0, 'left of', 1)).toBe(false)
    expect(relates(close, 1, 'right of', 0)).toBe(false)
    expect(relates(close, 0, 'behind', 1)).toBe(true)
  })

  it('calls an object on top of another by contact and support', () => {
    const base = object('cylinder', [0, 0.7, 0], 'large')
    const top = (x: number, lift = 0) => object('torus', [x, 1.4 + halfHeight({ shape: 'torus', size: 'small' }) + lift, 0])
    expect(relates(scene(0, base, top(0.1)), 1, 'on top of', 0)).toBe(true)
    expect(relates(scene(0, base, top(0.1)), 0, 'on top of', 1)).toBe(false)
    expect(relates(scene(0, base, top(0.1, 0.2)), 1, 'on top of', 0)).toBe(false)
    expect(relates(scene(0, base, top(0.8)), 1, 'on top of', 0)).toBe(false)
  })

  it('says which object is missing', () => {
    expect(() => relates(scene(0, ...pair), 0, 'left of', 2)).toThrow('Cannot relate object 2: the scene has 2 objects, counted from 0')
  })
})

describe('relationsOf()', () => {
  it('lists every relation from both sides', () => {
    expect(relationsOf(scene(0, ...pair))).toEqual([
      { subject: 0, relation: 'left of', object: 1 },
      { subject: 1, relation: 'right of', object: 0 },
    ])
  })
})

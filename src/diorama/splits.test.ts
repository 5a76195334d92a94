import { describe, expect, it } from 'vitest'
import { sampleScene } from './sample.js'
import { colours, type Scene, shapes } from './scene.js'
import { heldOutPairs, inSplit, isHeldOut, isHeldOutPair } from './splits.js'
import { diorama } from './worlds.js'

describe('heldOutPairs', () => {
  it('is one pair in ten, and leaves every shape nine colours and every colour at least five shapes', () => {
    expect(heldOutPairs).toHaveLength((shapes.length * colours.length) / 10)
    for (const shape of shapes) expect(colours.filter((colour) => !isHeldOutPair({ shape, colour }))).toHaveLength(9)
    for (const colour of colours) expect(shapes.filter((shape) => !isHeldOutPair({ shape, colour })).length).toBeGreaterThanOrEqual(5)
  })
})

describe('isHeldOut()', () => {
  const scene = sampleScene(3, { ...diorama.simple, counts: [0, 1], stacks: 0 }, { split: 'train' })
  const [first, second] = scene.objects as [Scene['objects'][number], Scene['objects'][number]]
  const of = (...objects: Scene['objects']): Scene => ({ ...scene, camera: { ...scene.camera, azimuth: 0 }, objects })

  it('finds a pair on any object', () => {
    expect(isHeldOut(of(first, { ...second, shape: 'cube', colour: 'purple' }))).toBe(true)
    expect(isHeldOut(of(first, { ...second, shape: 'cube', colour: 'red' }))).toBe(false)
  })

  it('finds an arrangement from either side, and only that way round', () => {
    const torus = { ...first, shape: 'torus', colour: 'red', position: [-1, 0.2, 0] } as const
    const cube = { ...second, shape: 'cube', colour: 'red', position: [1, 0.35, 0] } as const
    expect(isHeldOut(of(torus, cube))).toBe(true)
    expect(isHeldOut(of(cube, torus))).toBe(true)
    expect(isHeldOut(of({ ...torus, position: [1, 0.2, 0] }, { ...cube, position: [-1, 0.35, 0] }))).toBe(false)
  })

  it('parts all scenes into two splits', () => {
    for (let seed = 0; seed < 40; seed++) {
      const any = sampleScene(seed)
      expect(inSplit(any, 'train')).toBe(!inSplit(any, 'held-out'))
      expect(inSplit(any, 'all')).toBe(true)
    }
  })
})

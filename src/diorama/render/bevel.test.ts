import { describe, expect, it } from 'vitest'
import { upright } from '../geometry.js'
import { type SceneObject, shapes } from '../scene.js'
import { roundEdges } from './bevel.js'
import { normalAt } from './intersect.js'
import { Solid, Triple } from './solid.js'

const solid = (shape: SceneObject['shape']): Solid =>
  new Solid({ shape, size: 'large', colour: 'red', material: 'matte', position: [0, 0, 0], rotation: upright })

const flat = new Triple()
const round = new Triple()
function at(of: Solid, x: number, y: number, z: number, footprint = 0.001): Triple {
  normalAt(of, x, y, z, flat)
  roundEdges(of, x, y, z, footprint, flat, round)
  return round
}

describe('roundEdges()', () => {
  it('leaves the middle of a face alone and turns half-way at an edge', () => {
    const cube = solid('cube')
    expect(at(cube, 0.1, 0.7, 0.2)).toEqual(flat)
    const edge = at(cube, 0.6999, 0.7, 0.2)
    expect([edge.r, edge.g, edge.b]).toEqual([expect.closeTo(Math.SQRT1_2, 2), expect.closeTo(Math.SQRT1_2, 2), expect.closeTo(0)])
  })

  it('joins both faces of an edge without a step', () => {
    for (const shape of ['cylinder', 'cube'] as const) {
      const of = solid(shape)
      const top = at(of, 0.6999999, 0.7, 0)
      const [r, g] = [top.r, top.g]
      const side = at(of, 0.7, 0.6999999, 0)
      expect([side.r, side.g]).toEqual([expect.closeTo(r, 3), expect.closeTo(g, 3)])
    }
  })

  it.each(shapes)('gives a unit normal on the outer side of a %s', (shape) => {
    const of = solid(shape)
    for (let i = 0; i < 200; i++) {
      const [x, y, z] = [Math.sin(i * 1.3) * 0.7, Math.cos(i * 2.1) * 0.7, Math.sin(i * 0.7 + 1) * 0.7]
      const { r, g, b } = at(of, x, y, z)
      expect(Math.hypot(r, g, b)).toBeCloseTo(1)
      expect(r * flat.r + g * flat.g + b * flat.b).toBeGreaterThan(0)
    }
  })

  it('leaves edges out that are narrower than a pixel', () => {
    expect(at(solid('cube'), 0.6999, 0.7, 0.2, 0.1)).toEqual(flat)
  })
})

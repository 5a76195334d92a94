import { describe, expect, it } from 'vitest'
import { upright } from '../geometry.js'
import { type Material, type Scene, type SceneObject, shapes } from '../scene.js'
import { localDistance } from './distance.js'
import { Environment } from './environment.js'
import { openness, type Stage, sunlight } from './light.js'
import { Ray, Solid, Triple, toLocal } from './solid.js'

/** Signed distance from a point of the world to a solid. */
function distanceTo(solid: Solid, x: number, y: number, z: number): number {
  const point = new Ray()
  point.set(x, y, z, 0, 0, 1)
  toLocal(solid, point, point)
  return localDistance(solid.kind, solid.size, point.ox, point.oy, point.oz)
}

const scene: Scene = {
  objects: [],
  setting: 'studio',
  time: 'day',
  style: 'photo',
  camera: { azimuth: 0, elevation: 0.4, distance: 6, target: [0, 0, 0], fieldOfView: 0.7 },
  seed: 4,
}

const stageOf = (shape: SceneObject['shape'], material: Material = 'matte', y = 0.7): Stage => ({
  solids: [new Solid({ shape, size: 'large', colour: 'red', material, position: [0, y, 0], rotation: upright })],
  around: new Environment(scene),
})

const light = new Triple()
function sunAt(stage: Stage, x: number, z: number): number {
  sunlight(stage, x, 0, z, -1, light)
  return light.g
}

describe.each(shapes)('sunlight() past a %s', (shape) => {
  const stage = stageOf(shape)
  const { sunX, sunY, sunZ } = stage.around
  /** On the ground, away from the sun by this many metres; the middle of the shadow of the object's middle is at 0.7 sunless heights. */
  const away = (metres: number): number => {
    const flat = Math.hypot(sunX, sunZ)
    return sunAt(stage, (-sunX / flat) * metres, (-sunZ / flat) * metres)
  }

  it('is dark behind the object and bright before it', () => {
    const shadow = (0.55 * Math.hypot(sunX, sunZ)) / sunY
    // The middle of a torus is open.
    expect(away(shape === 'torus' ? shadow + 0.5 : shadow)).toBeLessThan(0.05)
    expect(away(-1.4)).toBe(1)
    expect(away(6)).toBe(1)
  })

  it('brightens without steps towards the far edge of the shadow', () => {
    let last = 0
    for (let metres = shape === 'torus' ? 1.1 : 0.5; metres < 3; metres += 0.01) {
      const here = away(metres)
      expect(here).toBeGreaterThanOrEqual(last - 1e-3)
      expect(here - last).toBeLessThan(0.15)
      last = here
    }
    expect(last).toBe(1)
  })

  it('covers the sun exactly where the ray to it comes within the sun’s radius of the object', () => {
    for (let i = 0; i < 300; i++) {
      const [x, z] = [((i % 20) - 10) * 0.17, (Math.floor(i / 20) - 7) * 0.22]
      let least = Number.POSITIVE_INFINITY
      for (let t = 0.01; t < 5; t += 0.004) {
        const quotient = distanceTo(stage.solids[0] as Solid, x + t * sunX, t * sunY, z + t * sunZ) / (t * stage.around.width)
        least = Math.min(least, quotient)
      }
      const share = sunAt(stage, x, z)
      if (least > 1.1) expect(share).toBe(1)
      if (least < -1.1) expect(share).toBe(0)
      if (least > -0.8 && least < 0.8) expect(Math.abs(share - (1 - 0.25 * (1 - least) ** 2 * (2 + least)))).toBeLessThan(0.12)
    }
  })
})

describe('sunlight()', () => {
  it('takes on the colour of glass', () => {
    const stage = stageOf('sphere', 'glass')
    const { sunX, sunY, sunZ } = stage.around
    sunlight(stage, (-sunX / sunY) * 0.7, 0, (-sunZ / sunY) * 0.7, -1, light)
    expect(light.r).toBeGreaterThan(3 * light.b)
    expect(light.r).toBeGreaterThan(0.3)
  })
})

describe('openness()', () => {
  const bleed = new Triple()

  it('closes towards the foot of an object, which throws its colour back', () => {
    const stage = stageOf('cube')
    const at = (x: number): number => openness(stage, x, 0, 0, 0, 1, 0, -1, bleed)
    expect(at(3)).toBe(1)
    expect(at(0.72)).toBeLessThan(at(0.9))
    expect(at(0.9)).toBeLessThan(at(1.3))
    at(0.75)
    expect(bleed.r).toBeGreaterThan(4 * bleed.b)
  })
})

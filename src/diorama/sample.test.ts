import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { key } from '../graph/random/index.js'
import { project } from './camera.js'
import { decalCharacters } from './decals.js'
import { heights, outline } from './geometry.js'
import { relates } from './relations.js'
import { sampleScene } from './sample.js'
import { radius, type Scene } from './scene.js'
import { isHeldOut } from './splits.js'
import { visibilityOf } from './visibility.js'
import { diorama, type World } from './worlds.js'

const seeds = fc.integer({ min: 0, max: 2 ** 40 })
const worlds = fc.constantFrom<World>(diorama.simple, diorama.full)
const settings = { numRuns: 60 }

/** Index of the object under this one, if it stands on another. */
const under = (scene: Scene, i: number): number => scene.objects.findIndex((_, j) => relates(scene, i, 'on top of', j))

describe('sampleScene()', () => {
  it('gives the same scene for the same seed, and for the seed as a key', () => {
    expect(sampleScene(5)).toEqual(sampleScene(5))
    expect(sampleScene(key(5))).toEqual(sampleScene(5))
    expect(sampleScene(6)).not.toEqual(sampleScene(5))
  })

  it('keeps to the words and counts of its world', () => {
    fc.assert(
      fc.property(seeds, worlds, (seed, world) => {
        const scene = sampleScene(seed, world)
        expect(world.counts[scene.objects.length - 1]).toBeGreaterThan(0)
        expect(world.settings).toContain(scene.setting)
        expect(scene.setting === 'night city' ? 'night' : world.times).toContain(scene.time)
        expect(world.styles).toContain(scene.style)
        for (const object of scene.objects) {
          expect(world.materials).toContain(object.material)
          expect(world.shapes).toContain(object.shape)
          if (object.decal?.kind === 'text') for (const letter of object.decal.text) expect(decalCharacters).toContain(letter)
        }
      }),
      settings,
    )
  })

  it('stands every object on the ground or on another, and lets none touch another from the side', () => {
    fc.assert(
      fc.property(seeds, worlds, (seed, world) => {
        const scene = sampleScene(seed, world)
        for (const [i, a] of scene.objects.entries()) {
          const base = under(scene, i)
          if (base < 0) expect(heights(a).bottom).toBeCloseTo(0)
          for (const [j, b] of scene.objects.entries()) {
            if (j <= i || under(scene, i) >= 0 || under(scene, j) >= 0) continue
            const apart = Math.hypot(a.position[0] - b.position[0], a.position[2] - b.position[2])
            expect(apart).toBeGreaterThan(radius(a) + radius(b))
          }
        }
      }),
      settings,
    )
  })

  it('keeps every object inside a square frame, and half of it visible', () => {
    fc.assert(
      fc.property(seeds, worlds, (seed, world) => {
        const scene = sampleScene(seed, world)
        const size = { width: 64, height: 64 }
        for (const point of scene.objects.flatMap(outline)) {
          const { x, y, depth } = project(scene.camera, point, size)
          expect(depth).toBeGreaterThan(0)
          expect(Math.min(x, y, 64 - x, 64 - y)).toBeGreaterThan(0)
        }
        // The sampler looks through 40 pixels, where a small object's share of half may be 0.49 in truth.
        for (const { visible } of visibilityOf(scene, { width: 128, height: 128 })) expect(visible).toBeGreaterThan(0.45)
      }),
      settings,
    )
  })

  it('never breaks the held-out rule, on either side of it', () => {
    fc.assert(
      fc.property(seeds, worlds, (seed, world) => {
        expect(isHeldOut(sampleScene(seed, world, { split: 'train' }))).toBe(false)
        expect(isHeldOut(sampleScene(seed, world, { split: 'held-out' }))).toBe(true)
      }),
      settings,
    )
  })

  it('draws crowded scenes as often as the world says', () => {
    const counts = [0, 0, 0, 0, 0]
    for (let seed = 0; seed < 150; seed++) {
      const at = sampleScene(seed, diorama.full).objects.length - 1
      counts[at] = (counts[at] as number) + 1
    }
    // 2 : 4 : 4 : 3 : 2 of 15 parts.
    expect(counts[4]).toBeGreaterThan(8)
    expect(counts[1]).toBeGreaterThan(25)
  })

  it('says so when a world leaves it no choice', () => {
    const purpleCubes: World = { ...diorama.simple, shapes: ['cube'], colours: ['purple'] }
    expect(() => sampleScene(1, purpleCubes, { split: 'train' })).toThrow(
      /Cannot sample a train scene of diorama.simple: none of 400 drafts/,
    )
  })
})

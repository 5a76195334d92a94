import { describe, expect, it } from 'vitest'
import { key } from '../graph/random/index.js'
import { bench, benchCategories, isBenchPrompt, isHeldOutConstraint, scoreBench } from './bench.js'
import { benchPrompts } from './bench-prompts.js'
import type { Constraints, ObjectConstraint } from './constraints.js'
import { fits } from './language/description.js'
import { Dice } from './language/dice.js'
import { parseCaption } from './language/parse.js'
import { satisfies } from './oracle.js'
import { readingOf } from './reading.js'
import { colours, halfHeight, materials, type Scene, type SceneObject, shapes, sizes } from './scene.js'

const camera = { azimuth: 0, elevation: 0.45, distance: 11, target: [0, 0.5, 0], fieldOfView: 0.8 } as const

/** Any scene that a prompt asks for, by drawing what it leaves open until all of it holds. */
function sceneOf({ objects, relations, absent, setting = 'studio', time = 'day', style = 'photo' }: Constraints, dice: Dice): Scene {
  const scenery = { setting, time: setting === 'night city' ? 'night' : time, style, camera, seed: 0 } as const
  const entries = objects.flatMap((entry, k) => Array.from({ length: entry.count ?? 1 }, () => ({ entry, k })))
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const places = dice.shuffle([-2.4, -1.2, 0, 1.2, 2.4])
    const drawn = entries.map(({ entry }, i): SceneObject => {
      const look = any(entry, absent, dice)
      return { ...look, position: [places[i] as number, halfHeight(look), dice.pick([-2, 0, 2])], rotation: [0, 0, 0, 1] }
    })
    for (const { subject, relation, object } of relations) {
      const [upper, lower] = [entries.findIndex(({ k }) => k === subject), entries.findIndex(({ k }) => k === object)]
      const [above, below] = [drawn[upper], drawn[lower]]
      if (relation !== 'on top of' || !above || !below) continue
      const [x, , z] = below.position
      drawn[upper] = { ...above, position: [x, 2 * halfHeight(below) + halfHeight(above), z] }
    }
    const scene = { ...scenery, objects: drawn }
    if (satisfies(scene, { objects, relations, absent }).satisfied) return scene
  }
  throw new Error('no scene fits')
}

function any(entry: ObjectConstraint, absent: readonly ObjectConstraint[], dice: Dice): Omit<SceneObject, 'position' | 'rotation'> {
  for (;;) {
    const {
      decal,
      shape = dice.pick(shapes),
      colour = dice.pick(colours),
      size = dice.pick(sizes),
      material = dice.pick(materials),
    } = entry
    const look = { shape, colour, size, material, ...(decal && { decal }) }
    if (!absent.some((description) => fits(look, description))) return look
  }
}

const scenes = bench.map(({ constraints }, i) => sceneOf(constraints, new Dice(key(i))))

describe('bench', () => {
  it('has two hundred different prompts, about as many in each of eleven categories', () => {
    expect(bench).toHaveLength(200)
    expect(benchCategories).toHaveLength(11)
    expect(new Set(bench.map(({ id }) => id)).size).toBe(200)
    expect(new Set(bench.map(({ prompt }) => prompt)).size).toBe(200)
    for (const category of benchCategories) expect(benchPrompts[category].length).toBeGreaterThanOrEqual(18)
  })

  it('means something that is understood to the last word', () => {
    for (const lines of Object.values(benchPrompts))
      for (const line of lines) {
        const { unknown, corrections } = parseCaption(typeof line === 'string' ? line : line[1])
        expect(unknown, String(line)).toEqual([])
        if (typeof line !== 'string') expect(corrections, line[1]).toEqual([])
      }
  })

  it('asks for at most five objects, in a scene that can exist', () => {
    for (const [i, { id, constraints }] of bench.entries()) {
      expect(constraints.objects.length + constraints.absent.length, id).toBeGreaterThan(0)
      expect(scenes[i]?.objects.length, id).toBeLessThanOrEqual(5)
    }
  })

  it('knows which prompts the simple world can show, and which hold a combination that training never shows', () => {
    const find = (prompt: string) => bench.find((other) => other.prompt === prompt)
    expect(find('a red cube left of a shiny blue sphere at sunset')).toMatchObject({ needs: 'simple', seen: true })
    expect(find('a purple cube')).toMatchObject({ needs: 'simple', seen: false })
    expect(find('a torus left of a cube')).toMatchObject({ seen: false })
    expect(find('five spheres')).toMatchObject({ needs: 'full' })
    expect(find('a pair of glass spheres')).toMatchObject({ needs: 'full' })
    expect(bench.filter(({ needs }) => needs === 'simple').length).toBeGreaterThan(100)
    expect(bench.filter(({ seen }) => !seen).length).toBeGreaterThan(20)
    expect(isHeldOutConstraint(parseCaption('a cube and a torus').constraints)).toBe(false)
  })
})

describe('isBenchPrompt()', () => {
  it('knows prompts whatever their case and punctuation, and the meanings of the odd ones', () => {
    expect(isBenchPrompt('A red cube left of a shiny blue sphere, at sunset!')).toBe(true)
    expect(isBenchPrompt('a blue sphere')).toBe(true)
    expect(isBenchPrompt('a red cube left of a shiny green sphere at sunset')).toBe(false)
  })
})

describe('scoreBench()', () => {
  it('gives full marks to scenes that fit', () => {
    const score = scoreBench(bench.map(({ id }, i) => ({ id, scene: scenes[i] as Scene })))
    expect(score.overall).toEqual({ share: 1, of: 200 })
    for (const part of [...Object.values(score.categories), score.single, score.pair, score.relation, score.heldOut, score.counts]) {
      expect(part.share).toBe(1)
      expect(part.of).toBeGreaterThan(15)
    }
  })

  it('scores readings as well as scenes', () => {
    const readings = bench.map(({ id }, i) => ({ id, reading: readingOf(scenes[i] as Scene) }))
    const score = scoreBench(readings)
    expect(score.single.share).toBe(1)
    expect(score.counts.share).toBe(1)
    expect(score.relation.share).toBeGreaterThan(0.95)
  })

  it('takes marks away where they are lost', () => {
    const red: Scene = {
      ...(scenes[0] as Scene),
      objects: (scenes[0] as Scene).objects.map((object) => ({ ...object, colour: 'red', shape: 'cube' })),
    }
    const { overall, single, counts, relation } = scoreBench(bench.map(({ id }) => ({ id, scene: red })))
    expect(overall.share).toBeGreaterThan(0)
    expect(overall.share).toBeLessThan(0.05)
    expect(single.share).toBeLessThan(0.2)
    expect(counts.share).toBeLessThan(0.2)
    expect(relation.share).toBe(0)
  })

  it('scores a part of the bench, and refuses prompts that it does not have', () => {
    const { overall, verdicts } = scoreBench([{ id: 'colours-01', scene: scenes[0] as Scene }])
    expect(overall).toEqual({ share: 1, of: 1 })
    expect(verdicts.map(({ id }) => id)).toEqual(['colours-01'])
    expect(() => scoreBench([{ id: 'colours-99', scene: scenes[0] as Scene }])).toThrow(
      'Cannot score "colours-99": the bench\'s prompts go from "colours-01" to "text-18"',
    )
  })
})

import { expect, it } from 'vitest'
import { readingOf, relatesInPicture } from './reading.js'
import { relates } from './relations.js'
import { sampleScene } from './sample.js'
import { type Relation, relations, type Scene } from './scene.js'
import { diorama } from './worlds.js'

const scenes = Array.from({ length: 150 }, (_, seed): Scene => sampleScene(seed, diorama.full))

/** How often the picture and the truth agree about a relation, of the pairs for which either says that it holds. */
function agreement(relation: Relation): number {
  let both = 0
  let either = 0
  for (const scene of scenes) {
    const reading = readingOf(scene)
    for (let i = 0; i < scene.objects.length; i++)
      for (let j = 0; j < scene.objects.length; j++) {
        if (i === j) continue
        const [truth, seen] = [relates(scene, i, relation, j), relatesInPicture(reading, i, relation, j)]
        if (truth && seen) both++
        if (truth || seen) either++
      }
  }
  return both / either
}

// Measured over 700 scenes: sideways 0.94, in depth 0.94, on top 0.93; what differs are close calls
it.each(relations)('relatesInPicture() agrees with the truth about "%s"', (relation) => {
  expect(agreement(relation)).toBeGreaterThan(relation === 'on top of' ? 0.8 : 0.9)
})

it('readingOf() puts sampled scenes inside the picture, in their own words', () => {
  for (const scene of scenes)
    for (const [i, { box, shape, colour }] of readingOf(scene).objects.entries()) {
      expect({ shape, colour }).toEqual({ shape: scene.objects[i]?.shape, colour: scene.objects[i]?.colour })
      expect(box.left).toBeLessThan(box.right)
      expect(box.top).toBeLessThan(box.bottom)
      expect(Math.min(box.left, box.top, 1 - box.right, 1 - box.bottom)).toBeGreaterThan(-0.01)
    }
})

it('readingOf() measures boxes in parts of the width and of the height', () => {
  const scene = scenes[0] as Scene
  const [square, wide] = [readingOf(scene).objects[0], readingOf(scene, 2).objects[0]]
  const width = (object: typeof square): number => (object ? object.box.right - object.box.left : 0)
  expect(width(square) / width(wide)).toBeCloseTo(2)
  expect(wide?.box.top).toBeCloseTo(square?.box.top ?? 0)
})

import { describe, expect, test } from 'vitest'
import { heights } from '../geometry.js'
import { diorama } from '../worlds.js'
import { inFrame } from './frame.js'
import { gapBetween } from './hull.js'
import { playStory } from './play.js'
import { sampleStory } from './sample.js'
import { type Script, scripts } from './story.js'
import { distanceBetween } from './vectors.js'

const stories = Array.from({ length: 200 }, (_, seed) => sampleStory(seed, seed % 2 ? diorama.full : diorama.simple))
const films = stories.map(playStory)

describe('sampleStory()', () => {
  test('lets nothing sink into the ground, pass through anything or leave the frame', () => {
    for (const film of films)
      for (let time = 0; time < film.duration; time += 1 / 12) {
        const { objects, camera } = film.sceneAt(time)
        for (const [i, object] of objects.entries()) {
          expect(heights(object).bottom).toBeGreaterThan(-1e-9)
          expect(inFrame(camera, object, 0.01)).toBe(true)
          for (const other of objects.slice(0, i)) expect(gapBetween(object, other).distance).toBeGreaterThan(0)
        }
      }
  })

  test('makes films without jumps from one instant to the next', () => {
    for (const film of films.slice(0, 60))
      for (let time = 0.01; time < film.duration; time += 0.01) {
        const [before, after] = [film.sceneAt(time - 0.01), film.sceneAt(time)]
        if (before.objects.length !== after.objects.length) continue // something appears
        for (const [i, { position, rotation }] of after.objects.entries()) {
          const last = before.objects[i] as (typeof after.objects)[number]
          expect(distanceBetween(last.position, position)).toBeLessThan(0.1)
          const cosine = Math.abs(rotation.reduce((sum, q, k) => sum + q * (last.rotation[k] as number), 0))
          expect(2 * Math.acos(Math.min(cosine, 1))).toBeLessThan(0.4)
          expect(Math.hypot(...rotation)).toBeCloseTo(1, 9)
        }
      }
  })

  test('gives the same story for the same seed, and the same film for the same story', () => {
    expect(sampleStory(3, diorama.full)).toEqual(stories[3])
    const again = playStory(JSON.parse(JSON.stringify(stories[3])))
    expect(again.contacts).toEqual(films[3]?.contacts)
    expect(JSON.stringify(again.sceneAt(1.234))).toBe(JSON.stringify(films[3]?.sceneAt(1.234)))
  })

  test('uses every script, one to three of them in a story, and lets objects hit each other now and then', () => {
    const used = new Set<Script>(stories.flatMap(({ actions }) => actions.map(({ script }) => script)))
    expect([...used].sort()).toEqual([...scripts].sort())
    expect(new Set(stories.map(({ actions }) => actions.length))).toEqual(new Set([1, 2, 3]))
    const blows = films.filter(({ contacts }) => contacts.some(({ kind, objects }) => kind === 'hit' && objects[1] !== 'ground'))
    expect(blows.length).toBeGreaterThan(15)
  })

  test('holds the times that physics decides', () => {
    for (const film of films)
      for (const [i, { start, duration, script }] of film.story.actions.entries())
        if (['fall', 'bounce', 'jump', 'topple'].includes(script)) expect(film.actions[i]?.end).toBeCloseTo(start + duration, 9)
  })

  test('tells as many things as asked, in the order of their starts', () => {
    const { actions } = sampleStory(1, diorama.simple, { actions: 4 })
    expect(actions).toHaveLength(4)
    expect(actions.map(({ start }) => start)).toEqual(actions.map(({ start }) => start).sort((a, b) => a - b))
    expect(() => sampleStory(1, diorama.simple, { actions: 0 })).toThrow('Cannot sample a story of 0 actions: it has 1 to 8')
  })
})

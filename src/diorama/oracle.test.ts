import { describe, expect, it } from 'vitest'
import { parseCaption } from './language/parse.js'
import { satisfies, satisfiesReading } from './oracle.js'
import { readingOf } from './reading.js'
import { radius, type Scene, type SceneObject } from './scene.js'

const object = (
  shape: SceneObject['shape'],
  colour: SceneObject['colour'],
  x: number,
  z: number,
  more: Partial<SceneObject> = {},
): SceneObject => {
  const size = more.size ?? 'large'
  return { shape, colour, size, material: 'matte', position: [x, radius({ size }), z], rotation: [0, 0, 0, 1], ...more }
}
const camera = { azimuth: 0, elevation: 0.45, distance: 9, target: [0, 0.5, 0], fieldOfView: 0.7 } as const
const sceneOf = (...objects: SceneObject[]): Scene => ({ objects, setting: 'meadow', time: 'sunset', style: 'photo', camera, seed: 0 })

const scene = sceneOf(
  object('cube', 'red', -2, 0),
  object('sphere', 'blue', 0.5, 0, { material: 'metal' }),
  object('cone', 'green', 2, -2, { decal: { kind: 'text', text: 'A' } }),
  object('cube', 'red', 2, 2, { size: 'small' }),
  object('sphere', 'white', -2, 0, { size: 'small', position: [-2, 2 * radius({ size: 'large' }) + radius({ size: 'small' }), 0] }),
)
const says = (text: string) => satisfies(scene, parseCaption(text).constraints)
const looks = (text: string) => satisfiesReading(readingOf(scene), parseCaption(text).constraints)

describe('satisfies() and satisfiesReading()', () => {
  it.each([
    'a red cube left of a shiny blue sphere at sunset',
    'a small cube right of a sphere and a cube left of a sphere',
    'two red cubes on a meadow',
    'a cone behind a small cube',
    'a white ball on a red cube',
    'a cone with the letter A on it, without anything made of glass',
    'exactly one metal object',
    'a photo of two spheres left of a cone',
    'no pyramids',
    'a cube, a cube, a sphere, a sphere and a cone',
    '',
  ])('are satisfied by "%s"', (text) => {
    expect(says(text).failures).toEqual([])
    expect(looks(text).failures).toEqual([])
  })

  it.each([
    ['a blue cube', [{ what: 'objects[0].colour', expected: 'blue', found: 'red' }]],
    ['a red cube left of a metal sphere at night', [{ what: 'time', expected: 'night', found: 'sunset' }]],
    ['a cone left of a metal sphere', [{ what: 'relations[0]', expected: 'cone left of metal sphere', found: 'right of, behind' }]],
    [
      'three red cubes',
      [
        { what: 'objects[0].colour', expected: 'red', found: 'white' },
        { what: 'objects[0].shape', expected: 'cube', found: 'sphere' },
      ],
    ],
    ['one cube', [{ what: 'objects[0].count', expected: '1', found: '2' }]],
    ['no spheres', [{ what: 'absent[0]', expected: 'no sphere', found: '2' }]],
    ['a cone with the letter B on it', [{ what: 'objects[0].decal', expected: 'B', found: 'A' }]],
  ])('say what is wrong with "%s"', (text, failures) => {
    for (const verdict of [says(text), looks(text)]) {
      expect(verdict.satisfied).toBe(false)
      for (const failure of failures.slice(-1)) expect(verdict.failures).toContainEqual(failure)
    }
  })

  it('choose the objects that make most of the sentence true', () => {
    expect(says('a red cube right of a blue sphere').objects).toEqual([[3], [1]])
    expect(says('a red cube left of a blue sphere').objects).toEqual([[0], [1]])
    expect(looks('a red cube right of a blue sphere').objects).toEqual([[3], [1]])
  })

  it('ask for different objects in different entries', () => {
    expect(says('a cone and a cone').satisfied).toBe(false)
    expect(says('a green object and a cone').satisfied).toBe(false)
  })

  it('count what no other entry has claimed', () => {
    expect(says('two red cubes and a sphere').satisfied).toBe(true)
    expect(says('one small cube and a large cube').satisfied).toBe(true)
  })

  it('stay quick when a picture is full of noise and a sentence full of demands', () => {
    const noise = { ...readingOf(scene), objects: Array.from({ length: 200 }, () => readingOf(scene).objects).flat() }
    const { constraints } = parseCaption('nine cubes left of nine spheres behind nine cones on nine rings')
    expect(satisfiesReading(noise, constraints).satisfied).toBe(false)
  })
})

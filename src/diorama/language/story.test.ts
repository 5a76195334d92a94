import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { key } from '../../graph/random/index.js'
import { sampleStory } from '../motion/sample.js'
import type { Story } from '../motion/story.js'
import { satisfiesStory } from '../oracle.js'
import { diorama } from '../worlds.js'
import { allWordings } from './lexicon.js'
import { parseStory, storyCaption } from './story.js'

const pool = Array.from({ length: 40 }, (_, seed): Story => sampleStory(seed, diorama.full))
const stories = fc.constantFrom(...pool)
const seeds = fc.integer({ min: 0, max: 2 ** 32 })
const options = fc.record({
  length: fc.constantFrom('short' as const, 'medium' as const, 'long' as const),
  split: fc.constantFrom('train' as const, 'held-out' as const, 'all' as const),
})

describe('storyCaption()', () => {
  it('tells what happens in its film, and parseStory() reads it back', () => {
    fc.assert(
      fc.property(stories, seeds, options, (story, seed, chosen) => {
        const { text, constraints } = storyCaption(story, key(seed), chosen)
        expect(satisfiesStory(story, constraints).failures, text).toEqual([])
        expect(parseStory(text), text).toEqual({ constraints, unknown: [], corrections: [] })
        expect(constraints.actions.length).toBeGreaterThan(0)
      }),
      { numRuns: 1500 },
    )
  })

  it('keeps held-out words out of training', () => {
    const novel = [...allWordings()].filter(({ heldOut }) => heldOut).map(({ words }) => words)
    const novelWord = new RegExp(`\\b(?:${novel.join('|')})(?:e?s)?\\b|here we see`, 'i')
    fc.assert(
      fc.property(stories, seeds, options, (story, seed, { length }) => {
        expect(storyCaption(story, key(seed), { length, split: 'train' }).text).not.toMatch(novelWord)
        expect(storyCaption(story, key(seed), { length, split: 'held-out' }).text).toMatch(novelWord)
      }),
      { numRuns: 500 },
    )
  })

  it('tells long stories in several sentences', () => {
    for (const [i, story] of pool.entries())
      expect(storyCaption(story, key(i), { length: 'long' }).text.split('. ').length).toBeGreaterThanOrEqual(2)
  })
})

describe('parseStory()', () => {
  it('reads who does what, where to, and in which order', () => {
    expect(parseStory('first the small red ball rolls to the right, then the blue cube falls').constraints).toEqual({
      objects: [
        { size: 'small', colour: 'red', shape: 'sphere' },
        { colour: 'blue', shape: 'cube' },
      ],
      relations: [],
      absent: [],
      actions: [
        { script: 'roll', object: 0, direction: 'right' },
        { script: 'fall', object: 1 },
      ],
    })
  })

  it('follows pronouns, the camera, orbits and what happens at the same time', () => {
    const { constraints, unknown } = parseStory(
      'On the beach there is a cone and a red ball. The ball circles the cone. Then it jumps away while the camera moves closer. At last the cone appears.',
    )
    expect(unknown).toEqual([])
    expect(constraints.setting).toBe('beach')
    expect(constraints.objects).toEqual([{ shape: 'cone' }, { shape: 'sphere', colour: 'red' }])
    expect(constraints.actions).toEqual([
      { script: 'orbit', object: 1, other: 0 },
      { script: 'jump', object: 1, direction: 'away' },
      { script: 'pan', direction: 'closer', meanwhile: true },
      { script: 'appear', object: 0 },
    ])
  })
})

describe('satisfiesStory()', () => {
  const still = (pool[0] as Story).scene
  const [first] = still.objects as [Story['scene']['objects'][number]]
  const film: Story = {
    scene: {
      ...still,
      objects: [
        { ...first, shape: 'sphere', colour: 'red' },
        { ...first, shape: 'cube', colour: 'blue' },
      ],
    },
    actions: [
      { script: 'roll', object: 0, start: 0, duration: 1, direction: 'right', amount: 1 },
      { script: 'fall', object: 1, start: 0.5, duration: 0.5 },
      { script: 'pan', start: 2, duration: 1, direction: 'left' },
    ],
    duration: 3,
  }

  it.each(['the ball rolls', 'the red ball rolls to the right while the cube falls', 'a cube falls, then the camera pans leftwards'])(
    'is satisfied by "%s"',
    (text) => {
      expect(satisfiesStory(film, parseStory(text).constraints).failures).toEqual([])
    },
  )

  it.each([
    ['the ball rolls to the left', 'actions[0]'],
    ['the cube rolls', 'actions[0]'],
    ['the cube falls, then the ball rolls', 'actions[1]'],
    ['the ball rolls, then the cube falls', 'actions[1]'],
    ['the green cube falls', 'objects[0].colour'],
  ])('finds what is wrong with "%s"', (text, what) => {
    expect(satisfiesStory(film, parseStory(text).constraints).failures.map((failure) => failure.what)).toContain(what)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { key } from '../../graph/random/index.js'
import { isBenchPrompt, isHeldOutConstraint } from '../bench.js'
import { satisfies } from '../oracle.js'
import { sampleScene } from '../sample.js'
import type { Scene } from '../scene.js'
import { diorama } from '../worlds.js'
import { captionLengths, captionOf } from './caption.js'
import { heldOutWords } from './held-out.js'
import { allWordings } from './lexicon.js'
import { parseCaption } from './parse.js'

const seeds = fc.integer({ min: 0, max: 2 ** 32 })
const lengths = fc.constantFrom(...captionLengths)
const splits = fc.constantFrom('train' as const, 'held-out' as const, 'all' as const)
const pool = Array.from({ length: 120 }, (_, seed): Scene => sampleScene(seed, diorama.full))
const scenes = fc.constantFrom(...pool)
const runs = { numRuns: 2000 }

/** Whether a text holds a held-out word as a word of its own. */
const words = [...allWordings()].filter(({ heldOut }) => heldOut).map(({ words }) => words)
const novelWord = new RegExp(`\\b(?:${words.join('|')})(?:e?s)?\\b`, 'i')
const novelForm = /here we see|\bhas\b|\bhave\b/i

describe('captionOf()', () => {
  it('is true of its scene, and says what its constraints say', () => {
    fc.assert(
      fc.property(scenes, seeds, lengths, splits, (scene, seed, length, split) => {
        const { text, constraints } = captionOf(scene, key(seed), { length, split })
        expect(satisfies(scene, constraints).failures, text).toEqual([])
        expect(parseCaption(text), text).toEqual({ constraints, unknown: [], corrections: [] })
        expect(constraints.objects.length, text).toBeGreaterThan(0)
      }),
      runs,
    )
  })

  it('names fewer shapes and colours in vague captions, and rarely both of one thing, but stays true', () => {
    const named = (vague: boolean) => {
      const objects = pool.flatMap((scene, i) => {
        const { text, constraints } = captionOf(scene, key(i), { length: 'short', vague })
        expect(satisfies(scene, constraints).failures, text).toEqual([])
        return constraints.objects
      })
      return objects.filter(({ shape, colour }) => shape && colour).length / objects.length
    }
    expect(named(false)).toBeGreaterThan(0.7)
    expect(named(true)).toBeLessThan(0.6)
  })

  it('keeps held-out words and forms out of training, and always uses one where they are asked for', () => {
    fc.assert(
      fc.property(scenes, seeds, lengths, (scene, seed, length) => {
        const { text } = captionOf(scene, key(seed), { length, split: 'train' })
        expect(text).not.toMatch(novelWord)
        expect(text).not.toMatch(novelForm)
        expect(text).not.toMatch(
          /(?:^|\. |^[^.]*?, )(?:to the (?:left|right) of|on the (?:left|right) side of|left of|right of|behind|in front of|on top of)/i,
        )
      }),
      runs,
    )
    fc.assert(
      fc.property(scenes, seeds, lengths, (scene, seed, length) => {
        const { text } = captionOf(scene, key(seed), { length, split: 'held-out' })
        const fronted = /(?:^|, )(?:to the|on the|on|left of|right of|behind|in front of|closer|further)\b/i
        expect(novelWord.test(text) || novelForm.test(text) || fronted.test(text), text).toBe(true)
      }),
      runs,
    )
  })

  it('never denies in training what training scenes hold back', () => {
    const training = fc.constantFrom(...Array.from({ length: 60 }, (_, seed): Scene => sampleScene(seed, diorama.full, { split: 'train' })))
    fc.assert(
      fc.property(training, seeds, lengths, (scene, seed, length) => {
        const { text, constraints } = captionOf(scene, key(seed), { length, split: 'train' })
        expect(isHeldOutConstraint(constraints), text).toBe(false)
        expect(isHeldOutConstraint({ ...constraints, objects: constraints.absent, relations: [] }), text).toBe(false)
      }),
      runs,
    )
  })

  it('never is a prompt of the bench', () => {
    fc.assert(
      fc.property(scenes, seeds, (scene, seed) => {
        expect(isBenchPrompt(captionOf(scene, key(seed), { length: 'short' }).text)).toBe(false)
      }),
      runs,
    )
  })

  it('grows with the length that is asked for', () => {
    const scene = sampleScene(3, diorama.full)
    const mean = (length: 'short' | 'medium' | 'long'): number =>
      Array.from({ length: 200 }, (_, i) => captionOf(scene, key(i), { length }).text.length).reduce((sum, n) => sum + n) / 200
    expect(mean('short')).toBeLessThan(mean('medium'))
    expect(mean('medium')).toBeLessThan(mean('long'))
  })

  it('comes in more than a hundred wordings of one pair', () => {
    const scene = sampleScene(3, diorama.full)
    expect(new Set(Array.from({ length: 500 }, (_, i) => captionOf(scene, key(i)).text)).size).toBeGreaterThan(300)
  })

  it('is the same for the same scene and key', () => {
    const scene = sampleScene(9, diorama.full)
    expect(captionOf(scene, key(5))).toEqual(captionOf(scene, key(5)))
  })
})

describe('the lexicon', () => {
  it('gives every wording one meaning', () => {
    const meanings = new Map<string, string>()
    for (const { kind, value, words } of allWordings()) {
      const meaning = `${kind} ${value}`
      expect(meanings.get(words) ?? meaning, words).toBe(meaning)
      meanings.set(words, meaning)
    }
  })

  it('holds out words of every kind that a caption needs', () => {
    expect(Object.keys(heldOutWords)).toEqual(
      expect.arrayContaining(['shape', 'colour', 'size', 'material', 'relation', 'setting', 'time']),
    )
  })
})

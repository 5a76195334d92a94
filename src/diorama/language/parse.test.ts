import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allWordings, functionWords } from './lexicon.js'
import { parseCaption } from './parse.js'
import { longestText } from './tokens.js'

const red = { shape: 'cube', colour: 'red' } as const
const shinyBlue = { shape: 'sphere', colour: 'blue', material: 'metal' } as const
const leftOf = { subject: 0, relation: 'left of', object: 1 } as const
const nothingElse = { relations: [], absent: [] }

describe('parseCaption()', () => {
  it('reads the sentence of the README', () => {
    expect(parseCaption('a red cube left of a shiny blue sphere at sunset')).toEqual({
      constraints: { objects: [red, shinyBlue], relations: [leftOf], absent: [], time: 'sunset' },
      unknown: [],
      corrections: [],
    })
  })

  it.each([
    'A RED CUBE to the left of a blue, shiny ball AT SUNSET!',
    'red box on the left side of metallic blue sphere, in the evening light',
    'There is a red cube left of a blue sphere made of metal. The scene is at dusk.',
    'At sunset, a red cube stands to the left of a blue sphere that is shiny.',
    'a cube that is red and left of a shiny blue orb at sundown',
    'At dusk there is a red cube and a blue sphere. The cube is left of the sphere. The ball is made of steel.',
    'There is a red cube at sunset. It is to the left of a blue metal sphere.',
  ])('reads the same from "%s"', (text) => {
    expect(parseCaption(text)).toEqual({
      constraints: { objects: [red, shinyBlue], relations: [leftOf], absent: [], time: 'sunset' },
      unknown: [],
      corrections: [],
    })
  })

  it.each([
    'To the left of a shiny blue sphere, there is a red cube',
    'left of the blue metal ball is a red block',
    'a shiny blue sphere with a red cube to its left',
    'A metallic blue ball has a red box on its left',
  ])('numbers entries in the order in which "%s" names them', (text) => {
    const { constraints } = parseCaption(text)
    expect(constraints.objects).toEqual([shinyBlue, red])
    expect(constraints.relations).toEqual([{ subject: 1, relation: 'left of', object: 0 }])
  })

  it('gives a relation to the nearest noun, and behind "and" to the first', () => {
    const relationsIn = (text: string) => parseCaption(text).constraints.relations
    expect(relationsIn('a cube left of a ball behind a cone')).toEqual([leftOf, { subject: 1, relation: 'behind', object: 2 }])
    expect(relationsIn('a cube left of a ball and behind a cone')).toEqual([leftOf, { subject: 0, relation: 'behind', object: 2 }])
    expect(relationsIn('a cube left of a ball that is behind a cone and on a torus')).toEqual([
      leftOf,
      { subject: 1, relation: 'behind', object: 2 },
      { subject: 1, relation: 'on top of', object: 3 },
    ])
    expect(relationsIn('a cube under a ball')).toEqual([{ subject: 1, relation: 'on top of', object: 0 }])
  })

  it('tells "on a cube" from "on a meadow"', () => {
    expect(parseCaption('a ball on a cube on a meadow').constraints).toEqual({
      objects: [{ shape: 'sphere' }, { shape: 'cube' }],
      relations: [{ subject: 0, relation: 'on top of', object: 1 }],
      absent: [],
      setting: 'meadow',
    })
  })

  it('counts in words, digits and pairs', () => {
    for (const text of ['three red cubes', '3 red boxes', 'exactly three red blocks', 'a trio of red cubes'])
      expect(parseCaption(text).constraints).toEqual({ objects: [{ ...red, count: 3 }], ...nothingElse })
    expect(parseCaption('a pair of rings and one cone').constraints.objects).toEqual([
      { shape: 'torus', count: 2 },
      { shape: 'cone', count: 1 },
    ])
  })

  it('reads what is painted on a front face', () => {
    const decalOf = (text: string) => parseCaption(text).constraints.objects[0]?.decal
    expect(decalOf('a cube with the letter A on it')).toEqual({ kind: 'text', text: 'A' })
    expect(decalOf('a cube with the digit 7 on its front in the snow')).toEqual({ kind: 'text', text: '7' })
    expect(decalOf('a box that says "Hello"')).toEqual({ kind: 'text', text: 'HELLO' })
    expect(decalOf('a box with the word “ON” painted on it')).toEqual({ kind: 'text', text: 'ON' })
    expect(decalOf('a cube marked with a check mark')).toEqual({ kind: 'symbol', symbol: 'check mark' })
  })

  it('reads what there is not', () => {
    expect(parseCaption('a cube, without spheres or blue cones').constraints.absent).toEqual([
      { shape: 'cone', colour: 'blue' },
      { shape: 'sphere' },
    ])
    expect(parseCaption('no spheres').constraints).toEqual({ objects: [], relations: [], absent: [{ shape: 'sphere' }] })
    for (const text of [
      'a cube without anything blue',
      'a cube, with nothing blue',
      'There is a cube. Nothing is blue.',
      'a cube and no blue things',
    ])
      expect(parseCaption(text).constraints).toEqual({ objects: [{ shape: 'cube' }], relations: [], absent: [{ colour: 'blue' }] })
  })

  it('reads style, setting and time wherever they stand', () => {
    const scenery = { setting: 'beach', time: 'night', style: 'oil' }
    for (const text of ['an oil painting of a cone on the beach at night', 'At night, by the sea: a cone, oil on canvas'])
      expect(parseCaption(text).constraints).toEqual({ objects: [{ shape: 'cone' }], ...nothingElse, ...scenery })
  })

  it('lists what it does not understand, and reads the rest', () => {
    expect(parseCaption('a happy red cube juggling a Zeppelin')).toEqual({
      constraints: { objects: [red], ...nothingElse },
      unknown: ['happy', 'juggling', 'Zeppelin'],
      corrections: [],
    })
    expect(parseCaption('a red blue cube').unknown).toEqual(['blue'])
  })

  it('reports the misspellings that it reads', () => {
    expect(parseCaption('a rad cbue next to a purpel sphre')).toEqual({
      constraints: { objects: [{ shape: 'cube' }, { shape: 'sphere', colour: 'purple' }], ...nothingElse },
      unknown: ['rad', 'next', 'to'],
      corrections: [
        { found: 'cbue', read: 'cube' },
        { found: 'purpel', read: 'purple' },
        { found: 'sphre', read: 'sphere' },
      ],
    })
  })

  it('makes constraints that hold together from any words in any order', () => {
    const words = [...allWordings()]
      .map(({ words }) => words)
      .concat(Object.values(functionWords).flat(), ['.', ',', '"GO"', 'A', 'zebra', '7'])
    const texts = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((chosen) => chosen.join(' '))
    fc.assert(
      fc.property(fc.oneof(texts, fc.string({ maxLength: 200, unit: 'grapheme' })), (text) => {
        const { objects, relations } = parseCaption(text).constraints
        for (const { subject, object } of relations) {
          expect(objects[subject] && objects[object], text).toBeTruthy()
          expect(subject, text).not.toBe(object)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('answers any text in bounded time', () => {
    expect(parseCaption('')).toEqual({ constraints: { objects: [], ...nothingElse }, unknown: [], corrections: [] })
    expect(parseCaption('left of '.repeat(100_000)).constraints.relations).toEqual([])
    expect(parseCaption('a cube left of '.repeat(100_000)).constraints.objects.length).toBeLessThan(longestText)
    expect(parseCaption('the \0 " “ ,,,.').unknown).toEqual([])
  })
})

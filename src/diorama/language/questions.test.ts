import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { key } from '../../graph/random/index.js'
import { sampleScene } from '../sample.js'
import type { Scene } from '../scene.js'
import { diorama } from '../worlds.js'
import { dialogueOf } from './dialogue.js'
import { outcomeOf, type Program, ProgramError, runProgram } from './program.js'
import { type Question, questionFamilies, questionsOf } from './questions.js'

const pool = Array.from({ length: 120 }, (_, seed): Scene => sampleScene(seed, diorama.full))
const scenes = fc.constantFrom(...pool)
const seeds = fc.integer({ min: 0, max: 2 ** 32 })

const object = (shape: 'cube' | 'sphere' | 'cone', colour: 'red' | 'blue', x: number): Scene['objects'][number] => ({
  shape,
  colour,
  size: 'large',
  material: 'metal',
  position: [x, 0.7, 0],
  rotation: [0, 0, 0, 1],
})
const camera = { azimuth: 0, elevation: 0.4, distance: 9, target: [0, 0.5, 0], fieldOfView: 0.7 } as const
const row: Scene = {
  objects: [object('cube', 'red', -3), object('sphere', 'blue', 0), object('cube', 'blue', 3)],
  setting: 'snow',
  time: 'day',
  style: 'photo',
  camera,
  seed: 0,
}

describe('runProgram()', () => {
  const cubes = [{ step: 'scene' }, { step: 'filter', from: 0, attribute: 'shape', value: 'cube' }] as const satisfies Program

  it('filters, counts and compares', () => {
    expect(runProgram([...cubes, { step: 'count', from: 1 }], row)).toBe('2')
    const spheres = [...cubes, { step: 'filter', from: 0, attribute: 'shape', value: 'sphere' }] as const
    const counts = [...spheres, { step: 'count', from: 1 }, { step: 'count', from: 2 }] as const
    expect(runProgram([...counts, { step: 'more', left: 3, right: 4 }], row)).toBe('yes')
    expect(runProgram([...counts, { step: 'equal', left: 3, right: 4 }], row)).toBe('no')
    expect(runProgram([...counts, { step: 'fewer', left: 4, right: 3 }], row)).toBe('yes')
  })

  it('relates, joins and describes', () => {
    const sphere: Program = [
      { step: 'scene' },
      { step: 'filter', from: 0, attribute: 'shape', value: 'sphere' },
      { step: 'unique', from: 1 },
    ]
    expect(runProgram([...sphere, { step: 'relate', from: 2, relation: 'left of' }, { step: 'describe', from: 3 }], row)).toBe(
      'a large red metal cube',
    )
    expect(runProgram([...sphere, { step: 'relate', from: 2, relation: 'behind' }, { step: 'describe', from: 3 }], row)).toBe('nothing')
    expect(runProgram([...sphere, { step: 'same', from: 2, attribute: 'colour' }, { step: 'describe', from: 3 }], row)).toBe(
      'a large blue metal cube',
    )
    expect(runProgram([...sphere, { step: 'query', from: 2, attribute: 'decal' }], row)).toBe('nothing')
    expect(runProgram([{ step: 'scenery', of: 'setting' }], row)).toBe('snow')
  })

  it('says what is wrong with a question that takes too much for granted', () => {
    const query = (value: string): Program => [
      { step: 'scene' },
      { step: 'filter', from: 0, attribute: 'shape', value },
      { step: 'unique', from: 1 },
      { step: 'query', from: 2, attribute: 'colour' },
    ]
    expect(outcomeOf(query('torus'), row)).toEqual({ answer: 'there is no torus', premise: false })
    expect(outcomeOf(query('cube'), row)).toEqual({ answer: 'there are 2 cubes', premise: false })
    expect(outcomeOf(query('sphere'), row)).toEqual({ answer: 'blue', premise: true })
  })

  it('refuses programs whose steps do not fit together', () => {
    expect(() => runProgram([{ step: 'count', from: 3 }], row)).toThrow(
      'Cannot run step 0 of the program: it takes a set, found a step that does not come before it',
    )
    expect(() => runProgram([{ step: 'scene' }, { step: 'query', from: 0, attribute: 'size' }], row)).toThrow(
      'it takes an object, found a set',
    )
    expect(() => runProgram([{ step: 'scene' }], row)).toThrow(ProgramError)
    expect(() => runProgram([], row)).toThrow('it takes an answer at the end, found no step')
  })
})

describe('questionsOf()', () => {
  it('asks different questions whose programs give their answers and whose premises hold', () => {
    fc.assert(
      fc.property(scenes, seeds, (scene, seed) => {
        const questions = questionsOf(scene, key(seed), 6)
        expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length)
        for (const { question, answer, program } of questions) {
          expect(outcomeOf(program, scene), question).toEqual({ answer, premise: true })
          expect(question).toMatch(/^[A-Z].*\?$/)
        }
      }),
      { numRuns: 300 },
    )
  })

  const asked: Question[] = pool.flatMap((scene, i) => questionsOf(scene, key(i), 60))
  const share = (questions: readonly Question[], answer: string): number =>
    questions.filter((question) => question.answer === answer).length / questions.length

  it.each(questionFamilies)('balances the answers of "%s"', (family) => {
    const own = asked.filter((question) => question.family === family)
    expect(own.length).toBeGreaterThan(100)
    const polar = family.startsWith('exist') || family.startsWith('compare')
    if (polar) expect(Math.abs(share(own, 'yes') - 0.5)).toBeLessThan(0.1)
    else for (const answer of new Set(own.map(({ answer }) => answer))) expect(share(own, answer), answer).toBeLessThan(0.5)
  })

  it('asks in programs of many steps', () => {
    expect(asked.filter(({ program }) => program.length >= 5).length / asked.length).toBeGreaterThan(0.4)
  })

  it('never asks for an attribute that the question gives away', () => {
    for (const { program, question } of asked) {
      const last = program.at(-1)
      if (last?.step !== 'query') continue
      let at = last.from
      let step = program[at]
      while (step && 'from' in step && step.step !== 'relate') {
        if (step.step === 'filter') expect(step.attribute, question).not.toBe(last.attribute)
        at = step.from
        step = program[at]
      }
    }
  })
})

describe('dialogueOf()', () => {
  it('follows up, and every turn stands on its own as a program', () => {
    let followUps = 0
    let falsePremises = 0
    for (const [i, scene] of pool.entries()) {
      const turns = dialogueOf(scene, key(i), 6)
      expect(turns).toHaveLength(6)
      for (const { question, answer, program, premise } of turns) {
        expect(outcomeOf(program, scene), question).toEqual({ answer, premise })
        if (/\b(?:it|those|them)\b/.test(question)) followUps++
        if (!premise) {
          falsePremises++
          expect(answer).toMatch(/^there (?:is no|are \d) /)
        }
      }
    }
    expect(followUps).toBeGreaterThan(100)
    expect(falsePremises).toBeGreaterThan(50)
  })

  it('is the same for the same scene and key', () => {
    expect(dialogueOf(row, key(1), 8)).toEqual(dialogueOf(row, key(1), 8))
  })
})

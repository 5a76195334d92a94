import { GeneraError } from '../../graph/errors.js'
import { relates } from '../relations.js'
import type { Relation, Scene } from '../scene.js'
import { type Attribute, attributes, type Description, decalText, only, plainWords } from './description.js'
import { plural, withArticle } from './lexicon.js'

/**
 * One step of a program. `from`, `left` and `right` are positions of earlier steps. A set is the positions of objects in rising
 * order, an object is one of them.
 *
 * | step | takes | gives |
 * | --- | --- | --- |
 * | scene | | the set of all objects |
 * | filter | a set | those whose attribute has the value (for decals: the letters, or the symbol's name) |
 * | unique | a set | its only object; if there is none or several, the whole program answers with that |
 * | relate | an object | the set of those that stand in the relation to it |
 * | same | an object | the set of the others that share its attribute |
 * | and, or | two sets | what is in both, in either |
 * | count, exist | a set | a number, yes or no |
 * | equal, more, fewer | two numbers | yes or no |
 * | query | an object | its attribute; "nothing" for a front face without a decal |
 * | match | two objects | whether they share the attribute |
 * | describe | a set | "a small red metal cube and …", or "nothing" |
 * | scenery | | the scene's setting or time of day |
 */
export type Step =
  | { readonly step: 'scene' }
  | { readonly step: 'filter'; readonly from: number; readonly attribute: Attribute; readonly value: string }
  | { readonly step: 'unique' | 'count' | 'exist' | 'describe'; readonly from: number }
  | { readonly step: 'relate'; readonly from: number; readonly relation: Relation }
  | { readonly step: 'same' | 'query'; readonly from: number; readonly attribute: Attribute }
  | { readonly step: 'and' | 'or' | 'equal' | 'more' | 'fewer'; readonly left: number; readonly right: number }
  | { readonly step: 'match'; readonly left: number; readonly right: number; readonly attribute: Attribute }
  | { readonly step: 'scenery'; readonly of: 'setting' | 'time' }

export type Program = readonly Step[]

/** A program that names steps which are not there, or feeds one what it cannot take. */
export class ProgramError extends GeneraError {
  override readonly name = 'ProgramError'
  constructor(readonly parts: { at: number; expected: string; found: string }) {
    super('program', `Cannot run step ${parts.at} of the program: it takes ${parts.expected}, found ${parts.found}`)
  }
}

export interface Outcome {
  /** In lower case: "yes", "no", a number in digits, a word of the world, a description, or what is wrong with the question. */
  readonly answer: string
  /** Whether what the question takes for granted is so: each "the …" means exactly one object. */
  readonly premise: boolean
}

/** Runs a program on a scene; the last step's value is the answer. */
export const runProgram = (program: Program, scene: Scene): string => outcomeOf(program, scene).answer

/** What one step may give: a set, a number, a word, or one object in a box of its own. */
type Value = readonly number[] | number | string | { readonly object: number }

export function outcomeOf(program: Program, scene: Scene): Outcome {
  const values: Value[] = []
  for (const [at, step] of program.entries()) {
    const value = resultOf(step, new Inputs(values, at), scene)
    if (value === undefined) return { answer: wrongPremise(program, step as Step & { from: number }, values), premise: false }
    values.push(value)
  }
  const last = values.at(-1)
  if (typeof last !== 'string' && typeof last !== 'number')
    throw new ProgramError({ at: program.length, expected: 'an answer at the end', found: last === undefined ? 'no step' : nameOf(last) })
  return { answer: String(last), premise: true }
}

const yes = (is: boolean): string => (is ? 'yes' : 'no')
const nameOf = (value: Value): string =>
  typeof value === 'string' ? 'a word' : typeof value === 'number' ? 'a number' : 'object' in value ? 'an object' : 'a set'

/** The values of earlier steps, as the kind that a step needs. */
class Inputs {
  constructor(
    readonly values: readonly Value[],
    readonly at: number,
  ) {}

  set(from: number): readonly number[] {
    const value = this.values[from]
    return Array.isArray(value) ? value : this.#refuse('a set', value)
  }
  object(from: number): number {
    const value = this.values[from]
    return typeof value === 'object' && 'object' in value ? value.object : this.#refuse('an object', value)
  }
  number(from: number): number {
    const value = this.values[from]
    return typeof value === 'number' ? value : this.#refuse('a number', value)
  }
  #refuse(expected: string, value: Value | undefined): never {
    throw new ProgramError({ at: this.at, expected, found: value === undefined ? 'a step that does not come before it' : nameOf(value) })
  }
}

/** The value of a step; nothing where "unique" is not. */
function resultOf(step: Step, inputs: Inputs, scene: Scene): Value | undefined {
  const attribute = (i: number, name: Attribute): string => {
    const object = scene.objects[i] as Scene['objects'][number]
    return name === 'decal' ? (decalText(object.decal) ?? 'nothing') : object[name]
  }
  const all = scene.objects.map((_, i) => i)
  switch (step.step) {
    case 'scene':
      return all
    case 'filter':
      return inputs.set(step.from).filter((i) => attribute(i, step.attribute) === step.value)
    case 'unique': {
      const [object, ...others] = inputs.set(step.from)
      return object === undefined || others.length > 0 ? undefined : { object }
    }
    case 'relate': {
      const object = inputs.object(step.from)
      return all.filter((i) => relates(scene, i, step.relation, object))
    }
    case 'same': {
      const object = inputs.object(step.from)
      return all.filter((i) => i !== object && attribute(i, step.attribute) === attribute(object, step.attribute))
    }
    case 'and': {
      const right = new Set(inputs.set(step.right))
      return inputs.set(step.left).filter((i) => right.has(i))
    }
    case 'or': {
      const either = new Set([...inputs.set(step.left), ...inputs.set(step.right)])
      return all.filter((i) => either.has(i))
    }
    case 'count':
      return inputs.set(step.from).length
    case 'exist':
      return yes(inputs.set(step.from).length > 0)
    case 'equal':
      return yes(inputs.number(step.left) === inputs.number(step.right))
    case 'more':
      return yes(inputs.number(step.left) > inputs.number(step.right))
    case 'fewer':
      return yes(inputs.number(step.left) < inputs.number(step.right))
    case 'query':
      return attribute(inputs.object(step.from), step.attribute)
    case 'match':
      return yes(attribute(inputs.object(step.left), step.attribute) === attribute(inputs.object(step.right), step.attribute))
    case 'describe':
      return listOf(
        inputs.set(step.from).map((i) => withArticle(plainWords(only(scene.objects[i] as Scene['objects'][number], attributes)))),
      )
    case 'scenery':
      return scene[step.of]
  }
}

/** "a, b and c"; "nothing" of an empty list. */
export const listOf = (phrases: readonly string[]): string =>
  phrases.length === 0
    ? 'nothing'
    : phrases.length === 1
      ? (phrases[0] as string)
      : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`

/** "there is no torus", "there are 2 cubes": why a "unique" has failed. */
function wrongPremise(program: Program, unique: { from: number }, values: readonly Value[]): string {
  const description: Description = {}
  let step = program[unique.from]
  while (step?.step === 'filter') {
    if (step.attribute !== 'decal') Object.assign(description, { [step.attribute]: step.value })
    step = program[step.from]
  }
  const found = (values[unique.from] as readonly number[]).length
  const words = plainWords(description)
  const named = step?.step === 'scene' ? words : `such ${words}`
  if (found === 0) return `there is no ${named}`
  return step?.step === 'scene' ? `there are ${found} ${plural(words)}` : `there are ${found} such ${plural(words)}`
}

/** The steps that pick out what fits a description, from all objects or from the set at `from`; positions count from `at`. */
export function filters(description: Description, at: number, from?: number): Step[] {
  const steps: Step[] = from === undefined ? [{ step: 'scene' }] : []
  let last = from ?? at
  for (const attribute of attributes) {
    const value = attribute === 'decal' ? decalText(description.decal) : description[attribute]
    if (value === undefined) continue
    steps.push({ step: 'filter', from: last, attribute, value })
    last = at + steps.length - 1
  }
  return steps
}

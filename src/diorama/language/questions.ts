import type { Key } from '../../graph/random/index.js'
import { relates } from '../relations.js'
import { colours, materials, type Relation, relations, type Scene, shapes, sizes } from '../scene.js'
import type { Split } from '../splits.js'
import { type Attribute, type Description, fits, fitting, only } from './description.js'
import { Dice } from './dice.js'
import { capitalised, withArticle } from './lexicon.js'
import { filters, outcomeOf, type Program, type Step } from './program.js'
import { Writer } from './writer.js'

export const questionFamilies = [
  'count',
  'count relation',
  'count either',
  'count same',
  'exist',
  'exist relation',
  'exist both',
  'exist same',
  'compare counts',
  'compare attribute',
  'query',
  'query relation',
  'scenery',
] as const
export type QuestionFamily = (typeof questionFamilies)[number]

export interface Question {
  readonly question: string
  readonly answer: string
  readonly program: Program
  readonly family: QuestionFamily
}

/**
 * Different questions about a scene, at most `count` of them; very small scenes may have fewer. Families come equally often where a
 * scene has room for them. "Yes" and "no" are drawn before the question is, so that guessing from the words alone does not pay.
 */
export function questionsOf(scene: Scene, key: Key, count: number, { split = 'all' }: { split?: Split } = {}): Question[] {
  const questions = new Map<string, Question>()
  for (let attempt = 0; questions.size < count && attempt < 20 * count; attempt++) {
    const dice = new Dice(key.child(attempt))
    const question = new Asker(scene, dice, new Writer(dice, split)).ask(dice.pick(questionFamilies))
    if (question) questions.set(question.question, question)
  }
  return [...questions.values()]
}

/** How often a question is drawn anew until it has the answer that was drawn for it. */
const attempts = 24

type Draft = { question: string; program: Step[] } | undefined

/** Draws questions of one family after another about one scene. */
export class Asker {
  constructor(
    readonly scene: Scene,
    readonly dice: Dice,
    readonly writer: Writer,
  ) {}

  /** A question of this family, unless the scene has no room for one. */
  ask(family: QuestionFamily): Question | undefined {
    const { dice } = this
    const polar = family.startsWith('exist') || family.startsWith('compare')
    const wanted = polar
      ? dice.pick(['yes', 'no'])
      : family.startsWith('count')
        ? `${dice.below(Math.min(4, this.scene.objects.length + 1))}`
        : undefined
    for (let i = 0; i < attempts; i++) {
      const draft = this.#draft(family)
      if (!draft) continue
      const { answer, premise } = outcomeOf(draft.program, this.scene)
      if (premise && (wanted === undefined || wanted === answer)) return { ...draft, question: capital(draft.question), answer, family }
    }
    return undefined
  }

  #draft(family: QuestionFamily): Draft {
    switch (family) {
      case 'count':
        return this.#count()
      case 'count relation':
        return this.#related('count')
      case 'count either':
        return this.#either()
      case 'count same':
        return this.#sameAs('count')
      case 'exist':
        return this.#exist()
      case 'exist relation':
        return this.#related('exist')
      case 'exist both':
        return this.#both()
      case 'exist same':
        return this.#sameAs('exist')
      case 'compare counts':
        return this.#compareCounts()
      case 'compare attribute':
        return this.#compareAttribute()
      case 'query':
        return this.#query()
      case 'query relation':
        return this.#queryRelated()
      case 'scenery':
        return this.dice.chance(0.5)
          ? { question: this.dice.pick(['where is this', 'what is the setting']), program: [{ step: 'scenery', of: 'setting' }] }
          : { question: this.dice.pick(['what time of day is it', 'when is this']), program: [{ step: 'scenery', of: 'time' }] }
    }
  }

  // Words for objects

  /** One or two attributes that objects may or may not have: half of the time those of an object of the scene. */
  description(): Description {
    const { dice, scene } = this
    for (;;) {
      const chosen: Attribute[] = dice.pick(few)
      if (dice.chance(0.55)) return only(dice.pick(scene.objects), chosen)
      const look = { shape: dice.pick(shapes), colour: dice.pick(colours), size: dice.pick(sizes), material: dice.pick(materials) }
      const description = only(look, chosen)
      if (this.writer.maySay(description)) return description
    }
  }

  /** The shortest words that mean this object only, without the attribute that is asked for; nothing if there are none. */
  unique(i: number, asked?: Attribute): Description | undefined {
    const object = this.scene.objects[i] as Scene['objects'][number]
    const tries = this.dice.shuffle(oneOrTwo).concat(more)
    const found = tries.find(
      (chosen) => (asked === undefined || !chosen.includes(asked)) && fitting(this.scene, only(object, chosen)).length === 1,
    )
    return found && only(object, found)
  }

  #any(asked?: Attribute): { i: number; description: Description } | undefined {
    const i = this.dice.below(this.scene.objects.length)
    const description = this.unique(i, asked)
    return description && { i, description }
  }

  #the = (description: Description): string => `the ${this.writer.noun(description)}`
  #many = (description: Description): string => this.writer.noun(description, true)

  // Families

  #count(): Draft {
    const description = this.description()
    const program = filters(description, 0)
    program.push({ step: 'count', from: program.length - 1 })
    const many = this.#many(description)
    return {
      question: this.dice.pick([`how many ${many} are there`, `how many ${many} can you see`, `what number of ${many} are there`]),
      program,
    }
  }

  #exist(): Draft {
    const description = this.description()
    const program = filters(description, 0)
    program.push({ step: 'exist', from: program.length - 1 })
    return {
      question: this.dice.chance(0.5)
        ? `is there ${withArticle(this.writer.noun(description))}`
        : `are there any ${this.#many(description)}`,
      program,
    }
  }

  /** Steps that end in the object of a unique description. */
  static one(description: Description, at: number): Step[] {
    const steps = filters(description, at)
    return [...steps, { step: 'unique', from: at + steps.length - 1 }]
  }

  /** "How many small things are behind the cube?" */
  #related(end: 'count' | 'exist'): Draft {
    const anchor = this.#any()
    if (!anchor || this.scene.objects.length < 2) return undefined
    const description = this.dice.chance(0.4) ? {} : this.description()
    if (fits(this.scene.objects[anchor.i] as Description, description) && fitting(this.scene, description).length === 1) return undefined
    const relation = this.dice.pick(relations)
    const program = Asker.one(anchor.description, 0)
    program.push({ step: 'relate', from: program.length - 1, relation })
    program.push(...filters(description, program.length, program.length - 1))
    program.push({ step: end, from: program.length - 1 })
    const place = `${this.writer.relation(relation)} ${this.#the(anchor.description)}`
    if (end === 'count') return { question: `how many ${this.#many(description)} are ${place}`, program }
    return {
      question: this.dice.chance(0.5)
        ? `is there ${withArticle(this.writer.noun(description))} ${place}`
        : `are any ${this.#many(description)} ${place}`,
      program,
    }
  }

  /** "How many things are red or made of glass?" of two different attributes. */
  #either(): Draft {
    const { dice, writer } = this
    const object = dice.pick(this.scene.objects)
    const colour = dice.chance(0.6) ? object.colour : dice.pick(colours)
    const second = dice.chance(0.5)
      ? only({ ...object, size: dice.pick(sizes) }, ['size'])
      : only({ ...object, material: dice.pick(materials) }, ['material'])
    const word = second.size ? writer.word('size', second.size) : second.material ? writer.word('material', second.material) : ''
    const program = filters({ colour }, 0)
    program.push(...filters(second, program.length, 0))
    program.push({ step: 'or', left: 1, right: 2 }, { step: 'count', from: 3 })
    return { question: `how many ${this.#many({})} are ${writer.word('colour', colour)} or ${word}`, program }
  }

  /** "Is there anything left of the cube and behind the red ball?" Mostly in relations that some third object has to one of the two. */
  #both(): Draft {
    const { dice, writer, scene } = this
    const [a, b, c] = dice.shuffle(scene.objects.map((_, i) => i))
    if (a === undefined || b === undefined || c === undefined) return undefined
    const [first, second] = [this.unique(a), this.unique(b)]
    if (!first || !second) return undefined
    const relation = (to: number): Relation => {
      const true_ = dice.chance(0.3) ? [] : relations.filter((r) => relates(scene, c, r, to))
      return dice.pick(true_.length > 0 ? true_ : relations)
    }
    const [r, s] = [relation(a), relation(b)]
    const program = Asker.one(first, 0)
    program.push({ step: 'relate', from: program.length - 1, relation: r })
    const left = program.length - 1
    program.push(...Asker.one(second, program.length))
    program.push({ step: 'relate', from: program.length - 1, relation: s })
    program.push({ step: 'and', left, right: program.length - 1 })
    program.push({ step: 'exist', from: program.length - 1 })
    return {
      question: `is there anything ${writer.relation(r)} ${this.#the(first)} and ${writer.relation(s)} ${this.#the(second)}`,
      program,
    }
  }

  #sameAs(end: 'count' | 'exist'): Draft {
    const attribute = this.dice.pick(sharable)
    const anchor = this.#any(attribute)
    if (!anchor || this.scene.objects.length < 3) return undefined
    const program = Asker.one(anchor.description, 0)
    program.push({ step: 'same', from: program.length - 1, attribute })
    program.push({ step: end, from: program.length - 1 })
    const like = `${sameWords[attribute]} as ${this.#the(anchor.description)}`
    if (end === 'count')
      return { question: `how many other ${this.#many({})} ${attribute === 'material' ? 'are made of' : 'have'} ${like}`, program }
    return { question: `is there another ${this.writer.noun({})} ${attribute === 'material' ? 'made of' : 'with'} ${like}`, program }
  }

  #compareCounts(): Draft {
    const { dice } = this
    const [a, b] = [this.description(), this.description()]
    if (fits(a, b) || fits(b, a)) return undefined // one counts what the other counts, so the words alone would answer
    const compare = dice.pick(['more', 'fewer', 'equal'] as const)
    const program = filters(a, 0)
    program.push({ step: 'count', from: program.length - 1 })
    const left = program.length - 1
    program.push(...filters(b, program.length))
    program.push({ step: 'count', from: program.length - 1 })
    program.push({ step: compare, left, right: program.length - 1 })
    const [first, second] = [this.#many(a), this.#many(b)]
    return {
      question: compare === 'equal' ? `are there as many ${first} as ${second}` : `are there ${compare} ${first} than ${second}`,
      program,
    }
  }

  #compareAttribute(): Draft {
    const attribute = this.dice.pick(sharable)
    const [a, b] = this.dice.shuffle(this.scene.objects.map((_, i) => i))
    const [first, second] = [
      a === undefined ? undefined : this.unique(a, attribute),
      b === undefined ? undefined : this.unique(b, attribute),
    ]
    if (!first || !second) return undefined
    const program = Asker.one(first, 0)
    const left = program.length - 1
    program.push(...Asker.one(second, program.length))
    program.push({ step: 'match', left, right: program.length - 1, attribute })
    const verb = attribute === 'material' ? 'are' : 'do'
    const [x, y] = [this.#the(first), this.#the(second)]
    return {
      question: verb === 'are' ? `are ${x} and ${y} made of ${sameWords.material}` : `do ${x} and ${y} have ${sameWords[attribute]}`,
      program,
    }
  }

  #query(): Draft {
    const attribute = this.dice.pick(askable)
    const anchor = this.#any(attribute)
    if (!anchor) return undefined
    const program = Asker.one(anchor.description, 0)
    program.push({ step: 'query', from: program.length - 1, attribute })
    return { question: queryWords(this.dice, attribute, this.#the(anchor.description)), program }
  }

  /** "What colour is the cube that is left of the red ball?", where there are other cubes. */
  #queryRelated(): Draft {
    const { dice, scene } = this
    const attribute = dice.pick(askable)
    const anchor = this.#any()
    if (!anchor || scene.objects.length < 2) return undefined
    const relation = dice.pick(relations)
    const related = scene.objects.map((_, i) => i).filter((i) => relates(scene, i, relation, anchor.i))
    if (related.length === 0) return undefined
    const target = scene.objects[dice.pick(related)] as Scene['objects'][number]
    const description = only(target, dice.pick(oneOrTwo.filter((chosen) => chosen.length < 2 && !chosen.includes(attribute)).concat([[]])))
    if (fitting(scene, description).length < 2) return undefined // the relation would be idle
    const program = Asker.one(anchor.description, 0)
    program.push({ step: 'relate', from: program.length - 1, relation })
    program.push(...filters(description, program.length, program.length - 1))
    program.push({ step: 'unique', from: program.length - 1 })
    program.push({ step: 'query', from: program.length - 1, attribute })
    const place = `${this.writer.relation(relation)} ${this.#the(anchor.description)}`
    return { question: queryWords(dice, attribute, `${this.#the(description)} that is ${place}`), program }
  }
}

const oneOrTwo: readonly Attribute[][] = [
  ['shape'],
  ['colour'],
  ['shape', 'colour'],
  ['shape', 'size'],
  ['shape', 'material'],
  ['colour', 'size'],
  ['colour', 'material'],
]
const few: readonly Attribute[][] = [
  ['shape'],
  ['colour'],
  ['shape', 'colour'],
  ['shape', 'size'],
  ['shape', 'material'],
  ['material'],
  ['size'],
]
const more: readonly Attribute[][] = [
  ['shape', 'colour', 'size'],
  ['shape', 'colour', 'material'],
  ['shape', 'size', 'material'],
  ['colour', 'size', 'material'],
  ['shape', 'colour', 'size', 'material'],
]
export const askable = ['shape', 'colour', 'size', 'material'] as const satisfies readonly Attribute[]
const sharable = askable
const sameWords = { shape: 'the same shape', colour: 'the same colour', size: 'the same size', material: 'the same material' } as const

/** A question for one attribute of what `the` names. */
export function queryWords(dice: Dice, attribute: (typeof askable)[number], the: string): string {
  if (attribute === 'material')
    return dice.pick([`what material is ${the}`, `is ${the} matte, metal or glass`, `what is the material of ${the}`])
  if (attribute === 'size') return dice.pick([`is ${the} small or large`, `what size is ${the}`, `how big is ${the}`])
  return dice.pick([`what ${attribute} is ${the}`, `what is the ${attribute} of ${the}`])
}

export const capital = (question: string): string => `${capitalised(question)}?`

import type { Key } from '../../graph/random/index.js'
import { colours, materials, relations, type Scene, shapes } from '../scene.js'
import type { Split } from '../splits.js'
import { type Attribute, type Description, fitting, only } from './description.js'
import { Dice } from './dice.js'
import { filters, outcomeOf, type Program, type Step } from './program.js'
import { Asker, askable, capital, queryWords } from './questions.js'
import { Writer } from './writer.js'

/** What is asked, and what is answered. */
export interface Exchange {
  readonly question: string
  readonly answer: string
}

export interface Turn extends Exchange {
  /** The whole question, with what "it" and "those" stand for. */
  readonly program: Program
  /** False where the question takes for granted what is not so; the answer then says what is. */
  readonly premise: boolean
}

/** What has just been spoken of: steps that end in one object, or in a set of several. */
type Focus = { readonly kind: 'it' | 'those'; readonly steps: readonly Step[]; readonly known: readonly Attribute[] } | undefined

/** A conversation about a scene: openings, follow-ups that only make sense after what came before, and false premises. */
export function dialogueOf(scene: Scene, key: Key, turns: number, { split = 'all' }: { split?: Split } = {}): Turn[] {
  const talk = new Talk(scene, key, split)
  return Array.from({ length: turns }, (_, i) => talk.turn(i))
}

class Talk {
  #focus: Focus
  readonly #asked = new Set<string>()

  constructor(
    readonly scene: Scene,
    readonly key: Key,
    readonly split: Split,
  ) {}

  turn(index: number): Turn {
    for (let attempt = 0; ; attempt++) {
      const dice = new Dice(this.key.child(index, attempt))
      const asker = new Asker(this.scene, dice, new Writer(dice, this.split))
      const before = this.#focus
      const draft = this.#draft(asker)
      // After many tries in a small scene, a question may come again
      if (draft && (attempt > 40 || !this.#asked.has(draft.question))) {
        this.#asked.add(draft.question)
        return { question: capital(draft.question), program: draft.program, ...outcomeOf(draft.program, this.scene) }
      }
      this.#focus = before
    }
  }

  #draft(asker: Asker): { question: string; program: Step[] } | undefined {
    const { dice } = asker
    if (dice.chance(0.15)) return this.#falsePremise(asker)
    if (this.#focus?.kind === 'it' && dice.chance(0.75)) return this.#aboutIt(asker, this.#focus)
    if (this.#focus?.kind === 'those' && dice.chance(0.85)) return this.#aboutThose(asker, this.#focus)
    return dice.chance(0.5) ? this.#countFirst(asker) : this.#queryFirst(asker)
  }

  #queryFirst(asker: Asker): { question: string; program: Step[] } | undefined {
    const attribute = asker.dice.pick(askable)
    const description = asker.unique(asker.dice.below(this.scene.objects.length), attribute)
    if (!description) return undefined
    const steps = Asker.one(description, 0)
    this.#focus = { kind: 'it', steps, known: [attribute, ...(Object.keys(description) as Attribute[])] }
    return {
      question: queryWords(asker.dice, attribute, `the ${asker.writer.noun(description)}`),
      program: [...steps, query(steps, attribute)],
    }
  }

  #countFirst(asker: Asker): { question: string; program: Step[] } {
    const description = asker.description()
    const steps = filters(description, 0)
    const known = Object.keys(description) as Attribute[]
    const found = fitting(this.scene, description).length
    if (found === 0) this.#focus = undefined
    else if (found === 1) this.#focus = { kind: 'it', steps: Asker.one(description, 0), known }
    else this.#focus = { kind: 'those', steps, known }
    return {
      question: `how many ${asker.writer.noun(description, true)} are there`,
      program: [...steps, { step: 'count', from: steps.length - 1 }],
    }
  }

  #aboutIt(asker: Asker, { steps, known }: NonNullable<Focus>): { question: string; program: Step[] } | undefined {
    const { dice, writer } = asker
    const unknown = askable.filter((attribute) => !known.includes(attribute))
    if (unknown.length > 0 && dice.chance(0.5)) {
      const attribute = dice.pick(unknown)
      this.#focus = { kind: 'it', steps, known: [...known, attribute] }
      return {
        question: `${dice.pick(['', 'and ', 'so '])}${queryWords(dice, attribute, 'it')}`,
        program: [...steps, query(steps, attribute)],
      }
    }
    if (this.scene.objects.length < 2) return undefined
    const relation = dice.pick(relations)
    const related: Step[] = [...steps, { step: 'relate', from: steps.length - 1, relation }]
    const found = outcomeOf([...related, { step: 'count', from: related.length - 1 }], this.scene).answer
    if (found === '0' && dice.chance(0.7)) return undefined
    if (found === '1') this.#focus = { kind: 'it', steps: [...related, { step: 'unique', from: related.length - 1 }], known: askable }
    if (Number(found) > 1) this.#focus = { kind: 'those', steps: related, known: [] }
    return {
      question: `${dice.pick(['', 'and '])}what is ${writer.relation(relation)} it`,
      program: [...related, { step: 'describe', from: related.length - 1 }],
    }
  }

  #aboutThose(asker: Asker, { steps, known }: NonNullable<Focus>): { question: string; program: Step[] } | undefined {
    const { dice, writer } = asker
    const attribute = dice.pick(['colour', 'material'] as const)
    if (known.includes(attribute)) return undefined
    const object = dice.pick(this.scene.objects)
    const value: Description =
      attribute === 'colour' ? { colour: dice.chance(0.7) ? object.colour : dice.pick(colours) } : { material: dice.pick(materials) }
    const word = value.colour ? writer.word('colour', value.colour) : value.material ? writer.word('material', value.material) : ''
    const chosen = [...steps, ...filters(value, steps.length, steps.length - 1)]
    const last = chosen.length - 1
    const found = Number(outcomeOf([...chosen, { step: 'count', from: last }], this.scene).answer)
    if (found === 1) this.#focus = { kind: 'it', steps: [...chosen, { step: 'unique', from: last }], known: [...known, attribute] }
    if (dice.chance(0.5) || found === 1)
      return { question: `how many of ${dice.pick(['those', 'them'])} are ${word}`, program: [...chosen, { step: 'count', from: last }] }
    return { question: `are any of them ${word}`, program: [...chosen, { step: 'exist', from: last }] }
  }

  /** Of something that is not there, or that there are several of. */
  #falsePremise(asker: Asker): { question: string; program: Step[] } | undefined {
    const { dice, writer, scene } = asker
    const description: Description = only(
      { shape: dice.pick(shapes), colour: dice.pick(colours) },
      dice.chance(0.6) ? ['shape'] : ['shape', 'colour'],
    )
    if (fitting(scene, description).length === 1 || !writer.maySay(description)) return undefined
    const attribute = dice.pick(askable.filter((other) => description[other] === undefined))
    const steps = Asker.one(description, 0)
    this.#focus = undefined
    return { question: queryWords(dice, attribute, `the ${writer.noun(description)}`), program: [...steps, query(steps, attribute)] }
  }
}

const query = (steps: readonly Step[], attribute: Attribute): Step => ({ step: 'query', from: steps.length - 1, attribute })

import type { Key } from '../../graph/random/index.js'
import type { ActionConstraint, Constraints, StoryConstraints } from '../constraints.js'
import { type Action, type Direction, hasDirection, type Script, type Story } from '../motion/story.js'
import { overlaps } from '../oracle.js'
import type { Scene } from '../scene.js'
import type { CaptionOptions } from './caption.js'
import { type Attribute, attributes, canonical, type Description, fitting, only } from './description.js'
import { Dice } from './dice.js'
import { wordings } from './lexicon.js'
import { type Parsed, Reader } from './parse.js'
import { lexemesOf, type Meaning } from './phrases.js'
import { listOf } from './program.js'
import { tokenize } from './tokens.js'
import { type Mention, Writer } from './writer.js'

export interface StoryCaption {
  readonly text: string
  readonly constraints: StoryConstraints
}

/**
 * What happens in a film, in the order of the telling: "first the small red ball rolls to the right, then the blue cube falls".
 * Short ones are one sentence, medium ones say where and when as well, long ones name everything first and tell it sentence by sentence.
 */
export function storyCaption(story: Story, key: Key, { length, split = 'all' }: CaptionOptions = {}): StoryCaption {
  const dice = new Dice(key)
  const writer = new Writer(dice, split)
  return new Teller(story, dice, writer).tell(length ?? dice.pick(['short', 'medium', 'long']), split === 'held-out')
}

class Teller {
  readonly #mentions = new Map<number, Mention>()
  readonly #actions: (Action & { readonly meanwhile: boolean })[]
  #said: Pick<Constraints, 'setting' | 'time'> = {}
  #last: number | undefined

  constructor(
    readonly story: Story,
    readonly dice: Dice,
    readonly writer: Writer,
  ) {
    const told = story.actions.filter((action, i) => !this.#isTwinOfEarlier(action, story.actions.slice(0, i)))
    this.#actions = told.map((action, i) => {
      const before = told[i - 1]
      return { ...action, meanwhile: before !== undefined && overlaps(before, action) }
    })
  }

  /** Two objects that no words tell apart: only the first that acts is spoken of. */
  #isTwinOfEarlier({ object, other }: Action, earlier: readonly Action[]): boolean {
    const acted = earlier.flatMap((action) => [action.object, action.other])
    return [object, other].some((i) => i !== undefined && acted.some((j) => j !== undefined && j !== i && this.#areTwins(i, j)))
  }

  #areTwins(i: number, j: number): boolean {
    const own = this.story.scene.objects[i]
    return own !== undefined && fitting(this.story.scene, only(own, attributes)).includes(j)
  }

  tell(length: 'short' | 'medium' | 'long', novel: boolean): StoryCaption {
    const sentences = length === 'long' ? [this.#opening(), ...this.#sentences()] : [this.#sentence()]
    if (length === 'medium') sentences[0] = `${this.#scenery()}, ${sentences[0]}`
    if (novel && !this.writer.novel) sentences[0] = `here we see ${(sentences[0] as string).replace(/^there (?:is|are) /, '')}`
    const text = sentences.join('. ')
    const proper = length === 'long' || this.dice.chance(0.4)
    return {
      text: proper ? `${text.replace(/(^|\. )([a-z])/g, (_, gap: string, letter: string) => gap + letter.toUpperCase())}.` : text,
      constraints: this.#constraints(),
    }
  }

  #constraints(): StoryConstraints {
    const index = (object: number): number => this.writer.mentioned.indexOf(this.#mentions.get(object) as Mention)
    const actions = this.#actions.map(
      ({ script, object, direction, other, meanwhile }): ActionConstraint => ({
        script,
        ...(object !== undefined && { object: index(object) }),
        ...(direction !== undefined && tellsDirection(script) && { direction }),
        ...(other !== undefined && { other: index(other) }),
        ...(meanwhile && { meanwhile }),
      }),
    )
    const objects = this.writer.mentioned.map(({ description }) => description)
    return { ...canonical({ objects, relations: [], absent: [], ...this.#said }), actions }
  }

  #scenery(): string {
    const { setting, time } = this.story.scene
    const both = setting !== 'night city' && this.dice.chance(0.5)
    this.#said = both ? { setting, time } : { setting }
    return both ? `${this.writer.word('setting', setting)} ${this.writer.word('time', time)}` : this.writer.word('setting', setting)
  }

  /** "There is a cube and a red ball on the beach", of all objects that words tell apart. */
  #opening(): string {
    const { objects: all } = this.story.scene
    const objects = this.dice.shuffle(
      all.map((_, i) => i).filter((i) => this.#isUnique(only(all[i] as Scene['objects'][number], attributes))),
    )
    if (objects.length === 0) return `the scene is ${this.#scenery()}`
    const list = listOf(objects.map((i) => this.writer.introduce(this.#mention(i))))
    return `there is ${list}${this.dice.chance(0.7) ? ` ${this.#scenery()}` : ''}`
  }

  #sentences(): string[] {
    return this.#actions.map((action, i) => {
      const link =
        i === 0
          ? this.dice.pick(['', 'first '])
          : action.meanwhile
            ? this.dice.pick(['meanwhile ', 'at the same time '])
            : this.dice.pick(['then ', 'after that ', 'afterwards '])
      return `${link}${this.#clause(action)}`
    })
  }

  #sentence(): string {
    const clauses = this.#actions.map((action, i) => {
      const link =
        i === 0
          ? this.#actions.length > 1
            ? this.dice.pick(['', 'first '])
            : ''
          : action.meanwhile
            ? this.dice.pick([' while ', ', and at the same time '])
            : this.dice.pick([', then ', ' and then '])
      return `${link}${this.#clause(action)}`
    })
    return clauses.join('')
  }

  #clause({ script, object, direction, other }: Action): string {
    const subject = object === undefined ? 'the camera' : this.#name(object)
    const verb = this.writer.word('verb', script)
    const where =
      direction !== undefined && tellsDirection(script)
        ? ` ${script === 'pan' ? wordings('direction', direction, 'train')[0] : this.writer.word('direction', direction)}`
        : ''
    this.#last = undefined
    const around = other === undefined ? '' : ` ${this.#name(other)}`
    this.#last = object
    return `${subject} ${verb}${around}${where}`
  }

  /** An object's name: new, pointing back, or "it" right after a clause about it. */
  #name(object: number): string {
    const known = this.#mentions.get(object)
    if (known) {
      if (this.#last === object && this.dice.chance(0.6)) return 'it'
      const name = this.writer.refer(known)
      if (name) return name
      if (this.#last === object) return 'it'
    }
    // What no words tell apart is named anew, as one of the alike
    const mention = this.#mention(object)
    const name = this.writer.introduce(mention)
    return this.#isUnique(mention.description) ? name.replace(/^an? /, 'the ') : name
  }

  #isUnique = (description: Description): boolean => fitting(this.story.scene, description).length === 1

  /** The object under words that mean it alone, if there are any; sometimes with one word more than that takes. */
  #mention(object: number): Mention {
    const own = this.story.scene.objects[object] as Scene['objects'][number]
    const ways = this.dice.shuffle(namings).concat([[...attributes]])
    const description = ways.map((chosen) => only(own, chosen)).find(this.#isUnique) ?? only(own, attributes)
    const mention = { description, objects: [object] }
    this.#mentions.set(object, mention)
    return mention
  }
}

/** Which way round something spins or orbits is seen, not told. */
const tellsDirection = (script: Script): boolean => (hasDirection(script) && script !== 'orbit') || script === 'bounce' || script === 'jump'

const namings: readonly Attribute[][] = [
  ['shape'],
  ['shape', 'colour'],
  ['shape', 'colour'],
  ['shape', 'size'],
  ['shape', 'colour', 'size'],
  ['shape', 'colour', 'material'],
]

/** The inverse of storyCaption(), in known wording: what `parseCaption` reads, and verbs with their directions, in the order of the telling. */
export function parseStory(text: string): Parsed<StoryConstraints> {
  const { lexemes, corrections } = lexemesOf(tokenize(text))
  const reader = new StoryReader(lexemes)
  reader.text()
  return { constraints: { ...reader.constraints(), actions: reader.actions }, unknown: reader.unknown, corrections }
}

class StoryReader extends Reader {
  readonly actions: ActionConstraint[] = []
  #meanwhile = false
  #camera = false

  protected override part(fresh: boolean): boolean {
    if (this.function('sequence') || this.function('meanwhile')) {
      this.#meanwhile ||= this.function('meanwhile')
      this.at++
      return true
    }
    if (this.function('camera') || (this.function('the') && this.function('camera', 1))) {
      this.at += this.function('the') ? 2 : 1
      this.#camera = true
      return true
    }
    const meaning = this.ahead()
    if (meaning?.kind === 'verb' && (this.#camera || this.subject !== undefined)) {
      this.at++
      this.#action(meaning.value)
      return true
    }
    return super.part(fresh)
  }

  #action(script: Script): void {
    const object = this.#camera ? undefined : this.subject
    let direction: Direction | undefined
    let other: number | undefined
    for (;;) {
      const meaning: Meaning | undefined = this.ahead()
      if (meaning?.kind === 'direction' && direction === undefined) {
        direction = meaning.value
        this.at++
      } else if (script === 'orbit' && other === undefined && this.nounAhead()) other = this.noun(false)?.index
      else break
    }
    this.actions.push({
      script,
      ...(object !== undefined && { object }),
      ...(direction !== undefined && { direction }),
      ...(other !== undefined && { other }),
      ...(this.#meanwhile && this.actions.length > 0 && { meanwhile: true as const }),
    })
    this.#meanwhile = false
    this.#camera = false
  }
}

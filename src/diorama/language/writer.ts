import type { ObjectConstraint } from '../constraints.js'
import type { Decal, Relation } from '../scene.js'
import { isHeldOutPair, type Split } from '../splits.js'
import { type Attribute, attributes, type Description, fits } from './description.js'
import type { Dice } from './dice.js'
import { type HeldOutForm, heldOutForms } from './held-out.js'
import { type Lexicon, plural, withArticle, wordings } from './lexicon.js'

/** One description on its way into a text; it gets its index when it is first mentioned. */
export interface Mention {
  readonly description: Description
  /** Positions of the scene's objects that it stands for. */
  readonly objects: readonly number[]
}

/** Writes phrases in the words of one split, and remembers what it has mentioned in which order. */
export class Writer {
  readonly mentioned: Mention[] = []
  /** Whether a held-out word or form has been used. */
  novel = false

  constructor(
    readonly dice: Dice,
    readonly split: Split,
  ) {}

  /** Whether these words may stand together: training texts do not even deny or ask for a pair that training scenes hold back. */
  maySay({ shape, colour }: ObjectConstraint): boolean {
    return this.split !== 'train' || !shape || !colour || !isHeldOutPair({ shape, colour })
  }

  /** One of the words for a value. In the held-out split new words come often, and the first chance is always taken. */
  word<K extends keyof Lexicon>(kind: K, value: keyof Lexicon[K] & (string | number)): string {
    if (this.split !== 'held-out') return this.dice.pick(wordings(kind, value, this.split))
    const novel = wordings(kind, value, 'held-out')
    if (novel.length > 0 && (!this.novel || this.dice.chance(0.3))) {
      this.novel = true
      return this.dice.pick(novel)
    }
    return this.dice.pick(wordings(kind, value, 'train'))
  }

  /** Whether to write in a held-out form now. */
  form(form: HeldOutForm, probability: number): boolean {
    const used = this.split !== 'train' && heldOutForms.includes(form) && this.dice.chance(probability)
    this.novel ||= used
    return used
  }

  /** A noun phrase with an indefinite article or a number; from then on the mention has its index. */
  introduce(mention: Mention, { clauses = false } = {}): string {
    this.mentioned.push(mention)
    const { count } = mention.description
    const noun = this.#phrase(mention.description, (count ?? 1) > 1, clauses)
    return count === undefined ? withArticle(noun) : `${this.word('number', count)} ${noun}`
  }

  /** A noun phrase that points back at a mention in as few words as tell it from the others; nothing if no words do. */
  refer(mention: Mention): string | undefined {
    const { description } = mention
    for (const chosen of references) {
      const short: Description = {}
      for (const attribute of chosen)
        if (description[attribute] !== undefined) Object.assign(short, { [attribute]: description[attribute] })
      if (Object.keys(short).length < chosen.length) continue
      if (this.mentioned.some((other) => other !== mention && fits(other.description, short))) continue
      return `the ${this.#phrase(short, isPlural(mention), false)}`
    }
    return undefined
  }

  /** A bare noun with its adjectives in front, in the singular or the plural: "red cubes", "small thing". */
  noun(description: ObjectConstraint, many = false): string {
    return this.#phrase(description, many, false)
  }

  relation(relation: Relation): string {
    return this.word('relation', relation)
  }

  /** "that is …" in the right number. */
  that(mention: Mention): string {
    return `${this.dice.chance(0.6) ? 'that' : 'which'} ${isPlural(mention) ? 'are' : 'is'}`
  }

  /** A noun with its adjectives; with `clauses`, some of them may follow it ("that is red", "made of glass"). */
  #phrase(description: ObjectConstraint, many: boolean, clauses: boolean): string {
    const { dice } = this
    const { shape, colour, size, material, decal } = description
    const way = material ? dice.next() : 1
    const behind = clauses ? dice.next() : 1
    const before: string[] = []
    let after = ''
    if (size) before.push(this.word('size', size))
    if (material && way < 0.5 && behind > 0.08) before.push(this.word('material', material))
    if (colour && (behind > 0.16 || behind <= 0.08)) before.push(this.word('colour', colour))
    const adjectives = before.length > 1 && dice.chance(0.06) ? dice.shuffle(before) : before
    if (material && way >= 0.5 && way < 0.8 && behind > 0.08) adjectives.push(this.word('stuff', material))
    adjectives.push(shape ? this.word('shape', shape) : this.word('thing', 'thing'))
    const noun = many ? plural(adjectives.join(' ')) : adjectives.join(' ')
    if (material && way >= 0.8 && behind > 0.08) after += ` made of ${this.word('stuff', material)}`
    if (decal) after += this.#decal(decal)
    const be = many ? 'are' : 'is'
    if (material && behind <= 0.08) after += ` that ${be} ${this.word('material', material)}`
    else if (colour && behind > 0.08 && behind <= 0.16) after += ` that ${be} ${this.word('colour', colour)}`
    return noun + after
  }

  #decal(decal: Decal): string {
    const { dice } = this
    const tail = dice.pick([' on it', ' on its front', ' painted on it'])
    if (decal.kind === 'symbol')
      return ` ${dice.pick(['with', 'bearing', 'marked with'])} ${withArticle(this.word('symbol', decal.symbol))}${tail}`
    if (decal.text.length > 1) return dice.chance(0.4) ? ` that says "${decal.text}"` : ` with the word "${decal.text}"${tail}`
    return ` with the ${/\d/.test(decal.text) ? dice.pick(['digit', 'number']) : 'letter'} ${decal.text}${tail}`
  }
}

export const isPlural = ({ description }: Mention): boolean => (description.count ?? 1) > 1

/** From the shortest description to the fullest. */
const references: readonly (readonly Attribute[])[] = [
  ['shape'],
  ['shape', 'colour'],
  ['shape', 'size'],
  ['shape', 'material'],
  ['colour'],
  ['shape', 'colour', 'size'],
  ['shape', 'colour', 'material'],
  ['shape', 'size', 'material'],
  ['shape', 'colour', 'size', 'material'],
  attributes,
]

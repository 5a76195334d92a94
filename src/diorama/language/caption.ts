import type { Key } from '../../graph/random/index.js'
import { isBenchPrompt } from '../bench-prompts.js'
import type { Constraints, ObjectConstraint, RelationConstraint } from '../constraints.js'
import { relates } from '../relations.js'
import { colours, materials, type Relation, relations, type Scene, shapes } from '../scene.js'
import type { Split } from '../splits.js'
import { type Attribute, canonical, type Description, fitting, only } from './description.js'
import { Dice } from './dice.js'
import { withArticle } from './lexicon.js'
import { isPlural, type Mention, Writer } from './writer.js'

export const captionLengths = ['short', 'medium', 'long'] as const
export type CaptionLength = (typeof captionLengths)[number]

export interface CaptionOptions {
  /** A phrase, a sentence, or several sentences; drawn if it is not given. */
  readonly length?: CaptionLength
  /** `train` keeps to the taught words and forms, `held-out` uses at least one that training never says, `all` (default) does not care. */
  readonly split?: Split
  /** Names shapes and colours less often, so that "a red thing" and "a cube" stand where "a red cube" would: each word is told from the other. */
  readonly vague?: boolean
}

export interface Caption {
  readonly text: string
  /** What the text says, which is true of the scene; it may be much less than all that is true. */
  readonly constraints: Constraints
}

/** A true sentence about a scene. The same scene, key and options give the same text, which never is one of the bench's prompts. */
export function captionOf(scene: Scene, key: Key, { length, split = 'all', vague = false }: CaptionOptions = {}): Caption {
  for (let attempt = 0; ; attempt++) {
    const dice = new Dice(key.child(attempt))
    const caption = new CaptionWriter(scene, dice, length ?? dice.pick(captionLengths), split, vague).caption()
    if (!isBenchPrompt(caption.text)) return caption
  }
}

interface Link {
  readonly subject: Mention
  readonly relation: Relation
  readonly object: Mention
}

const inverse: Readonly<Record<Relation, Relation | undefined>> = {
  'left of': 'right of',
  'right of': 'left of',
  'in front of': 'behind',
  behind: 'in front of',
  'on top of': undefined,
}

/** Whether one link says what another has said, from the same end or from the other. */
const isSaidBy = (link: Link, other: Link): boolean =>
  link.subject === other.subject && link.object === other.object
    ? link.relation === other.relation
    : link.subject === other.object && link.object === other.subject && link.relation === inverse[other.relation]

/** How likely an attribute is named, by length. */
const named: Record<CaptionLength, Record<Attribute, number>> = {
  short: { shape: 0.95, colour: 0.85, size: 0.25, material: 0.35, decal: 0.5 },
  medium: { shape: 0.94, colour: 0.85, size: 0.35, material: 0.4, decal: 0.6 },
  long: { shape: 0.97, colour: 0.9, size: 0.5, material: 0.55, decal: 0.9 },
}

/** Of what is named otherwise, in vague captions. */
const vaguely: Partial<Record<Attribute, number>> = { shape: 0.65, colour: 0.65 }

class CaptionWriter {
  readonly #writer: Writer
  readonly #links: Link[] = []
  readonly #absent: ObjectConstraint[] = []
  #said: Pick<Constraints, 'setting' | 'time' | 'style'> = {}

  constructor(
    readonly scene: Scene,
    readonly dice: Dice,
    readonly length: CaptionLength,
    split: Split,
    readonly vague: boolean,
  ) {
    this.#writer = new Writer(dice, split)
  }

  caption(): Caption {
    const { dice, length } = this
    const chosen = this.#choose()
    let text = length === 'long' ? this.#story(chosen) : this.#sentence(chosen)
    if (this.#writer.split === 'held-out' && !this.#writer.novel) {
      this.#writer.novel = true
      text = `here we see ${text.replace(/^there (?:is|are) /, '')}` // the form "presented" fits every sentence
    }
    const proper = length === 'long' || (length === 'medium' && dice.chance(0.6))
    return { text: proper ? polish(text) : text, constraints: this.#constraints() }
  }

  #constraints(): Constraints {
    const at = new Map(this.#writer.mentioned.map((mention, i) => [mention, i]))
    const index = (mention: Mention): number => at.get(mention) as number
    return canonical({
      objects: this.#writer.mentioned.map(({ description }) => description),
      relations: this.#links.map(
        ({ subject, relation, object }): RelationConstraint => ({ subject: index(subject), relation, object: index(object) }),
      ),
      absent: this.#absent,
      ...this.#said,
    })
  }

  // What to say

  /** Descriptions of different objects. A description that fits several may name them all by their number. */
  #choose(): Mention[] {
    const { scene, dice, length, vague } = this
    const wanted = length === 'short' ? 1 + dice.below(2) : length === 'medium' ? 2 + dice.below(2) : scene.objects.length
    const free = new Set(dice.shuffle(scene.objects.map((_, i) => i)))
    const mentions: Mention[] = []
    const counted: Description[] = []
    for (const i of free) {
      if (mentions.length >= wanted) break
      const object = scene.objects[i] as Scene['objects'][number]
      const chosen = (Object.keys(named[length]) as Attribute[]).filter(
        (attribute) => object[attribute] !== undefined && dice.chance(named[length][attribute] * ((vague && vaguely[attribute]) || 1)),
      )
      const description = only(object, chosen.length > 0 ? chosen : ['shape', 'colour'])
      if (counted.some((other) => fitting({ objects: [object] }, other).length > 0)) continue
      const group = fitting(scene, description)
      const whole = group.every((j) => free.has(j))
      if (whole && dice.chance(group.length > 1 ? 0.75 : 0.05)) {
        description.count = group.length
        counted.push(description)
        for (const j of group) free.delete(j)
        mentions.push({ description, objects: group })
      } else {
        free.delete(i)
        mentions.push({ description, objects: [i] })
      }
    }
    return mentions
  }

  /** A relation that holds between all objects of two mentions, if one does. */
  #link(subject: Mention, object: Mention): Link | undefined {
    const true_ = relations.filter((relation) =>
      subject.objects.every((i) => object.objects.every((j) => relates(this.scene, i, relation, j))),
    )
    if (true_.length === 0) return undefined
    const relation = true_.includes('on top of') && this.dice.chance(0.8) ? 'on top of' : this.dice.pick(true_)
    return { subject, relation, object }
  }

  // One sentence

  #sentence(chosen: readonly Mention[]): string {
    const { dice, length } = this
    const often = length === 'short' ? 0.25 : 0.5
    const style = dice.chance(often / 2.5)
    const setting = dice.chance(often)
    const time = dice.chance(often) && !(setting && this.scene.setting === 'night city')
    const scenery = this.#scenery(setting, time)
    const [first, second] = chosen
    const link = first && second && dice.chance(0.75) ? this.#link(first, second) : undefined
    const stylish = style ? `${this.#style()} of ` : ''
    const free = !style
    const whole = length === 'medium' && free
    let core: string
    if (link) {
      core = this.#linked(link, { whole, free })
      if (length === 'medium' && chosen[2]) core += this.#more(link, chosen[2])
    } else core = `${whole && dice.chance(0.5) ? this.#thereIs(first as Mention) : ''}${this.#list(chosen)}`
    const placed = scenery === '' ? core : free && dice.chance(0.2) ? `${scenery}, ${core}` : `${core} ${scenery}`
    const absence = length === 'medium' && dice.chance(0.15) ? `, ${this.#without()}` : ''
    return `${stylish}${placed}${absence}`
  }

  /** A third mention behind a linked pair: related to the second by a clause of its own, or to the first by "and". */
  #more(pair: Link, third: Mention): string {
    const clause = this.dice.chance(0.5)
    const link = this.#link(clause ? pair.object : pair.subject, third)
    if (!link || this.#lastForm !== 'plain') return ''
    this.#links.push(link)
    const relation = this.#writer.relation(link.relation)
    return `${clause ? ` ${this.#writer.that(pair.object)}` : ' and'} ${relation} ${this.#writer.introduce(third)}`
  }
  #lastForm: 'plain' | 'other' = 'plain'

  /** A pair in relation. `whole`: it may be a full sentence; `free`: nothing stands before it, so its parts may change places. */
  #linked(link: Link, { whole, free }: { whole: boolean; free: boolean }): string {
    const { dice } = this
    const writer = this.#writer
    const { subject, relation, object } = link
    this.#links.push(link)
    this.#lastForm = 'other'
    if (free && writer.form('fronted', 0.25)) {
      const front = `${writer.relation(relation)} ${writer.introduce(object)}`
      const middle = dice.pick([', ', `, ${this.#thereIs(subject)}`, isPlural(subject) ? ' are ' : ' is '])
      return `${front}${middle}${writer.introduce(subject)}`
    }
    if (!isPlural(object)) {
      if (free && writer.form('possessive', 0.15))
        return `${writer.introduce(object)} has ${writer.introduce(subject)} ${writer.word('relationToIt', relation)}`
      if (dice.chance(0.12)) return `${writer.introduce(object)} with ${writer.introduce(subject)} ${writer.word('relationToIt', relation)}`
    }
    const way = whole ? dice.next() : 1
    this.#lastForm = 'plain'
    const start = `${way < 0.3 ? this.#thereIs(subject) : ''}${writer.introduce(subject)}`
    let verb = ''
    if (way >= 0.3 && way < 0.6) verb = isPlural(subject) ? dice.pick([' are', ' stand']) : dice.pick([' is', ' stands', ' sits'])
    else if (dice.chance(0.15)) verb = ` ${writer.that(subject)}`
    return `${start}${verb} ${writer.relation(relation)} ${writer.introduce(object)}`
  }

  #thereIs = (mention: Mention): string => (isPlural(mention) ? 'there are ' : 'there is ')

  #list(mentions: readonly Mention[]): string {
    const phrases = mentions.map((mention) => this.#writer.introduce(mention, { clauses: true }))
    return phrases.length < 2 ? phrases.join('') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`
  }

  // Several sentences

  #story(chosen: readonly Mention[]): string {
    const { dice, scene } = this
    const [first, second, ...others] = chosen as [Mention, ...Mention[]]
    const sentences: string[] = []
    const link = second && dice.chance(0.5) ? this.#link(first, second) : undefined
    const style = dice.chance(0.3)
    const opening = style ? `${this.#style()} of ` : ''
    if (link) {
      sentences.push(`${opening}${this.#linked(link, { whole: !style, free: !style })}`)
      if (others.length > 0) sentences.push(`${this.#thereIs(others[0] as Mention)}${this.#list(others)}`)
    } else sentences.push(`${style ? opening : this.#thereIs(first)}${this.#list(chosen)}`)
    for (let i = dice.below(3); i > 0; i--) this.#addRelation(sentences, chosen)
    if (dice.chance(0.4)) this.#addQuality(sentences, chosen)
    if (dice.chance(0.3)) sentences.push(this.#thereIsNo())
    const setting = dice.chance(0.7)
    const scenery = this.#scenery(setting, dice.chance(0.6) && !(setting && scene.setting === 'night city'))
    if (scenery !== '') {
      if (dice.chance(0.5)) sentences.push(`the scene is ${scenery}`)
      else sentences[0] += ` ${scenery}`
    }
    return sentences.join('. ')
  }

  /** "The cube is behind the red ball." */
  #addRelation(sentences: string[], chosen: readonly Mention[]): void {
    const [a, b] = this.dice.shuffle(chosen)
    const link = a && b ? this.#link(a, b) : undefined
    if (!link || this.#links.some((other) => isSaidBy(link, other))) return
    const [subject, object] = [this.#writer.refer(link.subject), this.#writer.refer(link.object)]
    if (!subject || !object) return
    this.#links.push(link)
    sentences.push(`${subject} ${isPlural(link.subject) ? 'are' : 'is'} ${this.#writer.relation(link.relation)} ${object}`)
  }

  /** "The cube is made of glass.", of an object whose material was not named. */
  #addQuality(sentences: string[], chosen: readonly Mention[]): void {
    const candidates = chosen.filter(
      ({ description, objects }) => objects.length === 1 && description.count === undefined && (!description.material || !description.size),
    )
    if (candidates.length === 0) return
    const mention = this.dice.pick(candidates)
    const object = this.scene.objects[mention.objects[0] as number] as Scene['objects'][number]
    const subject = this.#writer.refer(mention)
    if (!subject) return
    if (!mention.description.material) {
      mention.description.material = object.material
      sentences.push(
        `${subject} is ${this.dice.chance(0.5) ? `made of ${this.#writer.word('stuff', object.material)}` : this.#writer.word('material', object.material)}`,
      )
    } else {
      mention.description.size = object.size
      sentences.push(`${subject} is ${this.#writer.word('size', object.size)}`)
    }
  }

  // Scenery, style and absence

  #scenery(setting: boolean, time: boolean): string {
    const words: string[] = []
    if (setting) {
      this.#said = { ...this.#said, setting: this.scene.setting }
      words.push(this.#writer.word('setting', this.scene.setting))
    }
    if (time) {
      this.#said = { ...this.#said, time: this.scene.time }
      words.push(this.#writer.word('time', this.scene.time))
    }
    return words.join(' ')
  }

  #style(): string {
    this.#said = { ...this.#said, style: this.scene.style }
    return withArticle(this.#writer.word('style', this.scene.style))
  }

  #without(): string {
    const description = this.#lacking()
    if (!description.shape && this.dice.chance(0.6))
      return `${this.dice.pick(['without anything', 'with nothing'])} ${this.#quality(description)}`
    return `${this.dice.pick(['with no', 'without any'])} ${this.#writer.noun(description, true)}`
  }

  #thereIsNo(): string {
    const description = this.#lacking()
    if (!description.shape && this.dice.chance(0.6))
      return `${this.dice.pick(['there is nothing', 'nothing is'])} ${this.#quality(description)}`
    return `there are no ${this.#writer.noun(description, true)}`
  }

  #quality({ colour, material }: Description): string {
    return colour ? this.#writer.word('colour', colour) : material ? this.#writer.word('material', material) : ''
  }

  /** A shape, a colour, both, or a material that no object of the scene has. */
  #lacking(): Description {
    const { dice, scene } = this
    for (;;) {
      const description: Description = {}
      const way = dice.next()
      if (way < 0.65) description.shape = dice.pick(shapes)
      if (way > 0.4 && way < 0.9) description.colour = dice.pick(colours)
      if (way >= 0.9) description.material = dice.pick(materials)
      if (fitting(scene, description).length > 0 || !this.#writer.maySay(description)) continue
      this.#absent.push(description)
      return description
    }
  }
}

/** Capitals at the start of sentences and a full stop at the end. */
const polish = (text: string): string =>
  `${text.replace(/(^|\. )([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase())}.`

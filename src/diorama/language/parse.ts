import type { Constraints, ObjectConstraint, RelationConstraint } from '../constraints.js'
import type { Decal, Relation } from '../scene.js'
import { adjectiveKinds, Cursor } from './cursor.js'
import { canonical, type Description, fits } from './description.js'
import { type Correction, type Lexeme, lexemesOf, type Meaning } from './phrases.js'
import { tokenize } from './tokens.js'

export interface Parsed<C extends Constraints = Constraints> {
  readonly constraints: C
  /** Words that were not understood, or that contradict what was said before, as they were written. */
  readonly unknown: readonly string[]
  /** Misspelt words that were read as the only word of the lexicon one letter away. */
  readonly corrections: readonly Correction[]
}

/**
 * What a sentence says, in known wording. Case, punctuation, articles, hyphens, plurals and the order of adjectives do not
 * matter. What is not understood is listed and skipped; a text is never refused.
 *
 *     parseCaption('a red cube left of a shiny blue sphere at sunset').constraints
 *
 * The grammar, in which a definite noun phrase may point back at what was named before:
 *
 *     text      = { style | setting | time | negation | fronted | noun | predicate | joiner }
 *     fronted   = RELATION noun [","] ["there is" | "is"] noun
 *     noun      = [article] [number] {adjective} NOUN {modifier}
 *     modifier  = decal | "made of" STUFF | RELATION noun | "that is" predicate | "with" noun RELATION-TO-IT
 *     predicate = quality {"and" quality}         quality = adjective | decal | "made of" STUFF | RELATION noun
 *     negation  = ("no" | "without" | "nothing") description {"or" description}
 *
 * A relation belongs to the nearest noun before it; after "and" or as a predicate of the sentence, to the sentence's subject.
 */
export function parseCaption(text: string): Parsed {
  const { lexemes, corrections } = lexemesOf(tokenize(text))
  const reader = new Reader(lexemes)
  reader.text()
  return { constraints: reader.constraints(), unknown: reader.unknown, corrections }
}

type Noun = { readonly index: number } | undefined

/** A recursive reader of lexemes; the story grammar adds verbs to it. */
export class Reader extends Cursor {
  readonly objects: Description[] = []
  readonly relations: RelationConstraint[] = []
  readonly absent: ObjectConstraint[] = []
  readonly unknown: string[] = []
  /** The subject of the sentence: "it", and the owner of a predicate. */
  protected subject: number | undefined
  /** The subject before this one. */
  #before: number | undefined
  #place: Pick<Constraints, 'setting' | 'time' | 'style'> = {}

  constraints(): Constraints {
    return canonical({ objects: this.objects, relations: this.relations, absent: this.absent, ...this.#place })
  }

  text(): void {
    let fresh = true // nothing of this sentence has been read
    while (this.at < this.lexemes.length) {
      const from = this.at
      const lexeme = this.lexemes[from] as Lexeme
      if (lexeme.sign === 'stop') {
        fresh = true
        this.at++
        continue
      }
      if (this.part(fresh)) {
        if (this.#spoke(lexeme)) fresh = false
        continue
      }
      this.at = from + 1
      this.#skip(lexeme)
    }
  }

  /** Reads one part of the text, if one begins here. */
  protected part(fresh: boolean): boolean {
    if (this.#scenery() || this.#negation()) return true
    if (this.relationAhead()) return fresh ? this.#fronted() : this.#quality(this.subject)
    if (this.pronounAhead()) return this.#relationToIt(fresh)
    if (this.nounAhead()) {
      this.#turnTo(this.noun(true)?.index)
      return true
    }
    if (this.function('is')) {
      while (this.function('is') || this.function('filler')) this.at++
      this.#predicate(this.subject)
      return true
    }
    if (this.function('it')) {
      this.at++
      return true
    }
    return !fresh && this.subject !== undefined && this.#quality(this.subject)
  }

  /** A new subject; "it" in "in front of it" is then the one before. */
  #turnTo(index: number | undefined): void {
    if (index === undefined || index === this.subject) return
    this.#before = this.subject
    this.subject = index
  }

  /** Whether reading this lexeme has begun a sentence; scenery and openings have not: "At sunset, to the left of a ball, a cube". */
  #spoke({ meaning, sign }: Lexeme): boolean {
    if (sign !== undefined || meaning === undefined) return sign === undefined
    return !['setting', 'time', 'style'].includes(meaning.kind) && !(meaning.kind === 'function' && meaning.value === 'opening')
  }

  #skip({ meaning, sign, raw }: Lexeme): void {
    if (meaning?.kind === 'function' || (sign !== undefined && sign !== 'quote')) return
    this.unknown.push(raw)
  }

  // Scenery and negation

  #scenery(): boolean {
    const skipped = this.function('a') || this.function('the') ? 1 : 0
    const meaning = this.ahead(skipped)
    if (meaning?.kind !== 'setting' && meaning?.kind !== 'time' && meaning?.kind !== 'style') return false
    const said = this.#place[meaning.kind]
    if (said === undefined) this.#place = { ...this.#place, [meaning.kind]: meaning.value }
    else if (said !== meaning.value && !(said === 'night city' && meaning.kind === 'setting'))
      this.unknown.push((this.lexemes[this.at + skipped] as Lexeme).raw)
    this.at += skipped + 1
    return true
  }

  #negation(): boolean {
    const skipped = this.function('with') ? 1 : 0
    if (!this.function('no', skipped) && !this.function('without', skipped) && !this.function('nothing', skipped)) return false
    this.at += skipped + 1
    do {
      while (this.function('a') || this.function('any') || this.function('that') || this.function('is') || this.function('filler'))
        this.at++
      const description = this.#description()
      if (Object.keys(description).length > 0) this.absent.push(description)
    } while (this.take('or') || (this.function('and') && this.function('no', 1) && this.take('and') && this.take('no')))
    return true
  }

  /** Adjectives and a noun, or only some of them. */
  #description(): Description {
    const description: Description = {}
    for (;;) {
      const meaning = this.ahead()
      if (meaning?.kind === 'shape') this.#describe(description, 'shape', meaning.value)
      else if (meaning && meaning.kind in adjectiveKinds) this.#adjective(description)
      else if (meaning?.kind === 'thing') this.at++
      else if (this.function('madeOf') && this.ahead(1)?.kind === 'stuff') this.at++
      else if (this.function('that') && this.function('is', 1)) this.at += 2
      else return description
    }
  }

  #adjective(description: Description): void {
    const { kind, value } = this.ahead() as Meaning & { kind: keyof typeof adjectiveKinds }
    this.#describe(description, adjectiveKinds[kind], value)
  }

  /** Notes an attribute and steps over its word; a second, different value is one that was not understood. */
  #describe(description: Description, attribute: 'shape' | 'colour' | 'size' | 'material', value: string): void {
    if (description[attribute] === undefined) Object.assign(description, { [attribute]: value })
    else if (description[attribute] !== value) this.unknown.push((this.lexemes[this.at] as Lexeme).raw)
    this.at++
  }

  // Nouns

  /** A noun phrase with what modifies it. `outer` phrases take relations behind "and". */
  protected noun(outer: boolean): Noun {
    let definite = false
    while (this.function('a') || this.function('the') || this.function('any')) {
      definite ||= this.function('the')
      this.at++
    }
    const description: Description = {}
    for (;;) {
      const meaning = this.ahead()
      if (meaning?.kind === 'number' && description.count === undefined) {
        description.count = meaning.value
        this.at++
      } else if (meaning && meaning.kind in adjectiveKinds) this.#adjective(description)
      else if (this.lexemes[this.at]?.sign === 'comma' && Object.keys(description).length > 0) this.at++
      else break
    }
    const head = this.ahead()
    if (head?.kind === 'shape') this.#describe(description, 'shape', head.value)
    else this.at++
    while (this.#decal(description) || this.#stuff(description)) {}
    const clause = this.#clause(description)
    const index = (definite ? this.#named(description) : undefined) ?? this.objects.push(description) - 1
    this.#modifiers(index, outer || clause)
    return { index }
  }

  /** What a definite description points back at: the last object named so far that was called all of this. */
  #named(description: Description): number | undefined {
    const { count, ...called } = description
    const found = this.objects.findLastIndex((object) => fits(object, called) && (count === undefined || count === object.count))
    return found < 0 ? undefined : found
  }

  /** "that is red and made of metal", as far as it holds no relation. */
  #clause(description: Description): boolean {
    if (!this.function('that') || !this.function('is', 1)) return false
    this.at += 2
    let read = false
    while (this.#attribute(description)) {
      read = true
      if (!this.function('and') || this.nounAhead(1)) return true
      this.at++
    }
    if (read)
      this.at-- // an "and" with a relation behind it
    else this.at -= 2
    return read
  }

  /** An adjective, a decal or a stuff, as a predicate has them. */
  #attribute(description: Description): boolean {
    const kind = this.ahead()?.kind
    if (kind === undefined || !(kind in adjectiveKinds)) return this.#decal(description) || this.#stuff(description)
    this.#adjective(description)
    return true
  }

  #modifiers(index: number, outer: boolean): void {
    for (;;) {
      if (this.relationAhead()) this.#relation(index)
      else if (outer && this.function('and') && this.relationAhead(1)) this.at++
      else if (this.function('that') && this.function('is', 1)) {
        this.at += 2
        this.#predicate(index)
      } else if (!this.#companion(index)) return
    }
  }

  /** "with a red cube to its left" */
  #companion(owner: number): boolean {
    if (!this.function('with') || !this.nounAhead(1)) return false
    this.at++
    const companion = this.noun(false)
    if (companion && this.pronounAhead()) {
      const { kind, value } = this.ahead() as Meaning & { value: Relation }
      this.at += kind === 'relation' ? 2 : 1
      this.#relate(companion.index, value, owner)
    }
    return true
  }

  #relation(subject: number | undefined): void {
    const meaning = this.ahead() as Meaning
    const relation = meaning.kind === 'relation' ? meaning.value : undefined // otherwise "under": on top of, from the other end
    this.at++
    const object = this.noun(false)
    if (subject === undefined || !object) return
    if (relation === undefined) this.#relate(object.index, 'on top of', subject)
    else this.#relate(subject, relation, object.index)
  }

  #relate(subject: number, relation: Relation, object: number): void {
    if (subject !== object) this.relations.push({ subject, relation, object })
  }

  /** "To the left of a blue sphere, there is a red cube" */
  #fronted(): boolean {
    const meaning = this.ahead() as Meaning
    this.at++
    const object = this.noun(false)
    const from = this.at
    while (this.lexemes[this.at]?.sign === 'comma' || this.function('is') || this.function('opening')) this.at++
    if (!this.nounAhead()) {
      this.at = from
      this.#turnTo(object?.index)
      return true
    }
    const subject = this.noun(true)
    this.#turnTo(object?.index)
    this.#turnTo(subject?.index)
    if (!subject || !object) return true
    if (meaning.kind === 'relation') this.#relate(subject.index, meaning.value, object.index)
    else this.#relate(object.index, 'on top of', subject.index)
    return true
  }

  /** "A cone is in front of it", or, at the start of a sentence, "In front of it there is a cone". */
  #relationToIt(fresh: boolean): boolean {
    const { kind, value } = this.ahead() as Meaning & { value: Relation }
    this.at += kind === 'relation' ? 2 : 1
    if (fresh) {
      while (this.lexemes[this.at]?.sign === 'comma' || this.function('is') || this.function('opening')) this.at++
      if (this.nounAhead()) this.#turnTo(this.noun(true)?.index)
    }
    if (this.subject !== undefined && this.#before !== undefined) this.#relate(this.subject, value, this.#before)
    return true
  }

  // Predicates

  #predicate(index: number | undefined): void {
    if (!this.#quality(index)) return
    while (this.function('and') && !this.nounAhead(1)) {
      this.at++
      if (this.#quality(index)) continue
      this.at--
      return
    }
  }

  #quality(index: number | undefined): boolean {
    if (this.relationAhead()) {
      this.#relation(index)
      return true
    }
    if (index !== undefined && index === this.subject && this.pronounAhead()) return this.#relationToIt(false)
    return index !== undefined && this.#attribute(this.objects[index] as Description)
  }

  #stuff(description: Description): boolean {
    if (!this.function('madeOf') || this.ahead(1)?.kind !== 'stuff') return false
    this.at++
    this.#adjective(description)
    return true
  }

  /** "with the letter A on it", "that says "HELLO"", "with a star on its front" */
  #decal(description: Description): boolean {
    const from = this.at
    if (this.function('that') && this.function('says', 1)) this.at++
    const said = this.take('says')
    if (!said && !this.take('with')) return false
    while (this.function('a') || this.function('the')) {
      // "the letter A": an article in front of the word, or the letter itself at the end
      if (this.lexemes[this.at + 1] === undefined) break
      this.at++
    }
    const decal = this.#painted(said)
    if (!decal) {
      this.at = from
      return false
    }
    this.take('onIt')
    if (description.decal === undefined) description.decal = decal
    return true
  }

  #painted(said: boolean): Decal | undefined {
    const meaning = this.ahead()
    if (meaning?.kind === 'symbol') {
      this.at++
      return { kind: 'symbol', symbol: meaning.value }
    }
    const named = this.take('letter') || said
    while (named && this.function('letter')) this.at++
    const lexeme = this.lexemes[this.at]
    if (!lexeme || (!named && lexeme.sign !== 'quote') || lexeme.sign === 'stop' || lexeme.sign === 'comma') return undefined
    const text = lexeme.sign === 'quote' ? lexeme.text : lexeme.raw
    if (!/^[A-Za-z0-9]{1,6}$/.test(text)) return undefined
    this.at++
    return { kind: 'text', text: text.toUpperCase() }
  }
}

import type { FunctionWord } from './lexicon.js'
import type { Lexeme, Meaning } from './phrases.js'

/** Which attribute each kind of adjective gives; what things are made of serves as one too. */
export const adjectiveKinds = { colour: 'colour', size: 'size', material: 'material', stuff: 'material' } as const

/** A place in a row of lexemes, and questions about what stands ahead of it. */
export class Cursor {
  protected at = 0

  constructor(protected readonly lexemes: readonly Lexeme[]) {}

  protected ahead(offset = 0): Meaning | undefined {
    return this.lexemes[this.at + offset]?.meaning
  }

  protected function(word: FunctionWord, offset = 0): boolean {
    const meaning = this.ahead(offset)
    return meaning?.kind === 'function' && meaning.value === word
  }

  protected take(word: FunctionWord): boolean {
    if (!this.function(word)) return false
    this.at++
    return true
  }

  /** Whether a noun phrase begins at an offset: an article, a number, an adjective that a noun follows, or a noun. */
  protected nounAhead(offset = 0): boolean {
    for (let i = offset; ; i++) {
      const meaning = this.ahead(i)
      if (meaning === undefined) return this.lexemes[this.at + i]?.sign === 'comma' && i > offset && this.nounAhead(i + 1)
      if (meaning.kind === 'shape' || meaning.kind === 'thing') return true
      if (meaning.kind === 'function' && (meaning.value === 'a' || meaning.value === 'the' || meaning.value === 'any')) continue
      if (meaning.kind !== 'number' && !(meaning.kind in adjectiveKinds)) return false
    }
  }

  /** Whether a relation and the noun that it relates to begin at an offset. */
  protected relationAhead(offset = 0): boolean {
    const kind = this.ahead(offset)?.kind
    return (kind === 'relation' || this.function('under', offset)) && this.nounAhead(offset + 1)
  }

  /** Whether a relation to what was named before comes next: "behind it", "to its left". */
  protected pronounAhead(): boolean {
    const kind = this.ahead()?.kind
    return kind === 'relationToIt' || (kind === 'relation' && this.function('it', 1))
  }
}

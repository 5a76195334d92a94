import type { Direction, Script } from '../motion/story.js'
import type { Colour, DecalSymbol, Material, Relation, Setting, Shape, Size, Style, Time } from '../scene.js'
import { allWordings, type FunctionWord, functionWords, plural } from './lexicon.js'
import type { Token } from './tokens.js'

type Valued<Kind extends string, Value> = { readonly kind: Kind; readonly value: Value }

/** What a phrase of the lexicon means to the grammar. */
export type Meaning =
  | Valued<'shape', Shape>
  | Valued<'thing', 'thing'>
  | Valued<'colour', Colour>
  | Valued<'size', Size>
  | Valued<'material' | 'stuff', Material>
  | Valued<'symbol', DecalSymbol>
  | Valued<'relation' | 'relationToIt', Relation>
  | Valued<'setting', Setting>
  | Valued<'time', Time>
  | Valued<'style', Style>
  | Valued<'number', number>
  | Valued<'verb', Script>
  | Valued<'direction', Direction>
  | Valued<'function', FunctionWord>

/** A piece of text as the grammar sees it. `meaning` is missing for words that the lexicon lacks. */
export interface Lexeme {
  readonly meaning?: Meaning
  readonly sign?: 'stop' | 'comma' | 'quote'
  /** In lower case; a quotation without its marks. */
  readonly text: string
  /** The tokens as they were written, parted by spaces. */
  readonly raw: string
}

/** A word that was read as the only word of the lexicon at edit distance one. */
export interface Correction {
  readonly found: string
  readonly read: string
}

interface Node {
  readonly next: Map<string, Node>
  meaning?: Meaning
}

const articles = new Set(['a', 'an', 'the'])
const root: Node = { next: new Map() }
/** Words that may be misspelt: first those that describe, then the others. A function word is never a correction, for too many words look like one. */
const vocabularies = [new Set<string>(), new Set<string>()] as const
const describing: ReadonlySet<string> = new Set(['shape', 'thing', 'colour', 'size', 'material', 'stuff', 'setting', 'time', 'style'])
const known = new Set<string>()
const wordsOf = (phrase: string): string[] => phrase.toLowerCase().split(/[\s-]+/)

/** Articles inside a phrase are left out of the tree, so that "in the desert", "in a desert" and "in desert" are one. */
function learn(phrase: string, meaning: Meaning): void {
  let node = root
  for (const [i, word] of wordsOf(phrase).entries()) {
    known.add(word)
    if (word.length > 3 && meaning.kind !== 'function') vocabularies[describing.has(meaning.kind) ? 0 : 1].add(word)
    if (articles.has(word) && i > 0) continue
    let next = node.next.get(word)
    if (!next) {
      next = { next: new Map() }
      node.next.set(word, next)
    }
    node = next
  }
  node.meaning ??= meaning
}

for (const { kind, value, words } of allWordings()) {
  const meaning = { kind, value: kind === 'number' ? Number(value) : value } as Meaning
  learn(words, meaning)
  if (kind === 'shape' || kind === 'thing' || kind === 'symbol') learn(plural(words), meaning)
  if (kind === 'verb') learn(words.replace(/s\b/, ''), meaning)
}
for (const [name, phrases] of Object.entries(functionWords))
  for (const phrase of phrases) learn(phrase, { kind: 'function', value: name as FunctionWord })

/** The longest phrase of the lexicon at `from`, and where it ends. */
function longest(tokens: readonly Token[], from: number): { meaning: Meaning; end: number } | undefined {
  let node: Node | undefined = root
  let best: { meaning: Meaning; end: number } | undefined
  for (let at = from; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token
    if (kind !== 'word') break
    if (at > from && articles.has(text)) continue
    node = node.next.get(text)
    if (!node) break
    if (node.meaning) best = { meaning: node.meaning, end: at + 1 }
  }
  return best
}

const digits = /^[1-9]$/

/** Reads tokens as phrases, longest first. Words that the lexicon lacks but for one letter are read as the word they miss. */
export function lexemesOf(tokens: readonly Token[]): { lexemes: Lexeme[]; corrections: Correction[] } {
  const corrections: Correction[] = []
  const spelled = tokens.map((token) => {
    if (token.kind !== 'word' || known.has(token.text)) return token
    const read = nearest(token.text)
    if (read === undefined) return token
    corrections.push({ found: token.raw, read })
    return { ...token, text: read }
  })
  const lexemes: Lexeme[] = []
  for (let at = 0; at < spelled.length; ) {
    const { kind, text, raw } = spelled[at] as Token
    const found = kind === 'word' ? longest(spelled, at) : undefined
    const end = found?.end ?? at + 1
    if (kind !== 'word') lexemes.push({ sign: kind, text, raw })
    else if (found) lexemes.push({ meaning: found.meaning, text, raw: rawOf(tokens, at, end) })
    else if (digits.test(text)) lexemes.push({ meaning: { kind: 'number', value: Number(text) }, text, raw })
    else lexemes.push({ text, raw })
    at = end
  }
  return { lexemes, corrections }
}

const rawOf = (tokens: readonly Token[], from: number, end: number): string =>
  end === from + 1
    ? (tokens[from] as Token).raw
    : tokens
        .slice(from, end)
        .map(({ raw }) => raw)
        .join(' ')

/**
 * The only word of the lexicon that one insertion, deletion, exchange or swap of neighbours makes of this one, if it has four
 * letters or more. Singular and plural are one word, of which the ending decides.
 */
function nearest(word: string): string | undefined {
  if (word.length < 4) return undefined
  for (const vocabulary of vocabularies) {
    const candidates = [...vocabulary].filter((candidate) => isOneEditAway(word, candidate)).sort((a, b) => a.length - b.length)
    const [first, second, ...others] = candidates
    if (first === undefined) continue
    if (second === undefined) return first
    return others.length === 0 && second === plural(first) ? (word.endsWith('s') ? second : first) : undefined
  }
  return undefined
}

function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  const rest = (skipA: number, skipB: number): boolean => a.slice(start + skipA) === b.slice(start + skipB)
  if (a.length > b.length) return rest(1, 0)
  if (a.length < b.length) return rest(0, 1)
  return rest(1, 1) || (a[start] === b[start + 1] && a[start + 1] === b[start] && rest(2, 2))
}

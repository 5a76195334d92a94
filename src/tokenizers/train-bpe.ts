import { byteAlphabet, toByteCharacters } from './byte-alphabet.js'
import { limits } from './byte-pairs.js'
import { Heap } from './heap.js'
import { TokenizerError } from './tokenizer-error.js'
import type { Vocabulary } from './vocabulary-files.js'

export interface BytePairTrainingOptions {
  /** Entries in all: the bytes, the bytes that end a word, the merges and the special tokens. Fewer if the words run out of pairs. */
  readonly vocabularySize: number
  /** What the last character of a word carries. Default `</w>`, as CLIP has it; '' for GPT-2's style, where words begin with their space. */
  readonly suffix?: string
  /** Tokens without spelling, in the order of their ids at the end of the vocabulary. */
  readonly special: readonly string[]
  /** A pair that is seen less often is not joined. Default 2. */
  readonly minimumCount?: number
}

/** How often each word occurs; `pieces` cuts a text into words, as the tokenizer will. */
export function countWords(texts: Iterable<string>, pieces: (text: string) => Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) for (const word of pieces(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/**
 * Learns a byte-pair vocabulary (Sennrich et al. 2016): join the most frequent pair of neighbours, again and again. Of pairs that are equally
 * frequent the one with the smaller ids is joined, so the result depends on the words and their counts alone, not on their order.
 *
 * Counts of pairs are kept up to date rather than counted anew, and a merge visits only words that have the pair.
 *
 * @throws TokenizerError when the size has no room for the bytes and the special tokens
 */
export function trainBytePairs(
  counts: ReadonlyMap<string, number>,
  { vocabularySize, suffix = '</w>', special, minimumCount = 2 }: BytePairTrainingOptions,
): Vocabulary {
  const tokens = bytesOf(suffix)
  const least = tokens.length + special.length
  if (!Number.isInteger(vocabularySize) || vocabularySize < least || vocabularySize > limits.tokens)
    throw new TokenizerError({
      code: 'InvalidTraining',
      action: 'train',
      file: 'a vocabulary',
      expected: `a size from ${least} (${tokens.length} bytes and ${special.length} special tokens) to ${limits.tokens}`,
      found: `${vocabularySize}`,
    })
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const pairs = new PairCounts(wordsOf(counts, suffix, ids))
  const merges: [string, string][] = []
  while (tokens.length + special.length < vocabularySize) {
    const best = pairs.mostFrequent(minimumCount)
    if (!best) break
    const merge: [string, string] = [tokens[best.left] as string, tokens[best.right] as string]
    const whole = merge.join('')
    // Two pairs may spell the same token; it has one id.
    const id = ids.get(whole) ?? tokens.push(whole) - 1
    ids.set(whole, id)
    merges.push(merge)
    pairs.join(best, id)
  }
  return layOut(merges, { suffix, special })
}

/** The vocabulary that merges make, in the order of OpenAI's: bytes, bytes that end a word, merges, special tokens. */
export function layOut(
  merges: Vocabulary['merges'],
  { suffix, special }: { readonly suffix: string; readonly special: readonly string[] },
): Vocabulary {
  const tokens = new Set([...bytesOf(suffix), ...merges.map(([left, right]) => left + right), ...special])
  return { vocabulary: new Map(Array.from(tokens, (token, id) => [token, id])), merges }
}

const bytesOf = (suffix: string): string[] => [...byteAlphabet, ...(suffix ? byteAlphabet.map((character) => character + suffix) : [])]

interface Word {
  readonly count: number
  /** Token ids; shorter after each merge. */
  ids: number[]
}

function wordsOf(counts: ReadonlyMap<string, number>, suffix: string, ids: ReadonlyMap<string, number>): Word[] {
  const words: Word[] = []
  for (const [word, count] of counts) {
    const characters = toByteCharacters(word)
    const last = characters.length - 1
    if (last >= 0)
      words.push({ count, ids: Array.from(characters, (character, i) => ids.get(i === last ? character + suffix : character) as number) })
  }
  return words
}

interface Pair {
  readonly left: number
  readonly right: number
}

interface PairState extends Pair {
  count: number
  /** Words that have, or once had, the pair. */
  readonly words: Set<Word>
}

/** How often each pair of neighbours occurs in all words, kept true while pairs are joined. */
class PairCounts {
  readonly #states = new Map<number, PairState>()
  /** The most frequent pair on top. A pair may stand in it several times, with counts from before; only the one that is still true counts. */
  readonly #heap = new Heap<{ readonly count: number; readonly state: PairState }>(
    (a, b) => a.count > b.count || (a.count === b.count && (a.state.left - b.state.left || a.state.right - b.state.right) < 0),
  )

  constructor(words: readonly Word[]) {
    for (const word of words) this.#count(word, word.count)
    for (const state of this.#states.values()) this.#heap.push({ count: state.count, state })
  }

  mostFrequent(minimum: number): Pair | undefined {
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop())
      if (top.count === top.state.count) return top.count >= minimum ? top.state : undefined
    return undefined
  }

  /** Puts one token in the place of a pair, wherever it stands. */
  join({ left, right }: Pair, id: number): void {
    const changed = new Map<PairState, number>()
    for (const word of this.#states.get(keyOf(left, right))?.words ?? []) {
      this.#count(word, -word.count, changed)
      const joined: number[] = []
      for (let i = 0; i < word.ids.length; i++) {
        const both = word.ids[i] === left && word.ids[i + 1] === right
        joined.push(both ? id : (word.ids[i] as number))
        if (both) i++
      }
      word.ids = joined
      this.#count(word, word.count, changed)
    }
    for (const [state, before] of changed) if (state.count !== before) this.#heap.push({ count: state.count, state })
  }

  /** Adds `amount` to each pair of a word, and notes what each count was before. */
  #count(word: Word, amount: number, changed?: Map<PairState, number>): void {
    for (let i = 0; i + 1 < word.ids.length; i++) {
      const left = word.ids[i] as number
      const right = word.ids[i + 1] as number
      const key = keyOf(left, right)
      let state = this.#states.get(key)
      if (!state) {
        state = { left, right, count: 0, words: new Set() }
        this.#states.set(key, state)
      }
      if (changed && !changed.has(state)) changed.set(state, state.count)
      state.count += amount
      state.words.add(word)
    }
  }
}

const keyOf = (left: number, right: number): number => left * 2 ** 26 + right

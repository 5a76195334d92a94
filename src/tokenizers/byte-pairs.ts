import { byteFor, toByteCharacters } from './byte-alphabet.js'
import { Heap } from './heap.js'

/** Bounds of what is read from strangers; the largest published vocabularies have 262,144 entries and 514,906 merges. */
export const limits = { tokens: 2 ** 19, merges: 2 ** 20, tokenLength: 1024, fileLength: 2 ** 26 } as const

/** Words longer than this are rare and not worth remembering. */
const longestRemembered = 64
const mostRemembered = 20_000

export interface BytePairOptions {
  /** Token → id. */
  readonly vocabulary: ReadonlyMap<string, number>
  /** Pairs in the order in which they are joined; both halves and the whole are in the vocabulary. */
  readonly merges: readonly (readonly [string, string])[]
  /** What the last character of a word carries: CLIP marks the end of words with `</w>`, GPT-2 marks nothing. */
  readonly suffix: string
  /** The id for a character that the vocabulary lacks; published byte-level vocabularies lack none. */
  readonly unknown: number
}

/**
 * Byte-pair encoding (Sennrich et al. 2016) over the byte-level alphabet: a word begins as its bytes, and the pair with the lowest rank is joined, the
 * leftmost first, until no pair has one. A heap holds the candidates, so that a word of n bytes takes n·log n steps: text from strangers may be one
 * word of a megabyte.
 */
export class BytePairs {
  readonly vocabulary: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
  readonly suffix: string
  /** One more than the largest id: the rows of an embedding table. */
  readonly size: number
  readonly #unknown: number
  readonly #tokens = new Map<number, string>()
  /** Pair of ids, as one number, → rank. */
  readonly #ranks = new Map<number, number>()
  /** The id that the merge of each rank makes. */
  readonly #products: Int32Array
  readonly #remembered = new Map<string, readonly number[]>()

  constructor({ vocabulary, merges, suffix, unknown }: BytePairOptions) {
    this.vocabulary = vocabulary
    this.merges = merges
    this.suffix = suffix
    this.#unknown = unknown
    for (const [token, id] of vocabulary) this.#tokens.set(id, token)
    this.size = 1 + [...vocabulary.values()].reduce((largest, id) => Math.max(largest, id), -1)
    this.#products = Int32Array.from(merges, ([left, right]) => this.#known(left + right))
    for (const [rank, [left, right]] of merges.entries()) this.#ranks.set(pairOf(this.#known(left), this.#known(right)), rank)
  }

  /** The ids of one word, which the caller has cut out of its text. */
  encode(word: string): readonly number[] {
    const known = this.#remembered.get(word)
    if (known) return known
    const ids = this.#join(this.#characters(word))
    if (word.length <= longestRemembered && this.#remembered.size < mostRemembered) this.#remembered.set(word, ids)
    return ids
  }

  /** The token of an id in the byte-level alphabet, the suffix included; undefined for an id that the vocabulary lacks. */
  token(id: number): string | undefined {
    return this.#tokens.get(id)
  }

  /** The text of a row of ids, a space in the place of each suffix. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>): string {
    const bytes: number[] = []
    for (const id of ids) {
      const token = this.#tokens.get(id) ?? ''
      const ends = this.suffix !== '' && token.endsWith(this.suffix)
      for (const character of ends ? token.slice(0, -this.suffix.length) : token) {
        const byte = byteFor(character)
        if (byte !== undefined) bytes.push(byte)
      }
      if (ends) bytes.push(0x20)
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
  }

  #known(token: string): number {
    const id = this.vocabulary.get(token)
    if (id === undefined) throw new TypeError(`Cannot join byte pairs: "${token}" stands in the merges and not in the vocabulary`)
    return id
  }

  #characters(word: string): Int32Array {
    const characters = toByteCharacters(word)
    const last = characters.length - 1
    return Int32Array.from(
      characters,
      (character, i) => this.vocabulary.get(i === last ? character + this.suffix : character) ?? this.#unknown,
    )
  }

  /** Joins in place: `ids` holds −1 where a token was taken into its left neighbour; `before` and `after` link what is left. */
  #join(ids: Int32Array): readonly number[] {
    const before = Int32Array.from(ids, (_, i) => i - 1)
    const after = Int32Array.from(ids, (_, i) => (i + 1 < ids.length ? i + 1 : -1))
    const candidates = new Heap<number>((a, b) => a < b)
    const rankAt = (left: number): number | undefined => {
      const right = left < 0 ? -1 : (after[left] as number)
      return right < 0 ? undefined : this.#ranks.get(pairOf(ids[left] as number, ids[right] as number))
    }
    const consider = (left: number): void => {
      const rank = rankAt(left)
      if (rank !== undefined) candidates.push(rank * places + left)
    }
    for (let i = 0; i + 1 < ids.length; i++) consider(i)
    for (let next = candidates.pop(); next !== undefined; next = candidates.pop()) {
      const rank = Math.floor(next / places)
      const left = next % places
      if (rankAt(left) !== rank) continue // one of the two has been joined with another since
      const right = after[left] as number
      const beyond = after[right] as number
      ids[left] = this.#products[rank] as number
      ids[right] = -1
      after[right] = -1
      after[left] = beyond
      if (beyond >= 0) before[beyond] = left
      consider(before[left] as number)
      consider(left)
    }
    return Array.from(ids).filter((id) => id >= 0)
  }
}

/** Ranks and places share one number in the heap; a JavaScript string has fewer than 2^31 bytes. */
const places = 2 ** 31
const pairOf = (left: number, right: number): number => left * 2 ** 26 + right

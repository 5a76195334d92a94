import type { Key } from '../../graph/random/index.js'

/**
 * Draws in a row from one key. Sentences take some dozens of small choices, whose names would be a nuisance and whose arrays
 * cost more than the sentence: this way a caption takes microseconds.
 */
export class Dice {
  #drawn = 0
  constructor(readonly key: Key) {}

  /** In [0, 1), with 32 bits. */
  next(): number {
    return this.key.child(this.#drawn++).low / 0x1_0000_0000
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Cannot pick from a list without items')
    return items[this.below(items.length)] as T
  }

  /** The items in random order; the list itself stays as it is. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const moved = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = moved
    }
    return shuffled
  }
}

/** Every name as often as its share, to be picked from. */
export const inShares = <Name extends string>(shares: Readonly<Record<Name, number>>): Name[] =>
  (Object.entries(shares) as [Name, number][]).flatMap(([name, share]) => new Array<Name>(share).fill(name))

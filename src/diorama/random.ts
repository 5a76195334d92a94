import { integers, type Key, permutation, uniform } from '../graph/random/index.js'

/**
 * Named draws from one random key: `draw.uniform('azimuth', -1, 1)` depends on the key and on the name only, so a new draw
 * between two old ones changes neither.
 */
export class Draw {
  constructor(readonly key: Key) {}

  /** The independent draws under this name. */
  child(name: string | number, ...more: readonly (string | number)[]): Draw {
    return new Draw(this.key.child(name, ...more))
  }

  /** A number in [low, high); `low` itself where the two are equal. */
  uniform(name: string | number, low: number, high: number): number {
    return low === high ? low : uniform(this.key.child(name), [1], { low, high }).item()
  }

  /** A whole number from `low` to `high`, both included. */
  integer(name: string | number, low: number, high: number): number {
    return integers(this.key.child(name), [1], { low, high: high + 1 }).item()
  }

  /** True with this probability. */
  chance(name: string | number, probability: number): boolean {
    return this.uniform(name, 0, 1) < probability
  }

  /** One of the items, each as likely as the others. */
  pick<T>(name: string | number, items: readonly T[]): T {
    if (items.length === 0) throw new RangeError(`Cannot pick "${name}" from a list without items`)
    return items[this.integer(name, 0, items.length - 1)] as T
  }

  /** The position of one of the weights, as often as its share of their sum. */
  weighted(name: string | number, weights: readonly number[]): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    if (!(total > 0)) throw new RangeError(`Cannot draw "${name}" by the weights [${weights.join(', ')}]: their sum must be above zero`)
    let left = this.uniform(name, 0, total)
    for (const [i, weight] of weights.entries()) {
      left -= weight
      if (left < 0) return i
    }
    return weights.findLastIndex((weight) => weight > 0)
  }

  /** The items in random order; the list itself stays as it is. */
  shuffle<T>(name: string | number, items: readonly T[]): T[] {
    return Array.from(permutation(this.key.child(name), items.length).data, (i) => items[i] as T)
  }
}

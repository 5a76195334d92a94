import { GeneraError } from '../errors.js'
import { philox } from './philox.js'

/** What a draw is for: it sits in the fourth counter word, so that two kinds of draw from one key have nothing in common. */
export const purposes = { uniform: 0, normal: 1, truncated: 2, integers: 3, permutation: 4, bernoulli: 5, gumbel: 6 } as const
const TEXT = 0x80000000
const NUMBER = 0xc0000000

const block = new Uint32Array(4)

/**
 * The root of a tree of random streams. A key is a value: drawing does not change it, and the same key gives the same numbers
 * every time, so each use asks for a child of its own:
 *
 *     const root = key(7)
 *     const noise = normal(root.child('noise'), [4, 32, 32])
 *     const dropout = root.child('layers', 3, 'dropout')
 */
export class Key {
  /** Two 32-bit words; the whole of the key. */
  constructor(
    readonly low: number,
    readonly high: number,
  ) {}

  /** The independent stream under this name; `child('a', 1)` is `child('a').child(1)`, and `child(1)` is not `child('1')`. */
  child(name: string | number, ...more: readonly (string | number)[]): Key {
    const child = typeof name === 'string' ? this.#text(name) : this.#number(name)
    const [next, ...rest] = more
    return next === undefined ? child : child.child(next, ...rest)
  }

  /** Six UTF-16 units a block, each block keyed by the one before; the length in the fourth word keeps prefixes apart. */
  #text(name: string): Key {
    const pair = (at: number) => (name.charCodeAt(at) || 0) | ((name.charCodeAt(at + 1) || 0) << 16)
    let next = this.#hash(pair(0), pair(2), pair(4), TEXT | name.length)
    for (let at = 6; at < name.length; at += 6) next = next.#hash(pair(at), pair(at + 2), pair(at + 4), TEXT | name.length)
    return next
  }

  #number(name: number): Key {
    if (!Number.isSafeInteger(name))
      throw new GeneraError('random-name', `Cannot name a child of a random key ${name}: a name is a text or a whole number`)
    return this.#hash(name % 0x1_0000_0000, Math.floor(name / 0x1_0000_0000), 0, NUMBER)
  }

  #hash(c0: number, c1: number, c2: number, c3: number): Key {
    philox(block, 4, this.low, this.high, c0, c1, c2, c3)
    return new Key(block[0] as number, block[1] as number)
  }
}

/** The key of a seed: a whole number from 0 to 2^53 − 1. */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new GeneraError(
      'random-seed',
      `Cannot make a random key from the seed ${String(seed)}: a seed is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
    )
  return new Key(seed % 0x1_0000_0000, Math.floor(seed / 0x1_0000_0000))
}

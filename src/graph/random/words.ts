import type { Key } from './key.js'
import { philox } from './philox.js'

const words = new Uint32Array(1024)

/**
 * Hands the first `count` random words of a key to `use`, a chunk at a time in one reused buffer: word i is word i mod 4 of
 * block ⌊i / 4⌋, whatever the chunk size.
 */
export function eachWords(key: Key, purpose: number, count: number, use: (words: Uint32Array, start: number, count: number) => void): void {
  for (let start = 0; start < count; start += words.length) {
    const wanted = Math.min(words.length, count - start)
    philox(words, wanted, key.low, key.high, start / 4, 0, 0, purpose)
    use(words, start, wanted)
  }
}

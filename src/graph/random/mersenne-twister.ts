const SIZE = 624
const SHIFT = 397

/** MT19937, the generator behind torch's CPU tensors (Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 1998). */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE)
  #next = SIZE

  /** Only the low 32 bits of the seed count. */
  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < SIZE; i++) {
      const previous = state[i - 1] as number
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
    }
  }

  /** The next 32 random bits, as a number from 0 to 2^32 − 1. */
  next(): number {
    if (this.#next === SIZE) this.#twist()
    let y = this.#state[this.#next++] as number
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < SIZE; i++) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % SIZE] as number) & 0x7fffffff)
      state[i] = (state[(i + SHIFT) % SIZE] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}

import { array, fill, type NDArray } from '../../src/graph/ndarray.js'

/** Repeatable random inputs around one base shape. */
export class Draw {
  #state: number
  constructor(
    readonly shape: readonly number[],
    seed: number,
  ) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1): mulberry32. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number, shape = this.shape): NDArray {
    return fill('float32', shape, () => low + (high - low) * this.#next())
  }

  normal(shape = this.shape): NDArray {
    return fill('float32', shape, () => 1.7 * (this.#next() + this.#next() + this.#next() - 1.5))
  }

  /** At least 0.2 from zero on either side. */
  away(shape = this.shape): NDArray {
    return fill('float32', shape, () => (0.2 + 1.3 * this.#next()) * (this.#next() < 0.5 ? -1 : 1))
  }

  /** No two elements closer than 0.1. */
  distinct(shape = this.shape): NDArray {
    const count = shape.reduce((a, b) => a * b, 1)
    const places = Array.from({ length: count }, (_, i) => i)
    const mixed = places.map((i) => [this.#next(), i] as const).sort(([a], [b]) => a - b)
    return array(
      mixed.map(([, i]) => (i - count / 2) * 0.15),
      { shape },
    )
  }

  whole(below: number, shape = this.shape, dtype: 'int64' | 'int32' = 'int64'): NDArray {
    return fill(dtype, shape, () => Math.floor(this.#next() * below))
  }

  flags(shape = this.shape): NDArray {
    return fill('bool', shape, () => (this.#next() < 0.5 ? 1 : 0))
  }

  int(below: number): number {
    return Math.floor(this.#next() * below)
  }

  /** A shape that broadcasts against the base shape: some axes are 1, some leading ones are missing. */
  partner(): number[] {
    return this.shape.slice(this.int(this.shape.length + 1) >> 1).map((size) => (this.#next() < 0.3 ? 1 : size))
  }
}

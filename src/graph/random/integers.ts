import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { type Key, purposes } from './key.js'
import { eachWords } from './words.js'

/** Element types that hold whole numbers for indexing. */
export type IndexType = 'int32' | 'int64'

/**
 * Whole numbers from `low` up to, but not including, `high`. Every element spends 64 random bits, so a range of n is even to
 * one part in 2^53 / n below 2^32, and to one part in 2^11 up to 2^53.
 */
export function integers<D extends IndexType = 'int32'>(
  key: Key,
  shape: readonly number[],
  { low = 0, high, dtype = 'int32' as D }: { low?: number; high: number; dtype?: D },
): NDArray<D> {
  const range = high - low
  const fits = dtype === 'int64' || (low >= -(2 ** 31) && high <= 2 ** 31)
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !Number.isSafeInteger(range) || range < 1 || !fits)
    throw new GeneraError(
      'random-range',
      `Cannot draw ${dtype} numbers from [${low}, ${high}): low and high are whole numbers that ${dtype} and float64 hold, low the smaller`,
    )
  const numbers = new Float64Array(elementCount(shape))
  const scale = range <= 2 ** 32 ? scaleFraction : scaleExactly
  eachWords(key, purposes.integers, 2 * numbers.length, (words, start, count) => {
    for (let i = 0; i < count; i += 2) numbers[(start + i) / 2] = low + scale(words[i] as number, words[i + 1] as number, range)
  })
  return new NDArray<IndexType>(
    dtype,
    shape,
    dtype === 'int32' ? new Int32Array(numbers) : BigInt64Array.from(numbers, BigInt),
  ) as NDArray<D>
}

/** The numbers from 0 to n − 1 in random order (the inside-out form of Fisher and Yates's shuffle). */
export function permutation<D extends IndexType = 'int32'>(key: Key, n: number, { dtype = 'int32' as D }: { dtype?: D } = {}): NDArray<D> {
  const order = new Int32Array(elementCount([n]))
  eachWords(key, purposes.permutation, 2 * n, (words, start, count) => {
    for (let i = 0; i < count; i += 2) {
      const at = (start + i) / 2
      const other = scaleFraction(words[i] as number, words[i + 1] as number, at + 1)
      order[at] = order[other] as number
      order[other] = at
    }
  })
  return new NDArray('int32', [n], order).cast(dtype)
}

/** ⌊range · (high, low) / 2^64⌋ for two random words, from their leading 53 bits. */
const scaleFraction = (high: number, low: number, range: number): number =>
  Math.floor(((high >>> 5) * 0x400_0000 + (low >>> 6)) * 2 ** -53 * range)

/** The same from all 64 bits, for ranges that would leave 53 bits uneven. */
const scaleExactly = (high: number, low: number, range: number): number =>
  Number((((BigInt(high) << 32n) | BigInt(low)) * BigInt(range)) >> 64n)

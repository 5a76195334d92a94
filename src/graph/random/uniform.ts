import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { type Key, purposes } from './key.js'
import { eachWords } from './words.js'

/** Evenly distributed float32 numbers in [low, high): `high` itself never comes, in spite of rounding. */
export function uniform(
  key: Key,
  shape: readonly number[],
  { low = 0, high = 1 }: { low?: number; high?: number } = {},
): NDArray<'float32'> {
  const from = Math.fround(low)
  const span = Math.fround(high) - from
  if (!(span > 0 && span < Number.POSITIVE_INFINITY))
    throw new GeneraError('random-range', `Cannot draw float32 numbers from [${low}, ${high}): low must be below high, and both finite`)
  const last = previousFloat(Math.fround(high))
  const out = new Float32Array(elementCount(shape))
  eachWords(key, purposes.uniform, out.length, (words, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = Math.min(from + span * (((words[i] as number) >>> 8) * 2 ** -24), last)
  })
  return new NDArray('float32', shape, out)
}

/** Ones with probability `p`. Of two draws from one key, the one with the larger `p` holds every one of the other. */
export function bernoulli(key: Key, shape: readonly number[], p: number): NDArray<'bool'> {
  if (!(p >= 0 && p <= 1))
    throw new GeneraError('random-probability', `Cannot draw booleans that are true with probability ${p}: it is from 0 to 1`)
  const out = new Uint8Array(elementCount(shape))
  const threshold = p * 2 ** 32
  eachWords(key, purposes.bernoulli, out.length, (words, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = (words[i] as number) < threshold ? 1 : 0
  })
  return new NDArray('bool', shape, out)
}

/** The largest float32 below a finite float32. */
function previousFloat(value: number): number {
  if (value === 0) return -(2 ** -149)
  const float = new Float32Array([value])
  const bits = new Int32Array(float.buffer)
  bits[0] = (bits[0] as number) + (value > 0 ? -1 : 1)
  return float[0] as number
}

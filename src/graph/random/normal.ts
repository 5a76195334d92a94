import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { cosine, lnOfWord, sine } from './elementary.js'
import { type Key, purposes } from './key.js'
import { philox } from './philox.js'
import { eachWords } from './words.js'

// Cosine and sine of whole quarter turns: multiplying by them turns exactly, without a branch that a processor cannot foresee.
const QUARTER_COSINE = new Float64Array([1, 0, -1, 0])
const QUARTER_SINE = new Float64Array([0, 1, 0, -1])
const QUARTER = Math.PI / 2 / 2 ** 30

/** Two words into two independent standard normals (Box and Muller, 1958): one word is the radius, one the angle. */
function boxMuller(words: Uint32Array, from: number, out: Float32Array, to: number, mean: number, std: number): void {
  const radius = std * Math.sqrt(-2 * lnOfWord(words[from] as number))
  const turn = words[from + 1] as number
  const quarter = turn >>> 30
  const angle = ((turn & 0x3fffffff) - 0x1fffffff - 0.5) * QUARTER // in (−π/4, π/4), never 0
  const c = cosine(angle)
  const s = sine(angle)
  const qc = QUARTER_COSINE[quarter] as number
  const qs = QUARTER_SINE[quarter] as number
  out[to] = mean + radius * (c * qc - s * qs)
  if (to + 1 < out.length) out[to + 1] = mean + radius * (s * qc + c * qs)
}

function fillNormal(out: Float32Array, key: Key, purpose: number, mean: number, std: number): void {
  eachWords(key, purpose, out.length, (words, start, count) => {
    for (let i = 0; i < count; i += 2) boxMuller(words, i, out, start + i, mean, std)
  })
}

/** Mean and spread of a normal distribution. */
export interface NormalOptions {
  mean?: number
  std?: number
}

function checkNormal(mean: number, std: number): void {
  if (!Number.isFinite(mean) || !Number.isFinite(std) || std < 0)
    throw new GeneraError('random-normal', `Cannot draw normal numbers with mean ${mean} and std ${std}: both are finite, std is 0 or more`)
}

/** Normally distributed float32 numbers; element i depends on the key and on i alone. The largest possible |z| is 6.76. */
export function normal(key: Key, shape: readonly number[], { mean = 0, std = 1 }: NormalOptions = {}): NDArray<'float32'> {
  checkNormal(mean, std)
  const out = new Float32Array(elementCount(shape))
  fillNormal(out, key, purposes.normal, mean, std)
  return new NDArray('float32', shape, out)
}

/** One `normal(key, shape)` per key, stacked: sample k is the same in a batch of any size. Gives [keys, ...shape]. */
export function normalBatch(keys: readonly Key[], shape: readonly number[], { mean = 0, std = 1 }: NormalOptions = {}): NDArray<'float32'> {
  checkNormal(mean, std)
  const size = elementCount(shape)
  const out = new Float32Array(keys.length * size)
  keys.forEach((key, k) => {
    fillNormal(out.subarray(k * size, (k + 1) * size), key, purposes.normal, mean, std)
  })
  return new NDArray('float32', [keys.length, ...shape], out)
}

const redrawnWords = new Uint32Array(4)
const redrawn = new Float32Array(4)

/**
 * Normal numbers without those outside [mean + low·std, mean + high·std]: `low` and `high` count standard deviations of the
 * full distribution. Within the default ±2 the result's own standard deviation is 0.8796 std.
 *
 * An element that falls outside is drawn again, attempt after attempt in the third counter word, so that it still depends on
 * the key and its index alone.
 */
export function truncatedNormal(
  key: Key,
  shape: readonly number[],
  { mean = 0, std = 1, low = -2, high = 2 }: NormalOptions & { low?: number; high?: number } = {},
): NDArray<'float32'> {
  checkNormal(mean, std)
  if (!(roughlyBelow(high) - roughlyBelow(low) > 1e-3))
    throw new GeneraError(
      'random-window',
      `Cannot draw normal numbers between ${low} and ${high} standard deviations: fewer than 1 in 1,000 would fall inside`,
      'low and high are in units of std; low must be the smaller',
    )
  const out = new Float32Array(elementCount(shape))
  fillNormal(out, key, purposes.truncated, 0, 1)
  for (let i = 0; i < out.length; i++) {
    let z = out[i] as number
    for (let attempt = 1; z < low || z > high; attempt++) {
      philox(redrawnWords, 4, key.low, key.high, i >>> 2, 0, attempt, purposes.truncated)
      boxMuller(redrawnWords, i & 2, redrawn, i & 2, 0, 1)
      z = redrawn[i & 3] as number
    }
    out[i] = mean + std * z
  }
  return new NDArray('float32', shape, out)
}

/** The share of a standard normal below z, to 2e-4 (Page, 1977): enough to refuse a hopeless window. */
const roughlyBelow = (z: number): number => 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z ** 3))

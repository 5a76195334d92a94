import { toBrainBits, toHalfBits } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { MersenneTwister } from './mersenne-twister.js'
import { normalBlock } from './torch-normal.js'

/** The element types of torch's noise. */
export type NoiseType = 'float32' | 'float16' | 'bfloat16'

/** A whole number, as a bigint where it passes 2^53. */
export type Whole = number | bigint

const ones = { float32: 1, float16: toHalfBits(1), bfloat16: toBrainBits(1) }

const bigint = (value: Whole): bigint | undefined =>
  typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value) : undefined

/** A seed as torch takes it, from −2^63 to 2^64 − 1, as the 64 bits of its two's complement. */
export function torchSeed(seed: Whole): bigint {
  const whole = bigint(seed)
  if (whole === undefined || whole < -(1n << 63n) || whole >= 1n << 64n)
    throw new GeneraError(
      'random-seed',
      `Cannot seed a torch generator with ${String(seed)}: torch takes whole numbers from -2^63 to 2^64 - 1`,
      'Write seeds beyond 2^53 as a bigint, such as 18446744073709551615n',
    )
  return BigInt.asUintN(64, whole)
}

/**
 * The random numbers of `torch.Generator().manual_seed(seed)` on a CPU, bit for bit those of torch 2.13 on x86 (AVX2 or AVX-512).
 * Builds without AVX2 differ by up to 1.8e-6 in `randn`. Like torch's, this generator moves on with each call.
 */
export class TorchGenerator {
  readonly #twister: MersenneTwister
  /** The second number of a pair that the serial path drew, waiting for its next call. */
  #spare: number | undefined

  constructor(seed: Whole) {
    this.#twister = new MersenneTwister(Number(BigInt.asUintN(32, torchSeed(seed))))
  }

  /** `torch.rand`: even in [0, 1). The half types round float32's numbers, and what rounds to 1 becomes 0. */
  rand<D extends NoiseType = 'float32'>(shape: readonly number[], { dtype = 'float32' as D }: { dtype?: D } = {}): NDArray<D> {
    const out = new Float32Array(elementCount(shape))
    this.#fillUniform(out)
    const rounded = new NDArray('float32', shape, out).cast(dtype)
    const one = ones[dtype]
    for (let i = 0; i < rounded.length; i++) if (rounded.data[i] === one) rounded.data[i] = 0
    return rounded
  }

  /** `torch.rand(n, dtype=torch.float64)`. */
  rand64(n: number): Float64Array {
    return Float64Array.from({ length: elementCount([n]) }, () => this.#double())
  }

  /** `torch.randn`: mean 0, variance 1. Tensors of fewer than 16 numbers take another path than larger ones, here as there. */
  randn<D extends NoiseType = 'float32'>(shape: readonly number[], { dtype = 'float32' as D }: { dtype?: D } = {}): NDArray<D> {
    const out = new Float32Array(elementCount(shape))
    if (out.length < 16) for (let i = 0; i < out.length; i++) out[i] = this.#normal()
    else this.#fillNormal(out, dtype === 'float32')
    return new NDArray('float32', shape, out).cast(dtype)
  }

  /** `torch.randint(low, high, shape)`, as int64. */
  randint(low: Whole, high: Whole, shape: readonly number[]): NDArray<'int64'> {
    const [from, to] = [bigint(low), bigint(high)]
    if (from === undefined || to === undefined || from >= to || BigInt.asIntN(64, from) !== from || BigInt.asIntN(64, to) !== to)
      throw new GeneraError(
        'random-range',
        `Cannot draw int64 numbers from [${low}, ${high}): both are whole numbers that fit int64 (beyond 2^53 as a bigint), low the smaller`,
      )
    const range = to - from
    // 64 bits from 2^28 on, where 32 would be uneven (older releases of torch did so from 2^32 on).
    const draw = range >= 1n << 28n ? () => this.#bits64() % range : () => BigInt(this.#twister.next() % Number(range))
    return new NDArray(
      'int64',
      shape,
      BigInt64Array.from({ length: elementCount(shape) }, () => from + draw()),
    )
  }

  /** `torch.randperm(n)`, as int64. */
  randperm(n: number): NDArray<'int64'> {
    const order = Int32Array.from({ length: elementCount([n]) }, (_, i) => i)
    for (let i = 0; i < n - 1; i++) {
      const other = i + (this.#twister.next() % (n - i))
      const kept = order[i] as number
      order[i] = order[other] as number
      order[other] = kept
    }
    return new NDArray('int32', [n], order).cast('int64')
  }

  #fillUniform(out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = (this.#twister.next() & 0xffffff) * 2 ** -24
  }

  /**
   * Blocks of 16; a remainder is covered by a fresh block over the last 16 places. For float32, torch draws the uniform numbers
   * of the remainder all the same and throws them away; for the half types it does not.
   */
  #fillNormal(out: Float32Array, drawsRemainder: boolean): void {
    const remainder = out.length % 16
    this.#fillUniform(drawsRemainder ? out : out.subarray(0, out.length - remainder))
    for (let i = 0; i + 16 <= out.length; i += 16) normalBlock(out, i)
    if (remainder === 0) return
    this.#fillUniform(out.subarray(-16))
    normalBlock(out, out.length - 16)
  }

  #normal(): number {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) return spare
    const theta = 2 * Math.PI * this.#double()
    const radius = Math.sqrt(-2 * Math.log1p(-this.#double()))
    this.#spare = radius * Math.sin(theta)
    return radius * Math.cos(theta)
  }

  #double(): number {
    const high = this.#twister.next()
    return ((high & 0x1fffff) * 2 ** 32 + this.#twister.next()) * 2 ** -53
  }

  #bits64(): bigint {
    const high = this.#twister.next()
    return (BigInt(high) << 32n) | BigInt(this.#twister.next())
  }
}

/** The stream of `torch.Generator().manual_seed(seed)`: the same seed gives the same latents as a diffusers pipeline on a CPU. */
export const torchGenerator = (seed: Whole): TorchGenerator => new TorchGenerator(seed)

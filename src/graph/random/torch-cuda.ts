import { GeneraError } from '../errors.js'
import { elementCount, NDArray } from '../ndarray.js'
import { philox } from './philox.js'
import { type NoiseType, torchSeed, type Whole } from './torch.js'

// cuRAND's scales from 32 random bits to (0, 1] and (0, 2π], as float32 numbers.
const f = Math.fround
const UNIT = f(2.3283064e-10)
const TURN = f(UNIT * f(6.2831855))

/**
 * How many threads a GPU runs a random kernel on at most: its multiprocessors times their resident threads. Draws larger than
 * that repeat the threads, so that only there does the same seed give other numbers on another GPU.
 */
export interface CudaDevice {
  multiprocessors: number
  /** Resident threads on each multiprocessor: 2,048 on the V100, A100 and H100; 1,536 on GeForce cards from the RTX 30 series on. */
  threadsPerMultiprocessor: number
}

const BLOCK = 256

/** The threads of torch's launch: whole blocks of 256 on every multiprocessor. */
function residentThreads({ multiprocessors, threadsPerMultiprocessor }: CudaDevice): number {
  const blocks = multiprocessors * Math.floor(threadsPerMultiprocessor / BLOCK)
  if (!Number.isSafeInteger(blocks) || blocks < 1)
    throw new GeneraError(
      'random-device',
      `Cannot draw as a GPU of ${multiprocessors} multiprocessors with ${threadsPerMultiprocessor} threads each: it has at least 1, with 256 or more`,
    )
  return blocks * BLOCK
}

/**
 * The normal numbers of `torch.randn(shape, device='cuda')` after `torch.cuda.manual_seed(seed)`: element i is the first number
 * of subsequence i of cuRAND's Philox4x32-10 generator, and each call moves the offset on. They are within about 2e-6 of a
 * GPU's, the error of its fast sine: the same picture, not the same bytes. Without a `device`, draws of any size have a thread
 * per element, which is what Stable Diffusion front ends do when they draw "NV" noise on a CPU.
 */
export class TorchCudaGenerator {
  readonly #low: number
  readonly #high: number
  readonly #threads: number
  readonly #words = new Uint32Array(4)
  /** Blocks of four words drawn so far from every subsequence. */
  #offset = 0

  constructor(seed: Whole, device?: CudaDevice) {
    const bits = torchSeed(seed)
    this.#low = Number(bits & 0xffffffffn)
    this.#high = Number(bits >> 32n)
    this.#threads = device ? residentThreads(device) : Number.POSITIVE_INFINITY
  }

  randn<D extends NoiseType = 'float32'>(shape: readonly number[], { dtype = 'float32' as D }: { dtype?: D } = {}): NDArray<D> {
    const out = new Float32Array(elementCount(shape))
    const threads = Math.min(this.#threads, Math.ceil(out.length / BLOCK) * BLOCK)
    // Thread t makes elements t, t + threads, t + 2·threads and t + 3·threads from one block, then goes on after those.
    for (let first = 0; first < out.length; first += 4 * threads, this.#offset++)
      for (let t = 0; t < threads && first + t < out.length; t++) this.#normals(out, first + t, threads, t)
    return new NDArray('float32', shape, out).cast(dtype)
  }

  /** Four normal numbers from block `offset` of subsequence `thread`, as far as they fall inside `out`. */
  #normals(out: Float32Array, at: number, stride: number, thread: number): void {
    const words = this.#words
    philox(words, 4, this.#low, this.#high, this.#offset, 0, thread, 0)
    for (let i = 0; i < 4 && at + i * stride < out.length; i += 2) {
      // Box and Muller in cuRAND's float32 steps; the compiler fuses the product and the sum.
      const u = f(f(words[i] as number) * UNIT + UNIT / 2)
      const v = f(f(words[i + 1] as number) * TURN + TURN / 2)
      const radius = f(Math.sqrt(-2 * f(Math.log(u))))
      out[at + i * stride] = radius * f(Math.sin(v))
      const second = at + (i + 1) * stride
      if (second < out.length) out[second] = radius * f(Math.cos(v))
    }
  }
}

/** The noise of a diffusers pipeline whose generator lives on a CUDA device; see {@link TorchCudaGenerator}. */
export const torchCudaGenerator = (seed: Whole, device?: CudaDevice): TorchCudaGenerator => new TorchCudaGenerator(seed, device)

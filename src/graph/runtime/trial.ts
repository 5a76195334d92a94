import { fill } from '../ndarray.js'
import { emitModel } from '../onnx/emitter.js'
import { placeholder } from '../ops/constant.js'
import { type Runtime, RuntimeError } from './runtime.js'

const size = 512
const products = 4

/**
 * Milliseconds that a chain of matrix products takes, with the arrays' way there and back: the best of up to three within a
 * second, so that a first run's preparations do not count where they are short. A device that computes something else is none.
 */
export async function trial(runtime: Runtime): Promise<number> {
  const label = 'a trial'
  const shift = fill('float32', [size, size], (i) => ((Math.floor(i / size) + 1) % size === i % size ? 1 : 0)) // a permutation
  const x = placeholder([size, size])
  let y = x
  for (let i = 0; i < products; i++) y = y.matmul(x)
  const session = await runtime.load(emitModel([x], [y], { device: runtime.device, fuse: true }), { label })
  let [best, spent] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < 3 && spent < 1000; i++) {
    const start = performance.now()
    const [result] = await session.run([shift], ['fetch'])
    const took = performance.now() - start
    best = Math.min(best, took)
    spent += took
    const { data } = result as typeof shift
    if (data[products + 1] !== 1 || data[0] !== 0) throw new RuntimeError(label, `${runtime.name} computes wrong products`)
  }
  await session.dispose()
  return best
}

/** Loads and runs the smallest program, so that a device that does not work says so before a real program is traced for it. */
export async function probe(runtime: Runtime): Promise<Runtime> {
  const x = placeholder([1])
  const session = await runtime.load(emitModel([x], [x.add(1)], { device: runtime.device, fuse: true }), {
    label: `anything on ${runtime.device}`,
  })
  await session.run([fill('float32', [1], () => 0)], ['fetch'])
  await session.dispose()
  return runtime
}

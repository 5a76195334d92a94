import { compile, fill, type Tensor } from '../../src/graph/index.js'

const size = 1024

/** Floating point operations of the product that everything is measured against. */
export const productFlops = 2 * size ** 3

/** The bare product of two 1024×1024 matrices through the same engine: the rate that a training step could at best approach. */
export async function bareProduct(): Promise<{ run(): Promise<unknown>; dispose(): Promise<void> }> {
  const product = compile((a: Tensor, b: Tensor) => a.matmul(b))
  const matrix = fill('float32', [size, size], (i) => Math.sin(i))
  return { run: () => product(matrix, matrix), dispose: () => product.dispose() }
}

import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { compile } from '../../src/graph/compile.js'
import { isFloat } from '../../src/graph/dtype.js'
import { gradients } from '../../src/graph/gradients.js'
import { array, fill, type NDArray } from '../../src/graph/ndarray.js'
import { concat } from '../../src/graph/ops/shaping.js'
import type { Tensor } from '../../src/graph/tensor.js'

interface Stored {
  readonly shape: readonly number[]
  readonly values: readonly number[]
  readonly dtype?: 'int64' | 'bool' | 'int32'
}

/** One call of PyTorch: inputs by name, what it returned, and what its autograd gave for a stored upstream gradient. */
export interface TorchCase<Options> {
  readonly name: string
  readonly options: Options
  readonly inputs: Readonly<Record<string, NDArray>>
  readonly output: NDArray
  readonly upstream?: NDArray
  readonly gradients?: Readonly<Record<string, NDArray>>
}

interface StoredCase<Options> {
  readonly name: string
  readonly options: Options
  readonly inputs: Readonly<Record<string, Stored>>
  readonly output: Stored
  readonly upstream?: Stored
  readonly gradients?: Readonly<Record<string, Stored>>
}

const load = ({ shape, values, dtype }: Stored): NDArray => array(values, { shape, dtype: dtype ?? 'float32' })
const loadAll = (stored: Readonly<Record<string, Stored>>): Record<string, NDArray> =>
  Object.fromEntries(Object.entries(stored).map(([name, one]) => [name, load(one)]))

/** The cases of one file of `tests/fixtures/ops-nn`, made by `make.py` there. */
export function torchCases<Options>(file: string): readonly TorchCase<Options>[] {
  const cases: readonly StoredCase<Options>[] = JSON.parse(
    readFileSync(new URL(`../fixtures/ops-nn/${file}.json`, import.meta.url), 'utf8'),
  )
  return cases.map(({ name, options, inputs, output, upstream, gradients = {} }) => ({
    name,
    options,
    inputs: loadAll(inputs),
    output: load(output),
    ...(upstream && { upstream: load(upstream), gradients: loadAll(gradients) }),
  }))
}

/** Equal shapes, and elements that differ by at most `tolerance` of the largest. */
export function expectClose(found: NDArray | undefined, wanted: NDArray, tolerance = 2e-6): void {
  expect(found?.shape).toEqual(wanted.shape)
  expect(distance(found as NDArray, wanted)).toBeLessThan(tolerance)
}

/** The largest difference of two arrays, relative to the largest element. */
export function distance(found: NDArray, wanted: NDArray): number {
  let [apart, top] = [0, 1e-3]
  for (let i = 0; i < wanted.length; i++) {
    apart = Math.max(apart, Number.isNaN(found.at(i) - wanted.at(i)) ? Number.POSITIVE_INFINITY : Math.abs(found.at(i) - wanted.at(i)))
    top = Math.max(top, Math.abs(wanted.at(i)))
  }
  return apart / top
}

/** Runs a case as it is: the values, and the gradients in the inputs that PyTorch gave one for. */
export async function expectTorch<Options>(
  { inputs, output, upstream, gradients: wanted = {} }: TorchCase<Options>,
  fn: (inputs: Record<string, Tensor>) => Tensor,
  { tolerance = 2e-6, fuse = true }: { tolerance?: number; fuse?: boolean } = {},
): Promise<void> {
  const forward = compile((given: Record<string, Tensor>) => fn(given), { fuse })
  expectClose(await forward(inputs), output, tolerance)
  await forward.dispose()
  if (!upstream) return
  const names = Object.keys(wanted)
  const backward = compile(
    (given: Record<string, Tensor>, g: Tensor) =>
      gradients(
        fn(given),
        names.map((name) => given[name] as Tensor),
        g,
      ),
    { fuse },
  )
  const found = await backward(inputs, upstream)
  names.forEach((name, i) => void expectClose(found[i], wanted[name] as NDArray, tolerance))
  await backward.dispose()
}

/** Repeatable numbers between -1 and 1 without a pattern that a kernel could hide behind. */
export function noise(shape: readonly number[], seed = 1): NDArray<'float32'> {
  let state = seed * 2654435761
  return fill('float32', shape, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/**
 * Compares gradients with central differences along random directions, in every floating-point input. The weighted sum of the
 * outputs is taken in double precision, so that only the function itself rounds.
 */
export async function expectSlopes(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly NDArray[],
  { step = 1e-2, tolerance = 2e-3, fuse = true }: { step?: number; tolerance?: number; fuse?: boolean } = {},
): Promise<void> {
  const forward = compile((...given: Tensor[]) => fn(...given), { fuse })
  const weights = noise((await forward(...inputs)).shape, 99)
  const value = async (given: readonly NDArray[]): Promise<number> => {
    const y = await forward(...given)
    return dot(y, weights)
  }
  const floats = inputs.flatMap(({ dtype }, i) => (isFloat(dtype) ? [i] : []))
  const backward = compile(
    (upstream: Tensor, ...given: Tensor[]) =>
      gradients(
        fn(...given),
        floats.map((i) => given[i] as Tensor),
        upstream,
      ),
    { fuse },
  )
  const slopes = await backward(weights, ...inputs)
  for (const [k, i] of floats.entries()) {
    const x = inputs[i] as NDArray
    expect(slopes[k]?.shape).toEqual(x.shape)
    for (const seed of [3, 4]) {
      const along = noise(x.shape, seed)
      const moved = (by: number) => fill('float32', x.shape, (j) => x.at(j) + by * along.at(j))
      const at = (by: number) => value(inputs.map((input, j) => (j === i ? moved(by) : input)))
      const measured = ((await at(step)) - (await at(-step))) / (2 * step)
      const claimed = dot(slopes[k] as NDArray, along)
      expect(Math.abs(claimed - measured), `input ${i}: claimed ${claimed}, measured ${measured}`).toBeLessThan(
        tolerance * Math.max(1, Math.abs(measured)),
      )
    }
  }
  await forward.dispose()
  await backward.dispose()
}

const dot = (a: NDArray, b: NDArray): number => Array.from({ length: a.length }, (_, i) => a.at(i) * b.at(i)).reduce((x, y) => x + y, 0)

/** The same for second derivatives: differentiates the gradients themselves. */
export const expectCurvature = (
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly NDArray[],
  options: { step?: number; tolerance?: number; fuse?: boolean } = {},
): Promise<void> =>
  expectSlopes(
    (...given) => {
      const y = fn(...given)
      return concat(gradients(y.mul(y).sum(), given).map((g) => g.flatten()))
    },
    inputs,
    options,
  )

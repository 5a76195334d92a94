import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect } from 'vitest'
import { compile } from '../../src/graph/compile.js'
import { type DType, isFloat } from '../../src/graph/dtype.js'
import { gradients } from '../../src/graph/gradients.js'
import { array, fill, isNDArray, type NDArray } from '../../src/graph/ndarray.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { Tensor } from '../../src/graph/tensor.js'
import { Draw } from './draw.js'

/** One operation, or one way to call it. What it says is checked against PyTorch, and its gradients against differences. */
export interface Row {
  /** The function as `src/graph/ops` exports it. */
  readonly op: string
  /** `op`, or `op` and what is special about this call; PyTorch's answers lie under this name. */
  readonly name: string
  readonly run: (...inputs: Tensor[]) => Tensor | readonly Tensor[]
  /** Inputs on a random shape, far from kinks and poles; left out where only PyTorch's own cases make sense. */
  readonly draw?: ((draw: Draw) => NDArray[]) | undefined
  /** The fewest axes that `draw` needs. */
  readonly rank?: number
  /** The operation needs at least one element. */
  readonly solid?: boolean
  /** The gradient is not the slope of the values (it is stopped or estimated), so differences say nothing. */
  readonly smooth?: boolean
  /** The largest error that float32 excuses, relative to the largest element. */
  readonly tolerance?: number
  /** A fixed answer worked out by hand, for fixed inputs. */
  readonly example?: { readonly inputs: readonly NDArray[]; readonly outputs: readonly NDArray[] }
}

export function row(
  name: string,
  run: Row['run'],
  draw?: Row['draw'],
  options: Pick<Row, 'rank' | 'solid' | 'smooth' | 'tolerance' | 'example'> = {},
): Row {
  return { op: name.split(' ')[0] as string, name, run, draw, ...options }
}

/** A row with concrete inputs. */
export interface Trial {
  readonly row: Row
  readonly inputs: readonly NDArray[]
  readonly upstream: readonly (NDArray | null)[]
  /** Directions in which second derivatives are asked for; without them they are left out. */
  readonly along?: readonly NDArray[]
  readonly wanted?: { readonly outputs: readonly NDArray[]; readonly gradients: readonly (NDArray | null)[] }
}

export interface Outcome {
  readonly outputs: readonly NDArray[]
  readonly slopes: readonly NDArray[]
  readonly curvatures: readonly NDArray[]
}

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] => (result instanceof Tensor ? [result] : result)
export const floats = <T extends { readonly dtype: DType }>(values: readonly T[]): T[] => values.filter(({ dtype }) => isFloat(dtype))

/** Values, gradients and second derivatives of one trial, as tensors. */
function derive({ row }: Trial, inputs: Tensor[], upstream: readonly (Tensor | null)[], along: readonly Tensor[]) {
  const outputs = listed(row.run(...inputs))
  const wrt = floats(inputs)
  const terms = outputs.flatMap((y, i) => {
    const u = upstream[i]
    return u && isFloat(y.dtype) ? [y.mul(u).sum()] : []
  })
  const total = (parts: Tensor[]): Tensor => parts.reduce((a, b) => a.add(b))
  const slopes = terms.length > 0 && wrt.length > 0 ? gradients(total(terms), wrt) : []
  const curvatures =
    along.length > 0 && slopes.length > 0 ? gradients(total(slopes.map((g, i) => g.mul(along[i] as Tensor).sum())), wrt) : []
  return { outputs, slopes, curvatures }
}

type Given = { x: NDArray[]; u: readonly (NDArray | null)[]; v: readonly NDArray[] }
const given = ({ inputs, upstream, along = [] }: Trial, moved = inputs): Given => ({ x: [...moved], u: upstream, v: along })

/**
 * Runs many trials as one program, because a session costs more than its arithmetic, once for each way of choosing the inputs.
 * If the program fails it is halved until the trial is found that breaks it; that one's outcome is the error.
 */
export async function outcomes(
  trials: readonly Trial[],
  inputs: readonly ((trial: Trial) => readonly NDArray[])[],
  options: { fuse?: boolean } = {},
): Promise<(Outcome[] | Error)[]> {
  if (trials.length === 0) return []
  const program = compile(
    (all: readonly { x: Tensor[]; u: readonly (Tensor | null)[]; v: readonly Tensor[] }[]) =>
      all.map(({ x, u, v }, i) => derive(trials[i] as Trial, x, u, v)),
    { ...options, optimise: 'none' },
  )
  try {
    const rounds: Outcome[][] = []
    for (const choose of inputs) rounds.push((await program(trials.map((trial) => given(trial, choose(trial))) as never)) as Outcome[])
    return trials.map((_, i) => rounds.map((round) => round[i] as Outcome))
  } catch (error) {
    if (trials.length === 1) return [error as Error]
    const middle = trials.length >> 1
    return [...(await outcomes(trials.slice(0, middle), inputs, options)), ...(await outcomes(trials.slice(middle), inputs, options))]
  } finally {
    await program.dispose()
  }
}

interface Stored {
  readonly shape: readonly number[]
  readonly values: readonly (number | string)[]
  readonly dtype?: DType
}
interface StoredCase {
  readonly inputs: readonly Stored[]
  readonly outputs: readonly Stored[]
  readonly upstream?: readonly (Stored | null)[]
  readonly gradients?: readonly (Stored | null)[]
}

const load = ({ shape, values, dtype = 'float32' }: Stored): NDArray => {
  const numbers: Record<string, number> = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY, nan: Number.NaN }
  return array(
    values.map((value) => (typeof value === 'string' ? (numbers[value] as number) : value)),
    { shape, dtype },
  )
}
const loadMaybe = (stored: Stored | null): NDArray | null => stored && load(stored)

const torch: Readonly<Record<string, readonly StoredCase[]>> = JSON.parse(
  readFileSync(new URL('../fixtures/ops/ops.json', import.meta.url), 'utf8'),
)
export const torchNames = Object.keys(torch)

/** The row's cases with known answers: PyTorch's, and the example worked out by hand. */
export function knownTrials(row: Row): Trial[] {
  const stored = (torch[row.name] ?? []).map(
    ({ inputs, outputs, upstream = [], gradients = [] }): Trial => ({
      row,
      inputs: inputs.map(load),
      upstream: upstream.map(loadMaybe),
      wanted: { outputs: outputs.map(load), gradients: gradients.map(loadMaybe) },
    }),
  )
  const { example } = row
  return example ? [...stored, { row, inputs: example.inputs, upstream: [], wanted: { outputs: example.outputs, gradients: [] } }] : stored
}

/** Shapes with nothing, with one, and with several elements, and random ones. */
function baseShapes({ rank = 0, solid = false }: Row, seed: number): number[][] {
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: rank, maxLength: Math.max(3, rank + 1) })
  const single = new Array<number>(Math.max(rank, 0)).fill(1)
  const empty = [[2, 0, 3, 2].slice(0, Math.max(rank, 2)), [0, 3, 2, 1].slice(0, Math.max(rank, 1))]
  return [single, ...(solid ? [] : empty), ...fc.sample(sizes, { seed, numRuns: 2 })]
}

export function randomTrials(row: Row): Trial[] {
  const { draw } = row
  if (!draw) return []
  const seed = [...row.name].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7)
  return baseShapes(row, seed).map((shape, i) => {
    const inputs = draw(new Draw(shape, seed + i))
    const outputs = listed(row.run(...inputs.map(({ shape, dtype }) => placeholder(shape, dtype))))
    const more = new Draw(shape, seed + 100 + i)
    return {
      row,
      inputs,
      upstream: outputs.map((y) => (isFloat(y.dtype) ? more.normal(y.shape as number[]) : null)),
      along: floats(inputs).map((x) => more.normal(x.shape)),
    }
  })
}

export function expectKnown(trial: Trial, outcome: Outcome | undefined): void {
  const { wanted, inputs, row } = trial
  if (!wanted || !outcome) throw new Error('the trial did not run')
  wanted.outputs.forEach((y, i) => void expectNear(outcome.outputs[i], y, `output ${i} of ${row.name}`, row.tolerance))
  const known = wanted.gradients.filter((_, i) => isFloat((inputs[i] as NDArray).dtype))
  known.forEach((g, i) => {
    if (g) expectNear(outcome.slopes[i], g, `gradient ${i} of ${row.name}`, row.tolerance)
  })
}

/** Equal types and shapes, and elements that differ by at most `tolerance` of the largest. */
export function expectNear(found: NDArray | undefined, wanted: NDArray, what: string, tolerance = 4e-6): void {
  expect([found?.dtype, found?.shape], `${what}: type and shape`).toEqual([wanted.dtype, wanted.shape])
  let top = 1
  for (let i = 0; i < wanted.length; i++) if (Number.isFinite(wanted.at(i))) top = Math.max(top, Math.abs(wanted.at(i)))
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [(found as NDArray).at(i), wanted.at(i)]
    if (Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * top) continue
    expect.fail(`${what}: element ${i} is ${a}, expected ${b}`)
  }
}

const step = 2 ** -7
const moved = (x: NDArray, by: number, along: NDArray): NDArray => fill('float32', x.shape, (i) => x.at(i) + by * along.at(i))

/** The inputs of a trial, a step ahead or back along its directions. */
export const shifted =
  (by: number) =>
  ({ inputs, along = [] }: Trial): NDArray[] => {
    let next = 0
    return inputs.map((x) => (isFloat(x.dtype) ? moved(x, by * step, along[next++] as NDArray) : x))
  }

function expectDerivative(
  claimed: readonly NDArray[],
  along: readonly NDArray[],
  values: readonly [NDArray, NDArray, NDArray][],
  what: string,
): void {
  let [slope, scale] = [0, 0]
  claimed.forEach((g, k) => {
    for (let i = 0; i < g.length; i++) {
      slope += g.at(i) * (along[k] as NDArray).at(i)
      scale += Math.abs(g.at(i) * (along[k] as NDArray).at(i))
    }
  })
  let [measured, size] = [0, 0]
  for (const [before, after, weight] of values)
    for (let i = 0; i < weight.length; i++) {
      measured += ((after.at(i) - before.at(i)) * weight.at(i)) / (2 * step)
      size += Math.abs(after.at(i) * weight.at(i))
    }
  const excuse = 1e-2 * Math.max(scale, Math.abs(measured)) + (1e-6 * size) / step + 1e-4
  if (!(Math.abs(slope - measured) <= excuse)) expect.fail(`${what}: claimed ${slope}, measured ${measured}`)
}

/** Compares gradients and second derivatives with central differences, in one random direction through all inputs at once. */
export function expectDerivatives({ row, inputs, upstream, along = [] }: Trial, [here, back, ahead]: readonly Outcome[]): void {
  if (!here || !back || !ahead) throw new Error('the trial did not run')
  const what = `${row.name} on ${inputs.join(', ')}`
  floats(inputs).forEach((x, i) => {
    if (here.slopes.length > 0) expect(here.slopes[i]?.shape, `the gradient's shape, ${what}`).toEqual(x.shape)
  })
  if (row.smooth === false || here.slopes.length === 0) return
  const triples = (of: (outcome: Outcome) => readonly NDArray[], weights: readonly (NDArray | null)[]) =>
    of(here).flatMap((_, i): [NDArray, NDArray, NDArray][] => {
      const [before, after, weight] = [of(back)[i], of(ahead)[i], weights[i]]
      return isNDArray(weight) ? [[before as NDArray, after as NDArray, weight]] : []
    })
  expectDerivative(
    here.slopes,
    along,
    triples(({ outputs }) => outputs, upstream),
    `the gradient of ${what}`,
  )
  expectDerivative(
    here.curvatures,
    along,
    triples(({ slopes }) => slopes, along),
    `the second derivative of ${what}`,
  )
}

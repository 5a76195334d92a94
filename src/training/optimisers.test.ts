import { describe, expect, test } from 'vitest'
import { array, compile, type NDArray, scalar, stateful, type Tensor } from '../graph/index.js'
import type { Parameters } from '../nn/index.js'
import { adafactor, adam, adamW, clipByGlobalNorm, emaUpdate, lion, muon, type Optimiser, type OptimiserState, sgd } from './optimisers.js'

/** Plain numbers of one parameter at a time; `t` counts from 1. The gradient of Σ aᵢ(pᵢ - 1)² / 2 is aᵢ(pᵢ - 1). */
type Reference = (t: number, p: number[], g: number[], rate: number) => number[]

const steepness = [1, -0.5, 4, 0.25, 2, 3]
const start = [0.5, -2, 3, 10, 0.01, -0.3]
const rates = [0.1, 0.05, 0.2]
const slope = (p: readonly number[]): number[] => p.map((value, i) => (steepness[i] as number) * (value - 1))

/** Three steps of the optimiser on a vector and a matrix, both with the same numbers. */
async function steps(optimiser: Optimiser): Promise<{ vector: number[][]; matrix: number[][]; state: OptimiserState }> {
  const parameters = { vector: array(start), matrix: array(start, { shape: [2, 3] }) }
  const program = stateful(
    (state: { parameters: Parameters<Tensor>; optimiser: OptimiserState<Tensor> }, rate: Tensor) => {
      const gradients = Object.fromEntries(
        Object.entries(state.parameters).map(([name, value]) => [
          name,
          value.sub(1).mul(array(steepness, { shape: value.shape.map(Number) })),
        ]),
      )
      const next = optimiser.update(state.parameters, gradients, state.optimiser, rate)
      return [{ parameters: next.parameters, optimiser: next.state }, rate] as const
    },
    { parameters, optimiser: optimiser.init(parameters) },
  )
  const [vector, matrix]: [number[][], number[][]] = [[], []]
  for (const rate of rates) {
    await program.run(scalar(rate))
    const { parameters } = await program.read()
    vector.push(numbers(parameters.vector as NDArray))
    matrix.push(numbers(parameters.matrix as NDArray))
  }
  const { optimiser: state } = await program.read()
  await program.dispose()
  return { vector, matrix, state }
}
const numbers = (values: NDArray): number[] => Array.from({ length: values.length }, (_, i) => values.at(i))

function expected(reference: Reference): number[][] {
  let p = start
  return rates.map((rate, i) => {
    p = reference(i + 1, p, slope(p), rate)
    return p
  })
}

function expectClose(found: readonly number[][], wanted: readonly number[][]): void {
  expect(found.length).toBe(wanted.length)
  wanted.forEach((row, step) => {
    row.forEach((value, i) => {
      expect(Math.abs((found[step]?.[i] ?? Number.NaN) - value), `step ${step + 1}, element ${i}`).toBeLessThan(
        2e-5 * (1 + Math.abs(value)),
      )
    })
  })
}

/** Algorithm 2 of Loshchilov & Hutter 2019, line by line. */
function adamReference({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0 }): Reference {
  const [m, v] = [start.map(() => 0), start.map(() => 0)]
  return (t, p, g, rate) =>
    p.map((value, i) => {
      m[i] = beta1 * (m[i] as number) + (1 - beta1) * (g[i] as number)
      v[i] = beta2 * (v[i] as number) + (1 - beta2) * (g[i] as number) ** 2
      const [mHat, vHat] = [m[i] / (1 - beta1 ** t), v[i] / (1 - beta2 ** t)]
      return value - rate * (mHat / (Math.sqrt(vHat) + epsilon) + decay * value)
    })
}

describe('adamW()', () => {
  test('follows the paper with its bias correction and decoupled decay', async () => {
    const { vector, matrix, state } = await steps(adamW({ weightDecay: 0.1 }))
    const wanted = expected(adamReference({ decay: 0.1 }))
    expectClose(vector, wanted)
    expectClose(matrix, wanted)
    expect(state.step.item()).toBe(3)
  })

  test('takes other betas and a large epsilon at its place behind the correction', async () => {
    const options = { beta1: 0.5, beta2: 0.75, epsilon: 0.3 }
    expectClose((await steps(adamW({ ...options, weightDecay: 0 }))).vector, expected(adamReference(options)))
  })

  test('decays only what it is told to', async () => {
    const { vector, matrix } = await steps(adamW({ weightDecay: 0.1, decays: (name) => name === 'matrix' }))
    expectClose(vector, expected(adamReference({})))
    expectClose(matrix, expected(adamReference({ decay: 0.1 })))
  })
})

test('adam() is AdamW without decay', async () => {
  expectClose((await steps(adam())).vector, expected(adamReference({})))
})

describe('muon()', () => {
  type Matrix = readonly (readonly number[])[]
  const transposed = (a: Matrix): number[][] => (a[0] as readonly number[]).map((_, j) => a.map((row) => row[j] as number))
  const product = (a: Matrix, b: Matrix): number[][] =>
    a.map((row) => transposed(b).map((column) => row.reduce((sum, value, k) => sum + value * (column[k] as number), 0)))
  const mixed = (x: number, a: Matrix, y: number, b: Matrix): number[][] =>
    a.map((row, i) => row.map((value, j) => x * value + y * (b[i]?.[j] as number)))

  /** Newton-Schulz as published, on [2, 3]. */
  function orthogonal(given: Matrix): number[][] {
    const length = Math.hypot(...given.flat())
    let x = given.map((row) => row.map((value) => value / length))
    for (let step = 0; step < 5; step++) {
      const a = product(x, transposed(x))
      x = mixed(3.4445, x, 1, product(mixed(-4.775, a, 2.0315, product(a, a)), x))
    }
    return x
  }

  const reference = (decay = 0): Reference => {
    let momentum = start.map(() => 0)
    return (_, p, g, rate) => {
      momentum = momentum.map((old, i) => 0.95 * old + (g[i] as number))
      const ahead = momentum.map((value, i) => 0.95 * value + (g[i] as number))
      const turned = orthogonal([ahead.slice(0, 3), ahead.slice(3)]).flat()
      return p.map((value, i) => value * (1 - rate * decay) - rate * 0.2 * Math.sqrt(3) * (turned[i] as number))
    }
  }

  test('makes the momentum of a matrix orthogonal, and treats a vector as AdamW does', async () => {
    const { vector, matrix, state } = await steps(muon({ weightDecay: 0.1 }))
    expectClose(matrix, expected(reference(0.1)))
    expectClose(vector, expected(adamReference({ decay: 0.1 })))
    expect(Object.fromEntries(Object.entries(state.slots).map(([slot, arrays]) => [slot, Object.keys(arrays)]))).toEqual({
      mean: ['vector'],
      square: ['vector'],
      momentum: ['matrix'],
    })
  })

  test('leaves matrices that are not between hidden states to AdamW', async () => {
    const { matrix } = await steps(muon({ weightDecay: 0, hidden: (name) => name !== 'matrix' }))
    expectClose(matrix, expected(adamReference({})))
  })

  test('steps as far for a tall matrix as for its transpose, and takes a convolution for a matrix', async () => {
    const shapes = { wide: [2, 12], tall: [12, 2], convolution: [2, 3, 2, 2] }
    const values = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * i))
    const across = Float32Array.from({ length: 24 }, (_, i) => values[(i % 2) * 12 + (i >> 1)] as number)
    const gradients = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, array(name === 'tall' ? across : values, { shape })]),
    )
    const optimiser = muon({ weightDecay: 0 })
    const zero = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, array(new Float32Array(24), { shape })]))
    const step = compile((p: Parameters<Tensor>, g: Parameters<Tensor>, s: OptimiserState<Tensor>, rate: Tensor) =>
      optimiser.update(p, g, s, rate),
    )
    const { parameters } = await step(zero, gradients, optimiser.init(zero), scalar(0.1))
    const [wide, tall, convolution] = [parameters.wide, parameters.tall, parameters.convolution].map((p) => numbers(p as NDArray))
    const turned = orthogonal([Array.from(values.subarray(0, 12)), Array.from(values.subarray(12))]).flat()
    expectClose([wide as number[]], [turned.map((value) => -0.1 * 0.2 * Math.sqrt(12) * value)])
    expectClose([convolution as number[]], [wide as number[]])
    expectClose([Array.from({ length: 24 }, (_, i) => tall?.[(i % 12) * 2 + Math.floor(i / 12)] as number)], [wide as number[]])
    expect(Math.hypot(...(wide as number[]))).toBeGreaterThan(0.1 * 0.2 * Math.sqrt(12) * Math.sqrt(2) * 0.6)
  })
})

describe('sgd()', () => {
  const reference = (momentum: number, nesterov: boolean, decay = 0): Reference => {
    const velocity = start.map(() => 0)
    return (_, p, g, rate) =>
      p.map((value, i) => {
        const total = (g[i] as number) + decay * value
        const v = momentum * (velocity[i] as number) + total
        velocity[i] = v
        return value - rate * (nesterov ? total + momentum * v : v)
      })
  }

  test('without momentum keeps no state', async () => {
    const { vector, state } = await steps(sgd())
    expectClose(vector, expected(reference(0, false)))
    expect(state.slots).toEqual({})
  })

  test.each([
    ['momentum', { momentum: 0.9 }, reference(0.9, false)],
    ['Nesterov momentum', { momentum: 0.9, nesterov: true }, reference(0.9, true)],
    ['momentum and decay', { momentum: 0.8, weightDecay: 0.1 }, reference(0.8, false, 0.1)],
  ])("with %s follows PyTorch's definition", async (_, options, wanted) => {
    expectClose((await steps(sgd(options))).vector, expected(wanted))
  })
})

test('lion() steps by the sign of the interpolated momentum', async () => {
  const [beta1, beta2, decay] = [0.9, 0.99, 0.1]
  const momentum = start.map(() => 0)
  const wanted = expected((_, p, g, rate) =>
    p.map((value, i) => {
      const [m, slope] = [momentum[i] as number, g[i] as number]
      momentum[i] = beta2 * m + (1 - beta2) * slope
      return value - rate * (Math.sign(beta1 * m + (1 - beta1) * slope) + decay * value)
    }),
  )
  const { vector, matrix } = await steps(lion({ beta1, beta2, weightDecay: decay }))
  expectClose(vector, wanted)
  expectClose(matrix, wanted)
})

describe('adafactor()', () => {
  const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
  const limited = (update: readonly number[]): number[] => update.map((value) => value / Math.max(1, rms(update)))

  test('keeps the full second moment of a vector', async () => {
    const square = start.map(() => 0)
    const wanted = expected((t, p, g, rate) => {
      const beta2 = 1 - t ** -0.8
      const update = limited(
        g.map((slope, i) => {
          square[i] = beta2 * (square[i] as number) + (1 - beta2) * (slope ** 2 + 1e-30)
          return slope / Math.sqrt(square[i])
        }),
      )
      return p.map((value, i) => value - rate * (update[i] as number))
    })
    expectClose((await steps(adafactor())).vector, wanted)
  })

  test('keeps a row and a column of the second moments of a matrix', async () => {
    // Algorithm 4 with sums instead of means: V = R·C / ΣR.
    const [rows, columns] = [
      [0, 0],
      [0, 0, 0],
    ]
    const wanted = expected((t, p, g, rate) => {
      const beta2 = 1 - t ** -0.8
      const power = g.map((slope) => slope ** 2 + 1e-30)
      for (const r of [0, 1])
        rows[r] = beta2 * (rows[r] as number) + (1 - beta2) * power.filter((_, i) => Math.floor(i / 3) === r).reduce((a, b) => a + b)
      for (const c of [0, 1, 2])
        columns[c] = beta2 * (columns[c] as number) + (1 - beta2) * power.filter((_, i) => i % 3 === c).reduce((a, b) => a + b)
      const total = rows.reduce((a, b) => a + b)
      const update = limited(
        g.map((slope, i) => slope / Math.sqrt(((rows[Math.floor(i / 3)] as number) * (columns[i % 3] as number)) / total)),
      )
      return p.map((value, i) => value - rate * (update[i] as number))
    })
    const { matrix, state } = await steps(adafactor())
    expectClose(matrix, wanted)
    expect([state.slots.rows?.matrix?.shape, state.slots.columns?.matrix?.shape]).toEqual([
      [2, 1],
      [1, 3],
    ])
  })
})

describe('clipByGlobalNorm()', () => {
  const clip = (limit: number) =>
    compile((gradients: Parameters<Tensor>) => clipByGlobalNorm(gradients, limit))({ a: array([3, 0]), b: array([[4]]) })

  test('scales all gradients by one factor down to the limit', async () => {
    const { gradients, norm } = await clip(1)
    expect(norm.item()).toBeCloseTo(5, 5)
    expect(gradients.a?.at(0)).toBeCloseTo(0.6, 5)
    expect(gradients.b?.at(0)).toBeCloseTo(0.8, 5)
  })

  test('leaves gradients below the limit as they are', async () => {
    const { gradients, norm } = await clip(10)
    expect(norm.item()).toBeCloseTo(5, 5)
    expect([gradients.a?.toNested(), gradients.b?.toNested()]).toEqual([[3, 0], [[4]]])
  })
})

test('emaUpdate() moves the average by 1 - decay, given as a number or as a tensor', async () => {
  const [average, parameters] = [{ w: array([1, 2]) }, { w: array([5, 0]) }]
  const byNumber = await compile((a: Parameters<Tensor>, p: Parameters<Tensor>) => emaUpdate(a, p, 0.75))(average, parameters)
  const byTensor = await compile((a: Parameters<Tensor>, p: Parameters<Tensor>, d: Tensor) => emaUpdate(a, p, d))(
    average,
    parameters,
    scalar(0.75),
  )
  expect(byNumber.w?.toNested()).toEqual([2, 1.5])
  expect(byTensor.w?.toNested()).toEqual([2, 1.5])
})

import { describe, expect, it } from 'vitest'
import { array, compile, grad, key, type NDArray, normal, placeholder, scalar, type Tensor } from '../../graph/index.js'
import { given, initialise, linear, type Scope } from '../../nn/index.js'
import { adamW, schedules, train } from '../../training/index.js'
import { contrastiveAccuracy, contrastiveLoss, logitScale, similarity } from './contrastive-loss.js'

const run = async <T>(fn: (x: Tensor) => T, x: NDArray) => {
  const program = compile(fn as (x: Tensor) => Tensor)
  const out = (await program(x)) as unknown
  await program.dispose()
  return out as { [Key in keyof T]: NDArray } & NDArray
}

describe('contrastiveLoss()', () => {
  it('is the mean of what rows and columns lose', async () => {
    // Rows: ln(1 + e^-2) and ln(1 + e^-1); columns: ln(1 + e^-3) and ln 2.
    const lost = (Math.log1p(Math.exp(-2)) + Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(-3)) + Math.log(2)) / 4
    const scores = array([
      [3, 1],
      [0, 1],
    ])
    expect((await run(contrastiveLoss, scores)).item()).toBeCloseTo(lost, 6)
  })

  it('is the logarithm of the batch for embeddings that know nothing', async () => {
    expect((await run(contrastiveLoss, array(new Float32Array(64), { shape: [8, 8] }))).item()).toBeCloseTo(Math.log(8), 6)
  })

  it('says what it pairs', () => {
    expect(() => contrastiveLoss(placeholder([2, 3]))).toThrow(
      'Cannot pair the rows and columns of [2, 3]: each row needs one column of its own',
    )
  })
})

describe('contrastiveAccuracy()', () => {
  it('counts the rows and the columns that find their own', async () => {
    const scores = array([
      [9, 1, 2],
      [8, 3, 4],
      [0, 2, 5],
    ])
    const { rows, columns } = await run(contrastiveAccuracy, scores)
    expect(rows.item()).toBeCloseTo(2 / 3)
    expect(columns.item()).toBeCloseTo(1)
  })
})

describe('similarity()', () => {
  it('is the cosine, and nothing for zeros', async () => {
    const rows = array([
      [3, 4],
      [0, 0],
      [-6, -8],
    ])
    const cosines = await run((x) => similarity(x, x), rows)
    const expected = [1, 0, -1, 0, 0, 0, -1, 0, 1]
    for (const [i, value] of expected.entries()) expect(cosines.at(i)).toBeCloseTo(value, 5)
    const slope = await run(
      grad((x: Tensor) => similarity(x, x).sum()),
      rows,
    )
    expect([...slope.data].every((value) => Number.isFinite(Number(value)))).toBe(true)
  })
})

describe('logitScale()', () => {
  it('begins at 1 / 0.07 and stops at 100', async () => {
    const fresh = initialise((scope) => logitScale(scope), { seed: 1 })
    expect(fresh.logit_scale?.item()).toBeCloseTo(Math.log(1 / 0.07), 6)
    const scaleOf = (value: number) => run((x) => logitScale(given({ logit_scale: x })), scalar(value))
    expect((await scaleOf(2)).item()).toBeCloseTo(Math.exp(2), 4)
    expect((await scaleOf(9)).item()).toBe(100)
  })
})

describe('contrastive pairs', () => {
  it('find each other when both show one hidden cause', async () => {
    const hidden = 6
    const mixing = { left: normal(key(5).child('left'), [hidden, 16]), right: normal(key(5).child('right'), [hidden, 12]) }
    const viewed = (cause: NDArray, mix: NDArray, width: number) => {
      const rows = cause.shape[0] as number
      const seen = Float32Array.from({ length: rows * width }, (_, i) => {
        let sum = 0
        for (let h = 0; h < hidden; h++) sum += cause.at(Math.floor(i / width) * hidden + h) * mix.at(h * width + (i % width))
        return sum
      })
      return array(seen, { shape: [rows, width] })
    }
    const pairs = (step: number) => {
      const cause = normal(key(6).child(step), [32, hidden])
      return { left: viewed(cause, mixing.left, 16), right: viewed(cause, mixing.right, 12) }
    }
    const scores = (scope: Scope, { left, right }: { left: Tensor; right: Tensor }) =>
      similarity(linear(scope.at('left'), left, 8), linear(scope.at('right'), right, 8)).mul(logitScale(scope))
    const parameters = initialise((scope) => scores(scope, { left: placeholder([32, 16]), right: placeholder([32, 12]) }), { seed: 7 })
    let trained = parameters
    let first: number | undefined
    for await (const event of train({
      name: 'planted pairs',
      loss: (scope, batch: { left: Tensor; right: Tensor }) => contrastiveLoss(scores(scope, batch)),
      parameters,
      batch: pairs,
      optimiser: adamW({ weightDecay: 0 }),
      schedule: schedules.constant(0.01),
      steps: 200,
    })) {
      if (event.kind === 'step') first ??= event.loss
      if (event.kind === 'done') trained = event.parameters
    }
    const judge = compile((batch: { left: Tensor; right: Tensor }) => {
      const own = scores(given(trained), batch)
      return { loss: contrastiveLoss(own), ...contrastiveAccuracy(own) }
    })
    const { loss, rows, columns } = await judge(pairs(1_000_000))
    await judge.dispose()
    expect(first).toBeGreaterThan(2)
    expect(loss.item()).toBeLessThan(0.3)
    expect(Math.min(rows.item(), columns.item())).toBeGreaterThan(0.9)
  })
})

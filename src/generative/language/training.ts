import { crossEntropy, type Key, key, placeholder, type Tensor, uniform } from '../../graph/index.js'
import { initialise, type Parameters, type Scope } from '../../nn/index.js'
import { muon, type Optimiser, schedules, type TrainingEvent, train } from '../../training/index.js'
import type { CausalOptions, CausalOutput } from './causal.js'
import { type PackedBatch, type PackedRow, packedBatch } from './packing.js'

type Network = (scope: Scope, tokens: Tensor, options?: CausalOptions) => CausalOutput

/**
 * How surprised the network is by each token that is to be learnt, on average (nats). The rows hold several texts, none of which sees the
 * others.
 */
export function nextTokenLoss(scope: Scope, batch: PackedBatch<Tensor>, network: Network): Tensor {
  const { tokens, targets, weights, segments, positions } = batch
  const { logits } = network(scope, tokens, { packed: { segments, positions } })
  return crossEntropy(logits, targets)
    .mul(weights)
    .sum()
    .div(weights.sum().clamp({ min: 1 }))
}

export interface LanguageTraining {
  /** Names the run in its checkpoint. */
  readonly name: string
  /** From parameters to logits: a decoder, or a frozen one with the adapter that is trained. */
  readonly network: Network
  /** What to start from in place of chance. */
  readonly initial?: Parameters
  /** The rows of a step; a pure function of it, so that a run goes on where it stopped. */
  readonly rows: (step: number) => readonly PackedRow[]
  /** Tokens of a row, and rows of a step. */
  readonly width: number
  readonly batch: number
  readonly steps: number
  readonly learningRate: number
  readonly optimiser?: Optimiser
  readonly average?: number
  readonly seed?: number
  readonly checkpoint?: string
  readonly every?: number
  readonly signal?: AbortSignal
}

/** Next-token training (Radford et al. 2018, equation 1) on packed rows, for pre-training and for fine-tuning alike. */
export async function* trainLanguage({
  name,
  network,
  initial = {},
  rows,
  width,
  batch,
  steps,
  learningRate,
  optimiser = muon({ beta2: 0.95, weightDecay: 0.1, decays: (parameter) => parameter.endsWith('.weight') && !parameter.includes('norm') }),
  average,
  seed = 0,
  checkpoint,
  every = 250,
  signal,
}: LanguageTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const shape = [batch, width]
  const shapes: PackedBatch<Tensor> = {
    tokens: placeholder(shape, 'int32'),
    targets: placeholder(shape, 'int64'),
    weights: placeholder(shape),
    segments: placeholder(shape, 'int32'),
    positions: placeholder(shape, 'int64'),
  }
  yield* train<PackedBatch<Tensor>>(
    {
      name,
      loss: (scope, given) => nextTokenLoss(scope, given, network),
      parameters: { ...initialise((scope) => nextTokenLoss(scope, shapes, network), { seed }), ...initial },
      batch: (step) => packedBatch(rows(step), width),
      optimiser,
      schedule: schedules.warmUp(
        Math.max(1, Math.min(200, Math.round(steps / 50))),
        schedules.cosine(learningRate, steps, learningRate / 10),
      ),
      steps,
      clip: 1,
      ...(average !== undefined && { average }),
      ...(checkpoint !== undefined && { checkpoint: { path: checkpoint, every } }),
    },
    signal ? { signal } : {},
  )
}

/** Draws the rows of each step from all of them: every row once per epoch, each epoch in an order of its own. */
export function shuffledRows(rows: readonly PackedRow[], batch: number, root: Key = key(0)): (step: number) => PackedRow[] {
  let [epoch, order]: [number, readonly number[]] = [-1, []]
  const orderOf = (wanted: number): readonly number[] => {
    if (wanted !== epoch) {
      const draws = uniform(root.child('epoch', wanted), [rows.length]).data
      order = [...rows.keys()].sort((a, b) => Number(draws[a]) - Number(draws[b]))
      epoch = wanted
    }
    return order
  }
  return (step) =>
    Array.from({ length: batch }, (_, i) => {
      const index = step * batch + i
      return rows[orderOf(Math.floor(index / rows.length))[index % rows.length] as number] as PackedRow
    })
}

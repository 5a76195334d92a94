import { describe, expect, test } from 'vitest'
import {
  type CausalOptions,
  type CausalOutput,
  nextTokenLoss,
  type PackedBatch,
  packedBatch,
  packRows,
  shuffledRows,
  type TrainingText,
  trainLanguage,
} from '../../generative/language/index.js'
import { argMax, array, compile, type NDArray, placeholder, type Tensor } from '../../graph/index.js'
import { given, initialise, type Parameters, type Scope } from '../../nn/index.js'
import { gpt2 } from '../gpt2/gpt2.js'
import { llama } from '../llama/llama.js'
import type { LlamaSize } from '../llama/sizes.js'

const size: LlamaSize = {
  ...{ vocabulary: 32, context: 64, width: 16, layers: 2, heads: 2, keyValueHeads: 1, headWidth: 8, hidden: 24 },
  ...{ activation: 'silu', epsilon: 1e-5, theta: 10_000, biases: [], tied: true },
}
type Network = (scope: Scope, tokens: Tensor, options?: CausalOptions) => CausalOutput
const networks: Record<string, Network> = {
  llama: (scope, tokens, options) => llama(scope, tokens, size, options),
  'llama with a window': (scope, tokens, options) => llama(scope, tokens, { ...size, window: { tokens: 3, from: 1 } }, options),
  'gpt2 with learned positions': (scope, tokens, options) =>
    gpt2(scope, tokens, { ...size, activation: 'gelu-tanh', epsilon: 1e-5 } as never, options),
}

const texts: TrainingText[] = [
  { tokens: [1, 5, 9, 2, 7, 7, 3] },
  { tokens: [4, 8, 8, 1], learnt: [false, false, true, true] },
  { tokens: [6, 2, 9, 9, 30, 3] },
]

describe('nextTokenLoss()', () => {
  test.each(Object.entries(networks))('of packed texts is that of each by itself: %s', async (_, network) => {
    const parameters = initialise((scope) => network(scope, placeholder([1, 4], 'int32')), { seed: 5 })
    const loss = compile((weights: Parameters<Tensor>, batch: PackedBatch<Tensor>) => nextTokenLoss(given(weights), batch, network))
    const lossOf = async (some: readonly TrainingText[], width: number): Promise<number> =>
      (await loss(parameters, packedBatch(packRows(some, width), width))).item()
    const [together, ...apart] = [
      await lossOf(texts, 20),
      await lossOf(texts.slice(0, 1), 6),
      await lossOf(texts.slice(1, 2), 3),
      await lossOf(texts.slice(2), 5),
    ]
    const [a, b, c] = apart as [number, number, number]
    expect(together).toBeCloseTo((6 * a + 2 * b + 5 * c) / 13, 4)
    await loss.dispose()
  })
})

describe('trainLanguage()', () => {
  test('learns a text by heart, and says it', { timeout: 60_000 }, async () => {
    const network = networks.llama as Network
    const wanted: TrainingText = { tokens: [1, 11, 12, 13, 14, 11, 15, 16, 2] }
    const rows = shuffledRows(packRows([wanted, { tokens: [1, 20, 21, 20, 22, 2] }], 16), 2)
    const losses: number[] = []
    let learnt: Parameters | undefined
    const run = trainLanguage({ name: 'by heart', network, rows, width: 16, batch: 2, steps: 60, learningRate: 0.02 })
    for await (const event of run) {
      if (event.kind === 'step') losses.push(event.loss)
      if (event.kind === 'done') learnt = event.parameters
    }
    expect(losses[0]).toBeGreaterThan(3)
    expect(losses.at(-1)).toBeLessThan(0.5)
    const next = compile((weights: Parameters<Tensor>, tokens: Tensor) => argMax(network(given(weights), tokens).logits, -1))
    const found: NDArray = await next(learnt as Parameters, array([wanted.tokens.slice(0, -1) as number[]], { dtype: 'int32' }))
    expect(Array.from(found.data, Number).slice(1)).toEqual(wanted.tokens.slice(2))
    await next.dispose()
  })
})

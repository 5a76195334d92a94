import type { Concrete, Tensor } from '../../src/graph/index.js'
import { stateful } from '../../src/graph/index.js'
import { flopsPerStep, type Network } from '../peers/networks.js'
import { bareProduct, productFlops } from './matmul.js'
import { batchFor, initialParameters, optimiser, type TrainingState, trainingStep, transformerLoss, unetLoss } from './networks.js'

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** Seconds that an action takes. */
export async function seconds(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return (performance.now() - began) / 1000
}

export interface StepMeasurement {
  readonly secondsPerStep: number
  readonly gflops: number
  /** Rate over that of the bare product, taken in turns in the same run. */
  readonly ofMatmul: number
  readonly matmulGflops: number
  readonly losses: readonly number[]
}

/** genera's training step of a benchmark network. Steps and bare products alternate, so both see the same machine. */
export async function measureStep(network: Network, { warmup = 3, steps = 9 } = {}): Promise<StepMeasurement> {
  const parameters = initialParameters(network)
  const state = { parameters, optimiser: optimiser.init(parameters) }
  const { inputs, targets } = batchFor(network)
  const step = trainingStep(network === 'transformer' ? transformerLoss : unetLoss)
  const program = stateful(step, state as Concrete<TrainingState<Tensor>>)
  const product = await bareProduct()
  const losses: number[] = []
  const stepTimes: number[] = []
  const productTimes: number[] = []
  for (let i = 0; i < warmup + steps; i++) {
    const stepSeconds = await seconds(async () => {
      losses.push((await program.run(inputs, targets)).item())
    })
    const products: number[] = []
    for (let k = 0; k < 8; k++) products.push(await seconds(product.run))
    if (i < warmup) continue
    stepTimes.push(stepSeconds)
    productTimes.push(...products)
  }
  await program.dispose()
  await product.dispose()
  const secondsPerStep = median(stepTimes)
  const gflops = flopsPerStep(network) / secondsPerStep / 1e9
  const matmulGflops = productFlops / median(productTimes) / 1e9
  return { secondsPerStep, gflops, ofMatmul: gflops / matmulGflops, matmulGflops, losses }
}

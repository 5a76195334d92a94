import type { Network } from './networks.js'

/** Every peer gets as many. */
export const threads = 2

export type MeasureOptions = { network: Network; steps: number; warmup: number }

export type Measurement =
  | {
      /** Median of the measured steps; warm-up steps are left out. */
      secondsPerStep: number
      /** Losses of every step, warm-up included. The starting values are shared, so peers agree from the first one. */
      losses: number[]
      firstLoss: number
      lastLoss: number
      /** How the peer ran, as it reports itself: version, threads, instruction set. */
      setup: string
      unavailable?: never
    }
  | { unavailable: string }

/** Runs one training step after the other. `step` resolves to the loss, once all of its work is done. */
export async function measureSteps(step: () => Promise<number>, { steps, warmup }: Omit<MeasureOptions, 'network'>, setup: string) {
  const losses: number[] = []
  const seconds: number[] = []
  for (let i = 0; i < warmup + steps; i++) {
    const start = performance.now()
    losses.push(await step())
    if (i >= warmup) seconds.push((performance.now() - start) / 1000)
  }
  return summarise(losses, seconds, setup)
}

export function summarise(losses: number[], seconds: number[], setup: string): Measurement {
  const [firstLoss, lastLoss] = [losses[0], losses.at(-1)]
  if (firstLoss === undefined || lastLoss === undefined || seconds.length === 0) return { unavailable: 'no step was measured' }
  return { secondsPerStep: median(seconds), losses, firstLoss, lastLoss, setup }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice(Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2) + 1)
  return middle.reduce((a, b) => a + b, 0) / middle.length
}

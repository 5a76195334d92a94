import { GeneraError } from '../../graph/index.js'
import { type NoiseSchedule, sigmasOf } from './schedule.js'

/** How the steps of a run are spread over the training steps (Lin et al. 2024, table 2). */
export type Spacing = 'leading' | 'linspace' | 'trailing'

export interface StepOptions {
  /** Steps of the run. */
  readonly steps: number
  readonly spacing: Spacing
  /** Added to the times of a leading spacing: 1 in Stable Diffusion. */
  readonly stepsOffset: number
}

export function requireSteps(steps: number, most: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > most)
    throw new GeneraError(
      'diffusion-steps',
      `Cannot sample in ${steps} steps: it takes a whole number from 1 to ${most}, the steps that the model was trained with`,
    )
}

/** Ties go to the even neighbour, as in NumPy. */
export const roundHalfEven = (x: number): number => {
  const low = Math.floor(x)
  const rest = x - low
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low
}

/** The times of a run, falling. They are whole, except with linspace where `whole` is false. */
export function timesOf(
  { steps, spacing, stepsOffset }: StepOptions,
  trainSteps: number,
  { whole, points = steps }: { whole: boolean; points?: number },
): number[] {
  requireSteps(steps, trainSteps)
  // Solvers that count the end as a point spread one point more and leave the last one out.
  const backwards = (i: number): number => points - 1 - i
  const time = {
    linspace: (i: number) => (points === 1 ? 0 : (backwards(i) * (trainSteps - 1)) / (points - 1)),
    leading: (i: number) => Math.min(backwards(i) * Math.floor(trainSteps / points) + stepsOffset, trainSteps - 1),
    trailing: (i: number) => roundHalfEven(trainSteps - (i * trainSteps) / steps) - 1,
  }[spacing]
  return Array.from({ length: steps }, (_, i) => (whole ? roundHalfEven(time(i)) : time(i)))
}

/** Noise levels that fall as Karras et al. 2022 (equation 5) have it, with ρ = 7. */
export function karrasSigmas(largest: number, smallest: number, steps: number): number[] {
  const [from, to] = [largest ** (1 / 7), smallest ** (1 / 7)]
  return Array.from({ length: steps }, (_, i) => (from + (steps === 1 ? 0 : i / (steps - 1)) * (to - from)) ** 7)
}

/** σ at a time between two training steps. */
export function sigmaAt(schedule: NoiseSchedule, time: number): number {
  const sigmas = sigmasOf(schedule)
  const low = Math.min(Math.floor(time), sigmas.length - 1)
  const high = Math.min(low + 1, sigmas.length - 1)
  const share = time - low
  return (sigmas[low] as number) * (1 - share) + (sigmas[high] as number) * share
}

/** The time at which the training had this much noise, by interpolating log σ. */
export function timeAt(schedule: NoiseSchedule, sigma: number): number {
  const logs = sigmasOf(schedule).map(Math.log)
  const wanted = Math.log(Math.max(sigma, 1e-10))
  let low = 0
  while (low < logs.length - 2 && (logs[low + 1] as number) <= wanted) low++
  const [a, b] = [logs[low] as number, logs[low + 1] as number]
  return low + Math.min(Math.max((wanted - a) / (b - a), 0), 1)
}

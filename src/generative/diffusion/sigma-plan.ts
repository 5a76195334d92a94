import type { NoiseSchedule } from './schedule.js'
import { karrasSigmas, roundHalfEven, type Spacing, sigmaAt, timeAt, timesOf } from './spacing.js'

export interface SigmaOptions {
  readonly steps: number
  readonly schedule: NoiseSchedule
  readonly spacing?: Spacing
  readonly stepsOffset?: number
  /** Spread the noise levels as Karras et al. 2022 have it. */
  readonly karras?: boolean
}

/** Times and, one more, noise levels (the ratio of noise to picture), the last of them 0. */
export interface SigmaPlan {
  readonly steps: number
  readonly times: readonly number[]
  readonly sigmas: readonly number[]
  /** What noise of variance 1 is multiplied by where latents have a deviation of about σ. */
  readonly initialSigma: number
}

/** The plan of samplers that walk along σ itself: Euler, Heun, LMS. */
export function sigmaPlan({ steps, schedule, spacing = 'linspace', stepsOffset = 1, karras = false }: SigmaOptions): SigmaPlan {
  const plain = timesOf({ steps, spacing, stepsOffset }, schedule.alphaBar.length, { whole: false })
  const levels = plain.map((time) => sigmaAt(schedule, time))
  const [largest, smallest] = [levels[0] as number, levels.at(-1) as number]
  const sigmas = karras ? karrasSigmas(largest, smallest, steps) : levels
  return {
    steps,
    times: karras ? sigmas.map((sigma) => timeAt(schedule, sigma)) : plain,
    sigmas: [...sigmas, 0],
    initialSigma: spacing === 'leading' ? Math.sqrt(largest ** 2 + 1) : largest,
  }
}

/** The plan of the exponential solvers, which count the end as a point and tell the model whole times only. */
export function solverPlan({ steps, schedule, spacing = 'linspace', stepsOffset = 1, karras = false }: SigmaOptions): SigmaPlan {
  const { length } = schedule.alphaBar
  const plain = timesOf({ steps, spacing, stepsOffset }, length, { whole: true, points: steps + 1 })
  const sigmas = karras
    ? karrasSigmas(sigmaAt(schedule, length - 1), sigmaAt(schedule, 0), steps)
    : plain.map((time) => sigmaAt(schedule, time))
  return {
    steps,
    times: karras ? sigmas.map((sigma) => roundHalfEven(timeAt(schedule, sigma))) : plain,
    sigmas: [...sigmas, 0],
    initialSigma: 1,
  }
}

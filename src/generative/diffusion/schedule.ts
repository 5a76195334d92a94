import { GeneraError } from '../../graph/index.js'

export interface ScheduleOptions {
  /** How the variance of the noise added per step grows; the names are those of published configurations. */
  readonly betas?: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2'
  /** The first and the last variance; the cosine schedule has its own. */
  readonly betaStart?: number
  readonly betaEnd?: number
  /** Steps that the model was trained with. */
  readonly trainSteps?: number
  /** Rescales the schedule so that the last step is noise alone (Lin et al. 2024, algorithm 1). Goes with v-prediction and trailing steps. */
  readonly zeroTerminalSnr?: boolean
}

/** How much of the picture is left after each of the steps that a model was trained with: `x = √ᾱ·picture + √(1 - ᾱ)·noise`. */
export interface NoiseSchedule {
  readonly betas: NonNullable<ScheduleOptions['betas']>
  /** ᾱ at every training step, falling. */
  readonly alphaBar: Float64Array
}

/** A noise schedule; what is left out is as in Stable Diffusion. */
export function noiseSchedule({
  betas = 'scaled_linear',
  betaStart = 0.00085,
  betaEnd = 0.012,
  trainSteps = 1000,
  zeroTerminalSnr = false,
}: ScheduleOptions = {}): NoiseSchedule {
  if (!Number.isInteger(trainSteps) || trainSteps < 2)
    throw new GeneraError('diffusion-schedule', `Cannot make a noise schedule of ${trainSteps} steps: it has two or more`)
  if (betas !== 'squaredcos_cap_v2' && !(betaStart > 0 && betaStart <= betaEnd && betaEnd < 1))
    throw new GeneraError(
      'diffusion-schedule',
      `Cannot make a noise schedule from ${betaStart} to ${betaEnd}: the variances rise between 0 and 1, as from 0.00085 to 0.012`,
    )
  const line = (from: number, to: number, i: number): number => from + ((to - from) * i) / (trainSteps - 1)
  const beta = {
    linear: (i: number) => line(betaStart, betaEnd, i),
    scaled_linear: (i: number) => line(Math.sqrt(betaStart), Math.sqrt(betaEnd), i) ** 2,
    squaredcos_cap_v2: (i: number) => Math.min(1 - cosine((i + 1) / trainSteps) / cosine(i / trainSteps), 0.999),
  }[betas]
  const alphaBar = new Float64Array(trainSteps)
  let product = 1
  for (let i = 0; i < trainSteps; i++) {
    product *= 1 - beta(i)
    alphaBar[i] = product
  }
  return { betas, alphaBar: zeroTerminalSnr ? rescaled(alphaBar) : alphaBar }
}

/** Nichol & Dhariwal 2021, equation 17. */
const cosine = (share: number): number => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2

/** Shifts and stretches √ᾱ, so that the first value stays and the last becomes 0. */
function rescaled(alphaBar: Float64Array): Float64Array {
  const [first, last] = [Math.sqrt(alphaBar[0] as number), Math.sqrt(alphaBar.at(-1) as number)]
  return alphaBar.map((value) => (((Math.sqrt(value) - last) * first) / (first - last)) ** 2)
}

/** ᾱ of the last step where it is divided by: the smallest number of half precision, as the reference has it. */
const smallest = 2 ** -24

/** Noise per picture, σ = √((1 - ᾱ) / ᾱ), at every training step. */
export const sigmasOf = ({ alphaBar }: NoiseSchedule): Float64Array => alphaBar.map((a) => Math.sqrt((1 - a) / Math.max(a, smallest)))

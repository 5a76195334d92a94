import type { NDArray } from '../../graph/index.js'
import { mix } from './mix.js'
import { levelOfRatio, type Prediction, toPicture } from './prediction.js'
import { type Sampler, type SamplerState, samplerOf } from './sampler.js'
import { type SigmaOptions, type SigmaPlan, sigmaPlan } from './sigma-plan.js'

export interface EulerOptions extends SigmaOptions {
  readonly prediction?: Prediction
}

/** What samplers along σ share: latents are `picture + σ·noise`, and the model reads them scaled to variance 1. */
export const alongSigma = ({ steps, times, sigmas, initialSigma }: SigmaPlan) => ({
  steps,
  times,
  initialSigma,
  shares: (call: number): readonly [number, number] => [1, sigmas[call] as number],
  inputScale: (call: number): number => levelOfRatio(sigmas[call] as number).alpha,
})

/** The picture predicted for latents `picture + σ·noise`, and the slope dx/dσ towards it. */
export function slopeAt(prediction: Prediction, latents: NDArray, output: NDArray, sigma: number): { preview: NDArray; slope: NDArray } {
  const level = levelOfRatio(sigma)
  const preview = toPicture(prediction, mix([level.alpha, latents]), output, level)
  return { preview, slope: mix([1 / sigma, latents], [-1 / sigma, preview]) }
}

/** Euler's method along σ (Karras et al. 2022, algorithm 1 without its correction). */
export function euler({ prediction = 'epsilon', ...options }: EulerOptions): Sampler {
  const plan = sigmaPlan(options)
  return samplerOf({
    ...alongSigma(plan),
    step: ({ call, latents }, output) => {
      const [now, then] = [plan.sigmas[call], plan.sigmas[call + 1]] as [number, number]
      const { preview, slope } = slopeAt(prediction, latents, output, now)
      return { latents: mix([1, latents], [then - now, slope]), preview, history: [] }
    },
  })
}

/** Euler's method below the next noise level, and fresh noise to make up for it. */
export function eulerAncestral({ prediction = 'epsilon', ...options }: EulerOptions): Sampler {
  const plan = sigmaPlan(options)
  return samplerOf({
    ...alongSigma(plan),
    drawsNoise: () => true, // on the last step as well, with weight 0: the reference draws it
    step: ({ call, latents }, output, noise) => {
      const [now, then] = [plan.sigmas[call], plan.sigmas[call + 1]] as [number, number]
      const fresh = Math.sqrt((then ** 2 * (now ** 2 - then ** 2)) / now ** 2)
      const below = Math.sqrt(then ** 2 - fresh ** 2)
      const { preview, slope } = slopeAt(prediction, latents, output, now)
      return { latents: mix([1, latents], [below - now, slope], [fresh, noise as NDArray]), preview, history: [] }
    },
  })
}

/** Heun's method (Karras et al. 2022, algorithm 1): a second look from where Euler's step led, and the mean of both slopes. */
export function heun({ prediction = 'epsilon', ...options }: EulerOptions): Sampler {
  const { times, sigmas, ...rest } = sigmaPlan(options)
  const twice = (values: readonly number[]): number[] => values.flatMap((value, i) => (i === 0 ? [value] : [value, value]))
  const plan = { times: twice(times), sigmas: [...twice(sigmas.slice(0, -1)), 0], ...rest }
  return samplerOf({
    ...alongSigma(plan),
    callsPerStep: 2,
    step: ({ call, latents, history: [first, from] }: SamplerState, output) => {
      const sigma = plan.sigmas[call] as number
      const { preview, slope } = slopeAt(prediction, latents, output, sigma)
      if (call % 2 === 0 || !first || !from)
        return { latents: mix([1, latents], [(plan.sigmas[call + 1] as number) - sigma, slope]), preview, history: [slope, latents] }
      const half = (sigma - (plan.sigmas[call - 1] as number)) / 2
      return { latents: mix([1, from], [half, first], [half, slope]), preview, history: [] }
    },
  })
}

/** A linear multistep method: the slope is the polynomial through the last four. */
export function lms({ prediction = 'epsilon', ...options }: EulerOptions): Sampler {
  const plan = sigmaPlan(options)
  return samplerOf({
    ...alongSigma(plan),
    step: ({ call, latents, history }, output) => {
      const { preview, slope } = slopeAt(prediction, latents, output, plan.sigmas[call] as number)
      // In a run that began with a picture the order grows from 1, too; the reference takes weights for slopes that it does not have.
      const slopes = [slope, ...history].slice(0, 4)
      const places = slopes.map((_, i) => plan.sigmas[call - i] as number)
      const weights = multistepWeights(places, plan.sigmas[call + 1] as number)
      return { latents: mix([1, latents], ...slopes.map((past, i) => [weights[i] as number, past] as const)), preview, history: slopes }
    },
  })
}

/** The integrals from the first place to `end` of the polynomials that are 1 at one place and 0 at the others; up to four places. */
function multistepWeights(places: readonly number[], end: number): number[] {
  const [start] = places as readonly [number]
  const half = (end - start) / 2
  const offset = half / Math.sqrt(3) // two Gauss points are exact up to the third power
  const basis = (at: number, which: number): number =>
    places.reduce((product, place, i) => (i === which ? product : (product * (at - place)) / ((places[which] as number) - place)), 1)
  return places.map((_, i) => half * (basis(start + half - offset, i) + basis(start + half + offset, i)))
}

import type { NDArray } from '../../graph/index.js'
import type { EulerOptions } from './euler.js'
import { mix } from './mix.js'
import { levelOfRatio, toPicture } from './prediction.js'
import { type Sampler, samplerOf } from './sampler.js'
import { type SigmaPlan, solverPlan } from './sigma-plan.js'

/** What solvers share that keep latents at variance 1 and walk along λ = ln(α / σ). */
export const alongLambda = ({ steps, times, sigmas, initialSigma }: SigmaPlan) => ({
  steps,
  times,
  initialSigma,
  shares: (call: number): readonly [number, number] => {
    const { alpha, sigma } = levelOfRatio(sigmas[call] as number)
    return [alpha, sigma]
  },
})

/** λ is minus the logarithm of the ratio of noise to picture. */
export const lambdaOf = (sigma: number): number => -Math.log(sigma)

/** The last step, which ends without noise, is of first order. */
function multistep({ prediction = 'epsilon', ...options }: EulerOptions, stochastic: boolean): Sampler {
  const plan = solverPlan(options)
  const { sigmas, times } = plan
  return samplerOf({
    ...alongLambda(plan),
    drawsNoise: () => stochastic,
    step: ({ call, latents, history: [earlier] }, output, noise) => {
      const [now, then] = [sigmas[call], sigmas[call + 1]] as [number, number]
      const [from, to] = [levelOfRatio(now), levelOfRatio(then)]
      const h = lambdaOf(then) - lambdaOf(now) // infinite on the last step
      const preview = toPicture(prediction, latents, output, from)
      // The picture is extrapolated to the middle of the step from the last two predictions.
      const secondOrder = earlier && call < times.length - 1
      const share = secondOrder ? h / (2 * (lambdaOf(now) - lambdaOf(sigmas[call - 1] as number))) : 0
      const towards = to.alpha * -Math.expm1(stochastic ? -2 * h : -h)
      const kept = (to.sigma / from.sigma) * (stochastic ? Math.exp(-h) : 1)
      const fresh = stochastic ? to.sigma * Math.sqrt(-Math.expm1(-2 * h)) : 0
      return {
        latents: mix([kept, latents], [towards * (1 + share), preview], [-towards * share, earlier ?? preview], [fresh, noise ?? preview]),
        preview,
        history: [preview],
      }
    },
  })
}

/** DPM-Solver++ 2M (Lu et al. 2022b, algorithm 2): an exponential integrator of second order that remembers one prediction. */
export const dpmSolver = (options: EulerOptions): Sampler => multistep(options, false)

/** Its stochastic form, SDE-DPM-Solver++ 2M (same paper, section 5.2): fresh noise on every step. */
export const dpmSolverSde = (options: EulerOptions): Sampler => multistep(options, true)

/**
 * UniPC (Zhao et al. 2023) of second order with B(h) = e^h - 1: what the model says after a step first corrects that step, then
 * predicts the next.
 */
export function uniPc({ prediction = 'epsilon', ...options }: EulerOptions): Sampler {
  const plan = solverPlan(options)
  const { sigmas, times } = plan
  const lambda = (call: number): number => lambdaOf(sigmas[call] as number)
  const orderAt = (call: number, first: number): number => Math.min(2, times.length - call, call - first + 1)
  /** From call `at` to the next, with the pictures predicted at `at` and before; what is left out is the term of the newest difference. */
  const advance = (
    at: number,
    from: NDArray,
    [newest, older]: readonly NDArray[],
    weight: number,
    correction?: readonly [number, NDArray],
  ) => {
    const [start, end] = [levelOfRatio(sigmas[at] as number), levelOfRatio(sigmas[at + 1] as number)]
    const towards = -end.alpha * Math.expm1(lambda(at) - lambda(at + 1))
    const [share, corrected] = correction ?? [0, newest as NDArray]
    const ratio = older ? (lambda(at - 1) - lambda(at)) / (lambda(at + 1) - lambda(at)) : 1
    const slope = weight === 0 ? 0 : weight / ratio
    return mix(
      [end.sigma / start.sigma, from],
      [towards * (1 - slope - share), newest as NDArray],
      [towards * slope, older ?? (newest as NDArray)],
      [towards * share, corrected],
    )
  }
  return samplerOf({
    ...alongLambda(plan),
    step: ({ call, first, latents, history }, output) => {
      const level = levelOfRatio(sigmas[call] as number)
      const preview = toPicture(prediction, latents, output, level)
      const [from, ...past] = history // where the last step began, and the pictures predicted there and before
      let x = latents
      if (from) {
        const [rest, share] = correctorWeights(orderAt(call - 1, first), lambda, call)
        x = advance(call - 1, from, past, rest, [share, preview])
      }
      const pictures = [preview, ...past].slice(0, 2)
      return { latents: advance(call, x, pictures, orderAt(call, first) === 2 ? 1 / 2 : 0), preview, history: [x, ...pictures] }
    },
  })
}

/** The weights of the older and of the new difference, which make the corrector exact for polynomials of its order. */
function correctorWeights(order: number, lambda: (call: number) => number, call: number): readonly [number, number] {
  if (order === 1) return [0, 1 / 2]
  const h = lambda(call - 1) - lambda(call) // minus the step
  const scale = Math.expm1(h)
  const phi1 = scale / h - 1
  const phi2 = phi1 / h - 1 / 2
  const [b1, b2] = [phi1 / scale, (2 * phi2) / scale]
  const ratio = (lambda(call - 2) - lambda(call - 1)) / -h
  const older = (b1 - b2) / (1 - ratio)
  return [older, b1 - older]
}

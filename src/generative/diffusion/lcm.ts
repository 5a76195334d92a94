import { GeneraError } from '../../graph/index.js'
import { mix } from './mix.js'
import { levelOfAlphaBar, toPicture } from './prediction.js'
import { type Sampler, type SamplerOptions, samplerOf } from './sampler.js'

export interface LcmOptions extends Omit<SamplerOptions, 'spacing' | 'stepsOffset'> {
  /** Steps that the model was distilled with, among which the run picks. */
  readonly originalSteps?: number
  /** Below 1 all steps are made from the later part of the schedule, for a run that begins with a picture (`startFrom` call 0). */
  readonly strength?: number
}

/** Latent consistency models (Luo et al. 2023, algorithm 3): each call predicts the picture, and fresh noise hides it less and less. */
export function lcm({ steps, schedule: { alphaBar }, prediction = 'epsilon', originalSteps = 50, strength = 1 }: LcmOptions): Sampler {
  const distilled = Math.trunc(originalSteps * strength)
  if (!Number.isInteger(steps) || steps < 1 || steps > distilled)
    throw new GeneraError(
      'diffusion-steps',
      `Cannot sample in ${steps} steps with a consistency model: at strength ${strength} it takes a whole number from 1 to ${distilled}`,
    )
  const stride = Math.floor(alphaBar.length / originalSteps)
  const times = Array.from({ length: steps }, (_, i) => (distilled - Math.floor((i * distilled) / steps)) * stride - 1)
  const shareAt = (call: number): number => alphaBar[times[call] as number] as number
  return samplerOf({
    times,
    steps,
    initialSigma: 1,
    drawsNoise: (call) => call < steps - 1,
    shares: (call) => [Math.sqrt(shareAt(call)), Math.sqrt(1 - shareAt(call))],
    step: ({ call, latents }, output, noise) => {
      const preview = toPicture(prediction, latents, output, levelOfAlphaBar(shareAt(call)))
      // At time 0 the model must give back what it is given; the paper's boundary condition, with its scale of 10.
      const [scaled, data] = [10 * (times[call] as number), 0.5]
      const norm = scaled ** 2 + data ** 2
      const clean = mix([scaled / Math.sqrt(norm), preview], [data ** 2 / norm, latents])
      const then = call < steps - 1 ? shareAt(call + 1) : 1
      return { latents: noise && then < 1 ? mix([Math.sqrt(then), clean], [Math.sqrt(1 - then), noise]) : clean, preview, history: [] }
    },
  })
}

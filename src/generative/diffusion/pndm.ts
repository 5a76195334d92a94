import { mix } from './mix.js'
import { levelOfAlphaBar, toNoise, toPicture } from './prediction.js'
import { type Sampler, type SamplerOptions, samplerOf } from './sampler.js'
import { timesOf } from './spacing.js'

/** Adams and Bashforth's weights of the newest prediction and those before it, from two predictions up. */
const weights: readonly (readonly number[])[] = [
  [],
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
]

/**
 * Pseudo numerical methods (Liu et al. 2022) without Runge-Kutta steps, which is PLMS, the sampler that Stable Diffusion was published
 * with. The first step is taken twice, so there is one call more than there are steps.
 */
export function pndm({
  steps,
  schedule: { alphaBar },
  prediction = 'epsilon',
  spacing = 'leading',
  stepsOffset = 1,
  setAlphaToOne = false,
}: SamplerOptions & { readonly setAlphaToOne?: boolean }): Sampler {
  const plain = timesOf({ steps, spacing, stepsOffset }, alphaBar.length, { whole: true })
  const times = steps === 1 ? plain : [...plain.slice(0, 2), ...plain.slice(1)]
  const stride = Math.floor(alphaBar.length / steps)
  const final = setAlphaToOne ? 1 : (alphaBar[0] as number)
  const shareAt = (time: number): number => alphaBar[Math.min(time, alphaBar.length - 1)] ?? final
  return samplerOf({
    times,
    steps,
    initialSigma: 1,
    shares: (call) => [Math.sqrt(shareAt(times[call] as number)), Math.sqrt(1 - shareAt(times[call] as number))],
    step: ({ call, first, latents, history }, output) => {
      const time = times[call] as number
      const made = call - first
      // The second call looks from where the first step led, and the first step is taken again with the mean of both.
      const again = made === 1
      const from = again ? (history[1] as typeof latents) : latents
      const outputs = again ? history.slice(0, 1) : [output, ...(made === 0 ? [] : history)].slice(0, 4)
      const combined = again
        ? mix([1 / 2, output], [1 / 2, history[0] as typeof output])
        : mix(...outputs.map((past, i) => [(weights[outputs.length] as readonly number[])[i] as number, past] as const))
      const [now, then] = again ? [shareAt(time + stride), shareAt(time)] : [shareAt(time), shareAt(time - stride)]
      const level = levelOfAlphaBar(now)
      const noise = toNoise(prediction, from, combined, level)
      const divisor = now * Math.sqrt(1 - then) + Math.sqrt(now * (1 - now) * then)
      return {
        latents: mix([Math.sqrt(then / now), from], [(now - then) / divisor, noise]),
        preview: toPicture(prediction, from, combined, level),
        history: made === 0 ? [output, latents] : outputs,
      }
    },
  })
}

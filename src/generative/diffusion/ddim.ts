import type { NDArray } from '../../graph/index.js'
import { mix } from './mix.js'
import { levelOfAlphaBar, toNoise, toPicture } from './prediction.js'
import { type Sampler, type SamplerOptions, samplerOf } from './sampler.js'
import { timesOf } from './spacing.js'

export interface DdpmOptions extends SamplerOptions {
  /** Limits the predicted picture to ±clip, for models of pixels. */
  readonly clip?: number
}

export interface DdimOptions extends DdpmOptions {
  /** Noise added per step: 0 makes the run deterministic, 1 is DDPM. */
  readonly eta?: number
  /** Whether the last step ends at no noise at all, or at that of the first training step, as Stable Diffusion was published. */
  readonly setAlphaToOne?: boolean
}

const limited = (picture: NDArray, clip: number | undefined): NDArray => {
  if (clip === undefined) return picture
  const out = mix([1, picture])
  for (let i = 0; i < out.length; i++) out.data[i] = Math.min(Math.max(out.data[i] as number, -clip), clip)
  return out
}

/** Denoising diffusion implicit models (Song et al. 2021, equation 12). */
export function ddim({
  steps,
  schedule: { alphaBar },
  prediction = 'epsilon',
  spacing = 'leading',
  stepsOffset = 1,
  eta = 0,
  setAlphaToOne = false,
  clip,
}: DdimOptions): Sampler {
  const times = timesOf({ steps, spacing, stepsOffset }, alphaBar.length, { whole: true })
  const stride = Math.floor(alphaBar.length / steps)
  const final = setAlphaToOne ? 1 : (alphaBar[0] as number)
  const shareAt = (call: number): number => alphaBar[times[call] as number] as number
  return samplerOf({
    times,
    steps,
    initialSigma: 1,
    drawsNoise: () => eta > 0,
    shares: (call) => [Math.sqrt(shareAt(call)), Math.sqrt(1 - shareAt(call))],
    step: ({ call, latents }, output, noise) => {
      const now = shareAt(call)
      const then = alphaBar[(times[call] as number) - stride] ?? final
      const level = levelOfAlphaBar(now)
      const preview = limited(toPicture(prediction, latents, output, level), clip)
      const direction = toNoise(prediction, latents, output, level)
      const deviation = eta * Math.sqrt(((1 - then) / (1 - now)) * (1 - now / then))
      return {
        latents: mix(
          [Math.sqrt(then), preview],
          [Math.sqrt(Math.max(1 - then - deviation ** 2, 0)), direction],
          [deviation, noise ?? direction],
        ),
        preview,
        history: [],
      }
    },
  })
}

/** Denoising diffusion probabilistic models (Ho et al. 2020, equation 7), with the smaller of the two fixed variances. */
export function ddpm({
  steps,
  schedule: { alphaBar },
  prediction = 'epsilon',
  spacing = 'leading',
  stepsOffset = 1,
  clip,
}: DdpmOptions): Sampler {
  const times = timesOf({ steps, spacing, stepsOffset }, alphaBar.length, { whole: true })
  const shareAt = (call: number): number => alphaBar[times[call] as number] ?? 1
  return samplerOf({
    times,
    steps,
    initialSigma: 1,
    drawsNoise: (call) => (times[call] as number) > 0,
    shares: (call) => [Math.sqrt(shareAt(call)), Math.sqrt(1 - shareAt(call))],
    step: ({ call, latents }, output, noise) => {
      const [now, then] = [shareAt(call), shareAt(call + 1)]
      const kept = now / then
      const preview = limited(toPicture(prediction, latents, output, levelOfAlphaBar(now)), clip)
      const deviation = Math.sqrt(Math.max(((1 - then) / (1 - now)) * (1 - kept), 1e-20))
      return {
        latents: mix(
          [(Math.sqrt(then) * (1 - kept)) / (1 - now), preview],
          [(Math.sqrt(kept) * (1 - then)) / (1 - now), latents],
          [noise ? deviation : 0, noise ?? latents],
        ),
        preview,
        history: [],
      }
    },
  })
}

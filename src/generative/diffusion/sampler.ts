import { GeneraError, type NDArray } from '../../graph/index.js'
import { mix } from './mix.js'
import type { Prediction } from './prediction.js'
import type { NoiseSchedule } from './schedule.js'
import type { Spacing } from './spacing.js'

/** Where a run stands. A state is a value: stepping returns the next one and leaves this one as it is. */
export interface SamplerState {
  /** Calls of the model made or skipped so far. */
  readonly call: number
  /** The call that the run began with; above 0 when it began with a picture. */
  readonly first: number
  /** In the sampler's own scale; at the end the picture's latents. */
  readonly latents: NDArray
  /** The whole picture as the last call predicted it: what a preview shows. */
  readonly preview?: NDArray
  /** What the method remembers of earlier calls, the newest first. */
  readonly history: readonly NDArray[]
}

/**
 * A way from noise to a picture, in a number of calls of a model.
 *
 *     let state = sampler.start(noise)
 *     while (state.call < sampler.times.length) {
 *       const output = await model(sampler.input(state), sampler.times[state.call])
 *       state = sampler.step(state, output, sampler.drawsNoise(state.call) ? draw() : undefined)
 *     }
 */
export interface Sampler {
  /** As asked for; some methods make a call more. */
  readonly steps: number
  /** What the model is told at each call, falling. */
  readonly times: readonly number[]
  /** Calls per step: 2 where each step is corrected by another look. */
  readonly callsPerStep: 1 | 2
  /** What noise of variance 1 is multiplied by to begin with. */
  readonly initialSigma: number
  /** Whether the step after this call reads fresh noise of variance 1. */
  drawsNoise(call: number): boolean
  /** Begins with noise of variance 1 [batch, channels, height, width]. */
  start(noise: NDArray): SamplerState
  /** Begins in the middle, with a picture's latents and the noise that hides them. */
  startFrom(picture: NDArray, noise: NDArray, call: number): SamplerState
  /** The latents that a picture has before this call; behind the last call the picture itself. */
  noised(picture: NDArray, noise: NDArray, call: number): NDArray
  /** What the model reads: latents of variance about 1. */
  input(state: SamplerState): NDArray
  /** Takes in what the model predicted. */
  step(state: SamplerState, output: NDArray, noise?: NDArray): SamplerState
}

export interface SamplerOptions {
  readonly steps: number
  readonly schedule: NoiseSchedule
  readonly prediction?: Prediction
  /** The method's own in the reference implementation when left out. */
  readonly spacing?: Spacing
  /** Added to the times of a leading spacing; 1 when left out. */
  readonly stepsOffset?: number
}

/** What a method has to say about itself; the rest of a sampler follows. */
interface Method {
  readonly steps: number
  readonly times: readonly number[]
  readonly callsPerStep?: 1 | 2
  readonly initialSigma: number
  readonly drawsNoise?: (call: number) => boolean
  /** The shares of picture and noise before a call, in the method's scale. */
  readonly shares: (call: number) => readonly [picture: number, noise: number]
  /** What the latents are multiplied by for the model; 1 when left out. */
  readonly inputScale?: (call: number) => number
  readonly step: (state: SamplerState, output: NDArray, noise: NDArray | undefined) => Omit<SamplerState, 'call' | 'first'>
}

export function samplerOf({ callsPerStep = 1, drawsNoise = () => false, inputScale = () => 1, ...method }: Method): Sampler {
  const { times } = method
  const noised = (picture: NDArray, noise: NDArray, call: number): NDArray => {
    if (call >= times.length) return picture
    const [share, noiseShare] = method.shares(call)
    return mix([share, picture], [noiseShare, noise])
  }
  return {
    times,
    steps: method.steps,
    callsPerStep,
    initialSigma: method.initialSigma,
    drawsNoise,
    noised,
    start: (noise) => ({ call: 0, first: 0, latents: mix([method.initialSigma, noise]), history: [] }),
    startFrom: (picture, noise, call) => ({ call, first: call, latents: noised(picture, noise, call), history: [] }),
    input: ({ latents, call }) => {
      const scale = inputScale(call)
      return scale === 1 ? latents : mix([scale, latents])
    },
    step: (state, output, noise) => {
      const { call, first } = state
      if (call >= times.length)
        throw new GeneraError('diffusion-step', `Cannot step on: the run ended after ${times.length} calls of the model`)
      if (drawsNoise(call) && !noise)
        throw new GeneraError(
          'diffusion-noise',
          `Cannot step from call ${call} without noise: drawsNoise(${call}) says that this step reads it`,
        )
      return { call: call + 1, first, ...method.step(state, output, noise) }
    },
  }
}

/**
 * The call with which an image-to-image run begins: `strength` is the share of the steps that it makes, 1 all of them. At least
 * one step is made, except at strength 0, where there is nothing to do.
 */
export function startCall({ times, steps, callsPerStep }: Sampler, strength: number): number {
  if (!(strength >= 0 && strength <= 1))
    throw new GeneraError(
      'diffusion-strength',
      `Cannot start with a strength of ${strength}: it is a number from 0 (keep the picture) to 1`,
    )
  if (strength === 0) return times.length
  const made = Math.max(Math.trunc(steps * strength), 1)
  return (steps - made) * callsPerStep
}

import type { Stage } from '../../../contract/index.js'
import {
  type NoiseSchedule,
  noiseSchedule,
  roundHalfEven,
  type Sampler,
  type SamplerName,
  samplerNamed,
  startCall,
} from '../../../generative/index.js'
import type { StableDiffusionInput } from './input.js'
import type { RunDefaults, StableDiffusionModel } from './model.js'

type Asked = Pick<
  StableDiffusionInput,
  'image' | 'mask' | 'strength' | 'steps' | 'scheduler' | 'refiner' | 'denoisingEnd' | 'hiresScale' | 'hiresStrength'
>

const usual = { steps: 20, scheduler: 'dpm++-2m' } as const
/** What the refiner was trained for: the last fifth of the noise. */
const handover = 0.8

/** The way from noise to a picture, or a part of it. */
export interface Walk {
  readonly scheduler: SamplerName
  readonly sampler: Sampler
  /** The call of the model that it begins with, behind the last one where a picture stays as it is; and the call before which it ends. */
  readonly first: number
  readonly end: number
  /** Calls of the model. */
  readonly calls: number
}

type RunSettings = Partial<Pick<StableDiffusionModel['settings'], 'prediction' | 'sampling'>> & {
  readonly defaults?: RunDefaults | undefined
}

export function walkOf(asked: Asked, schedule: NoiseSchedule = noiseSchedule(), settings: RunSettings = {}): Walk {
  const { scheduler, sampler } = samplerOf(asked, schedule, settings)
  const first = firstCall(asked, scheduler, sampler, settings)
  const end = asked.refiner ? Math.max(first, handoverCall(sampler, schedule, asked)) : sampler.times.length
  return { scheduler, sampler, first, end, calls: end - first }
}

/** The rest of a way that another model began: the refiner's, with its own noise schedule. */
export function restOf(asked: Asked, schedule: NoiseSchedule, settings: RunSettings): Walk {
  const { scheduler, sampler } = samplerOf(asked, schedule, settings)
  const first = Math.max(firstCall(asked, scheduler, sampler, settings), handoverCall(sampler, schedule, asked))
  const end = sampler.times.length
  return { scheduler, sampler, first, end, calls: end - first }
}

/** Below about half, the blur of enlarged latents stays. */
const usualHires = 0.7

/** From enlarged latents to the larger picture: the last part of a way from noise, as far back as the strength says. */
export function hiresWalk(asked: Asked, schedule: NoiseSchedule = noiseSchedule(), settings: RunSettings = {}): Walk {
  const { scheduler, sampler } = samplerOf({ ...asked, image: undefined }, schedule, settings)
  const [first, end] = [startCall(sampler, asked.hiresStrength ?? usualHires), sampler.times.length]
  return { scheduler, sampler, first, end, calls: end - first }
}

function samplerOf({ steps, scheduler, ...asked }: Asked, schedule: NoiseSchedule, { prediction, sampling, defaults = {} }: RunSettings) {
  const name = scheduler ?? defaults.scheduler ?? usual.scheduler
  const options = { steps: steps ?? defaults.steps ?? usual.steps, schedule, ...(prediction && { prediction }), ...sampling }
  // A consistency model makes all its steps, from as far up as the strength says.
  const strength = asked.image && name === 'lcm' ? strengthOf(asked, defaults) || 1 : 1
  return { scheduler: name, sampler: samplerNamed(name, { ...options, ...(strength < 1 && { strength }) }) }
}

/** At strength 0 that behind the last one: there is nothing to do. */
function firstCall(asked: Asked, scheduler: SamplerName, sampler: Sampler, { defaults }: RunSettings): number {
  if (!asked.image) return 0
  const strength = strengthOf(asked, defaults)
  return scheduler === 'lcm' && strength > 0 ? 0 : startCall(sampler, strength)
}

/** The call at which the noise has fallen as far as it is to be told, between two steps (in the reference `denoising_end` and `denoising_start`). */
function handoverCall({ times, callsPerStep }: Sampler, { alphaBar }: NoiseSchedule, { denoisingEnd = handover }: Asked): number {
  const cutoff = roundHalfEven(alphaBar.length - denoisingEnd * alphaBar.length)
  const calls = times.filter((time) => time >= cutoff).length
  return calls - (calls % callsPerStep)
}

/** Without a mask most of the picture should stay recognisable; behind one, what was there need not. */
export const strengthOf = ({ mask, strength }: Pick<Asked, 'mask' | 'strength'>, defaults: RunDefaults = {}): number =>
  strength ?? (mask ? 1 : (defaults.strength ?? 0.8))

/**
 * What a run consists of. How many calls a method makes does not depend on the checkpoint, except where neither method nor steps are asked for and
 * the checkpoint was distilled for few.
 */
export function stagesOf(input: Asked, seeds: readonly number[]): readonly Stage[] {
  const refined = input.refiner ? restOf(input, noiseSchedule(), {}).calls : 0
  const calls = walkOf(input).calls + refined + (input.hiresScale === undefined ? 0 : hiresWalk(input).calls)
  if (calls === 0) return [{ stage: 'keep', total: seeds.length }]
  return [
    { stage: 'read', total: 1 },
    { stage: 'denoise', total: calls * seeds.length },
    { stage: 'decode', total: seeds.length },
  ]
}

import type { Stage } from '../../../contract/index.js'
import { type NoiseSchedule, noiseSchedule, type Sampler, samplerNamed, startCall } from '../../../generative/index.js'
import type { StableDiffusionInput } from './input.js'
import type { StableDiffusionSettings } from './settings.js'

type Asked = Pick<StableDiffusionInput, 'image' | 'mask' | 'strength' | 'steps' | 'scheduler'>

/** The way from noise to a picture, and the call of the model that it begins with. */
export interface Walk {
  readonly sampler: Sampler
  readonly first: number
  /** Calls of the model; none at strength 0, where the picture stays as it is. */
  readonly calls: number
}

export function walkOf(
  { steps, scheduler, ...asked }: Asked,
  schedule: NoiseSchedule = noiseSchedule(),
  { prediction, sampling }: Partial<Pick<StableDiffusionSettings, 'prediction' | 'sampling'>> = {},
): Walk {
  const sampler = samplerNamed(scheduler, { steps, schedule, ...(prediction && { prediction }), ...sampling })
  const first = asked.image ? startCall(sampler, strengthOf(asked)) : 0
  return { sampler, first, calls: sampler.times.length - first }
}

/** Without a mask most of the picture should stay recognisable; behind one, what was there need not. */
export const strengthOf = ({ mask, strength }: Pick<Asked, 'mask' | 'strength'>): number => strength ?? (mask ? 1 : 0.8)

/** What a run consists of. How many calls a method makes does not depend on the checkpoint. */
export function stagesOf(input: Asked, seeds: readonly number[]): readonly Stage[] {
  const { calls } = walkOf(input)
  if (calls === 0) return [{ stage: 'keep', total: seeds.length }]
  return [
    { stage: 'read', total: 1 },
    { stage: 'denoise', total: calls * seeds.length },
    { stage: 'decode', total: seeds.length },
  ]
}

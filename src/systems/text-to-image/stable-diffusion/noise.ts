import { key, type NDArray, normal, torchGenerator } from '../../../graph/index.js'

/** What a draw is for. The reference draws in this order, and the masked picture's only to throw it away where the model does not read it. */
export type NoisePurpose = 'picture' | 'start' | 'masked picture' | 'enlarged' | `${'' | 'enlarged '}step ${number}`

/** Gives normal noise of one picture; a source belongs to one seed. */
export type NoiseSource = (purpose: NoisePurpose, shape: readonly number[]) => NDArray

export const generators = ['genera', 'torch-cpu'] as const
export type GeneratorName = (typeof generators)[number]

/**
 * The noise of one seed. `genera` draws each by its name, so that a picture is the same whatever else is made with it; `torch-cpu` is a stream,
 * with which a published pipeline gives the same picture for the same seed.
 */
export function noiseOf(generator: GeneratorName, seed: number): NoiseSource {
  if (generator === 'genera') {
    const root = key(seed)
    return (purpose, shape) => normal(root.child(purpose), shape)
  }
  const stream = torchGenerator(seed)
  return (_, shape) => stream.randn(shape)
}

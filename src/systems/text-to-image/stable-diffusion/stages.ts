import type { TrainingStage } from '../../../contract/index.js'

const summaries = {
  tokenizer: 'byte pairs of captions',
  'text-encoder': 'a text tower and an image tower that know which captions belong to which pictures',
  autoencoder: 'pixels to latents and back',
  unet: 'the noise in latents, told from the words; writes the whole model',
  lora: 'a small change of a finished model, from a few pictures; for published models, too',
} as const

export type StageName = keyof typeof summaries

/** The stages of `genera train stable-diffusion`, in their order. What they do is loaded when one of them runs. */
export const stages = Object.entries(summaries).map(
  ([name, summary]): TrainingStage => ({
    name,
    summary,
    async *run(options) {
      const { runs } = await import('./train.js')
      yield* runs[name as StageName](options)
    },
  }),
) as [TrainingStage, ...TrainingStage[]]

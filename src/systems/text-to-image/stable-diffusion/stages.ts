import { trainingStages } from '../../../contract/index.js'

const summaries = {
  tokenizer: 'byte pairs of captions',
  'text-encoder': 'a text tower and an image tower that know which captions belong to which pictures',
  autoencoder: 'pixels to latents and back',
  unet: 'the noise in latents, told from the words; writes the whole model',
  decoder: 'crisp pictures of what the U-Net leaves in latents; writes the whole model anew',
  lora: 'a small change of a finished model, from a few pictures; for published models, too',
} as const

export type StageName = keyof typeof summaries

/** The stages of `genera train stable-diffusion`, in their order. */
export const stages = trainingStages(summaries, async () => (await import('./train.js')).runs)

import { trainingStages } from '../../../contract/index.js'

const summaries = {
  tokenizer: 'byte pairs of the texts, and the shape of the model',
  base: 'a decoder that foresees the next token; writes a folder that opens with genera chat',
} as const

export type StageName = keyof typeof summaries

/** The stages of `genera train chatgpt`, in their order. */
export const stages = trainingStages(summaries, async () => (await import('./train.js')).runs)

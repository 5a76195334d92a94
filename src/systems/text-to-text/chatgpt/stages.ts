import type { TrainingStage } from '../../../contract/index.js'

const summaries = {
  tokenizer: 'byte pairs of the texts, and the shape of the model',
  base: 'a decoder that foresees the next token; writes a folder that opens with genera chat',
} as const

export type StageName = keyof typeof summaries

/** The stages of `genera train chatgpt`, in their order. What they do is loaded when one of them runs. */
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

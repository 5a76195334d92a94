import type { StageEvent, TrainingOptions, TrainingStage } from './declaration.js'

/** What each stage of a system does. */
export type StageRuns<Name extends string> = Readonly<Record<Name, (options: TrainingOptions) => AsyncIterable<StageEvent>>>

/** The stages of a system in their order, each with a line about it. What they do is loaded when one of them runs: whoever lists them needs no model code. */
export function trainingStages<Name extends string>(
  summaries: Readonly<Record<Name, string>>,
  load: () => Promise<StageRuns<Name>>,
): readonly [TrainingStage, ...TrainingStage[]] {
  const stages = (Object.keys(summaries) as Name[]).map(
    (name): TrainingStage => ({
      name,
      summary: summaries[name],
      async *run(options) {
        yield* (await load())[name](options)
      },
    }),
  )
  return stages as [TrainingStage, ...TrainingStage[]]
}

import type { EvaluationContext, EvaluatorEvent, Figure } from '../../../contract/index.js'
import { type BenchAnswer, bench, scoreBench } from '../../../diorama/bench.js'
import { loadReader, type Reader, satisfiesReading, type Verdict } from '../../../diorama/index.js'
import type { Image } from '../../../media/image.js'
import { fromCheckpoint } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { embeddedWeights, exists, openCheckpoint } from '../../../weights/index.js'
import { measureEditing } from './evaluate-editing.js'
import { evaluateTextEncoder } from './evaluate-text-encoder.js'
import { type EvaluationPrompt, evaluationPrompts } from './evaluation-prompts.js'

/** Pictures of each kind, where nobody asks for fewer. */
const counts = { single: 100, pair: 120, heldOut: 50, edits: 8, zeroShot: 400 } as const
/** The seed of the first picture; each has its own. */
const firstSeed = 40_000

/** What the evaluation needs of a system: pictures for words. */
export type EvaluatedContext = Pick<
  EvaluationContext<{ prompt: string; seed: number; image?: Image; mask?: Image; strength?: number }, Image>,
  'make' | 'signal' | 'limit'
>

/** Who looks at the pictures, and who asks the text encoder; those that come with genera if they are not given. */
export interface Judges {
  readonly openReader?: () => Promise<Reader>
  readonly zeroShot?: (count: number) => Promise<readonly Figure[]>
}

interface Judged {
  readonly prompt: EvaluationPrompt
  readonly verdict: Verdict
}

/**
 * Draws prompts and reads the pictures with the trained reader, which has no say in how they are drawn: one picture for each prompt, with a seed
 * that is fixed beforehand.
 */
export async function* evaluateStableDiffusion(
  { make, signal, limit = Number.POSITIVE_INFINITY }: EvaluatedContext,
  { openReader = loadReader, zeroShot = zeroShotFigures }: Judges = {},
): AsyncGenerator<EvaluatorEvent, void> {
  const take = (most: number): number => Math.min(most, limit)
  const reader = await openReader()
  try {
    let seed = firstSeed
    const read = async (prompt: string) => {
      signal.throwIfAborted()
      const [{ value }] = await make({ prompt, seed: seed++ })
      const [reading] = await reader.read([value])
      if (!reading) throw new RangeError('Expected one reading for one picture')
      return reading
    }
    const sets = {
      single: evaluationPrompts('single', take(counts.single)),
      pair: evaluationPrompts('pair', take(counts.pair)),
      heldOutSingle: evaluationPrompts('single', take(counts.heldOut), { heldOut: true }),
      heldOutPair: evaluationPrompts('pair', take(counts.heldOut), { heldOut: true }),
    }
    const judged: Record<keyof typeof sets, Judged[]> = { single: [], pair: [], heldOutSingle: [], heldOutPair: [] }
    const total = Object.values(sets).reduce((sum, { length }) => sum + length, 0)
    let done = 0
    for (const name of Object.keys(sets) as (keyof typeof sets)[])
      for (const prompt of sets[name]) {
        judged[name].push({ prompt, verdict: satisfiesReading(await read(prompt.prompt), prompt.constraints) })
        yield { kind: 'progress', stage: 'prompts', done: ++done, total }
      }

    const prompts = bench.filter(({ category }, i) => i - bench.findIndex((other) => other.category === category) < limit)
    const answers: BenchAnswer[] = []
    for (const { id, prompt } of prompts) {
      answers.push({ id, reading: await read(prompt) })
      yield { kind: 'progress', stage: 'diorama-bench', done: answers.length, total: prompts.length }
    }

    const edits = take(counts.edits)
    const editing = yield* measureEditing(make, evaluationPrompts('single', edits + 1), { firstSeed: seed, signal })
    const encoder = await zeroShot(take(counts.zeroShot))
    yield { kind: 'report', figures: [...promptFigures(judged), ...encoder, ...editing, ...benchFigures(answers)] }
  } finally {
    await reader.dispose()
  }
}

/** The figures that the model is judged by. */
function promptFigures({
  single,
  pair,
  heldOutSingle,
  heldOutPair,
}: Readonly<Record<'single' | 'pair' | 'heldOutSingle' | 'heldOutPair', readonly Judged[]>>): Figure[] {
  const attributesRight = ({ verdict }: Judged): boolean => !verdict.failures.some(({ what }) => what.startsWith('objects['))
  const whole = (judged: readonly Judged[]): number => shareOf(judged, ({ verdict }) => verdict.satisfied)
  const related = pair.filter((each) => each.prompt.constraints.relations.length > 0 && attributesRight(each))
  const seen = (whole(single) + whole(pair)) / 2
  const unseen = (whole(heldOutSingle) + whole(heldOutPair)) / 2
  return [
    { name: 'single', value: shareOf(single, attributesRight), threshold: 0.9 },
    { name: 'pair', value: shareOf(pair, attributesRight), threshold: 0.65 },
    // Of those pictures in which both objects are as they should be: where one is missing, nothing can stand beside it.
    {
      name: 'relation',
      value: shareOf(related, ({ verdict }) => !verdict.failures.some(({ what }) => what.startsWith('relations['))),
      threshold: 0.8,
    },
    // Met in full, setting and time of day included.
    { name: 'seenInFull', value: seen },
    { name: 'heldOutInFull', value: unseen },
    { name: 'heldOut', value: (seen - unseen) * 100, unit: 'points', threshold: 10, better: 'lower' },
  ]
}

function benchFigures(answers: readonly BenchAnswer[]): Figure[] {
  const { overall, categories } = scoreBench(answers)
  return [
    { name: 'bench', value: overall.share },
    ...Object.entries(categories).map(([category, { share }]) => ({ name: `bench: ${category}`, value: share })),
  ]
}

/** How often the embedded towers name what a new render shows, of pairs of colour and shape that training never shows: the mean over colour, shape, setting and time. */
async function zeroShotFigures(count: number): Promise<Figure[]> {
  const location = embeddedWeights('diorama-clip')
  if (!(await exists(location))) return []
  const [file, tokenizer] = await Promise.all([openCheckpoint(location), openTokenizer()])
  const { all, seen, heldOut } = await evaluateTextEncoder(fromCheckpoint(file), { tokenizer, count })
  return [
    { name: 'zeroShot', value: heldOut.mean, threshold: 0.9 },
    { name: 'zeroShot: pairs seen', value: seen.mean },
    { name: 'zeroShot: all pairs', value: all.mean },
  ]
}

const shareOf = <T>(all: readonly T[], right: (each: T) => boolean): number => all.filter(right).length / Math.max(1, all.length)

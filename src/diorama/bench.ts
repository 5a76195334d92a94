import { type BenchCategory, benchCategories, benchPrompts, isBenchPrompt, type PromptLine } from './bench-prompts.js'
import type { Constraints, ObjectConstraint } from './constraints.js'
import { parseCaption } from './language/parse.js'
import { satisfies, satisfiesReading, type Verdict } from './oracle.js'
import type { Reading } from './reading.js'
import type { Scene } from './scene.js'
import { heldOutArrangements, heldOutPairs } from './splits.js'
import { diorama } from './worlds.js'

export { type BenchCategory, benchCategories, isBenchPrompt }

export interface BenchPrompt {
  /** Of the category and the prompt's number in it: "counting-03". */
  readonly id: string
  readonly category: BenchCategory
  readonly prompt: string
  readonly constraints: Constraints
  /** The smallest world that can show it. */
  readonly needs: 'simple' | 'full'
  /** Whether every combination of attributes in it occurs in training scenes. */
  readonly seen: boolean
}

/** Two hundred prompts in DrawBench's eleven categories. */
export const bench: readonly BenchPrompt[] = benchCategories.flatMap((category) =>
  benchPrompts[category].map((line: PromptLine, i): BenchPrompt => {
    const [prompt, meaning] = typeof line === 'string' ? [line, line] : line
    const { constraints } = parseCaption(meaning)
    const id = `${category.replace(' ', '-')}-${String(i + 1).padStart(2, '0')}`
    return {
      id,
      category,
      prompt,
      constraints,
      needs: fitsSimple(constraints) ? 'simple' : 'full',
      seen: !isHeldOutConstraint(constraints),
    }
  }),
)

/** Whether `diorama.simple` has all the words and enough objects. */
function fitsSimple({ objects, absent, setting, time, style }: Constraints): boolean {
  const { simple } = diorama
  const has = <T>(list: readonly T[], value: T | undefined): boolean => value === undefined || list.includes(value)
  const plain = ({ material, decal }: ObjectConstraint): boolean => has<string>(simple.materials, material) && decal === undefined
  const asked = objects.reduce((sum, { count }) => sum + (count ?? 1), 0)
  return (
    asked <= simple.counts.length &&
    [...objects, ...absent].every(plain) &&
    has<string>(simple.settings, setting) &&
    has<string>(simple.times, time) &&
    has<string>(simple.styles, style)
  )
}

/** Whether a sentence asks for a pair or an arrangement that no training scene shows. */
export function isHeldOutConstraint({ objects, relations }: Constraints): boolean {
  const pair = objects.some(({ shape, colour }) => heldOutPairs.some(([c, s]) => c === colour && s === shape))
  return (
    pair ||
    relations.some(({ subject, relation, object }) =>
      heldOutArrangements.some(([a, r, b]) => a === objects[subject]?.shape && r === relation && b === objects[object]?.shape),
    )
  )
}

/** What was made from a prompt: a scene whose truth is known, or what a reader saw in a picture. */
export type BenchAnswer = { readonly id: string } & ({ readonly scene: Scene } | { readonly reading: Reading })

/** Shares in [0, 1]; `of` says of how many. A share of none is 0. */
export interface Share {
  readonly share: number
  readonly of: number
}

export interface BenchScore {
  /** Prompts that are met in full, of those that were answered. */
  readonly overall: Share
  readonly categories: Readonly<Record<BenchCategory, Share>>
  /** Prompts for one object, whose attributes are all right. */
  readonly single: Share
  /** Prompts for exactly two objects, both with all their attributes, whatever their places. */
  readonly pair: Share
  /** Relations that hold, of all that are asked for. */
  readonly relation: Share
  /** Prompts with a held-out combination that are met in full. */
  readonly heldOut: Share
  /** Numbers of objects that are right, of all that are asked for. */
  readonly counts: Share
  /** The answers in the order of the bench. */
  readonly verdicts: readonly { readonly id: string; readonly verdict: Verdict }[]
}

/** Scores answers to all of the bench or to a part of it; several answers to one prompt count each. Unknown ids are a RangeError. */
export function scoreBench(answers: readonly BenchAnswer[]): BenchScore {
  const byId = new Map(bench.map((prompt, i) => [prompt.id, { prompt, i }]))
  const judged = answers.map((answer) => {
    const found = byId.get(answer.id)
    if (!found) throw new RangeError(`Cannot score "${answer.id}": the bench's prompts go from "${bench[0]?.id}" to "${bench.at(-1)?.id}"`)
    const { constraints } = found.prompt
    const verdict = 'scene' in answer ? satisfies(answer.scene, constraints) : satisfiesReading(answer.reading, constraints)
    return { ...found, verdict }
  })
  judged.sort((a, b) => a.i - b.i)
  const whole = (of: typeof judged): Share => share(of.map(({ verdict }) => verdict.satisfied))
  const ofObjects = (count: number): typeof judged =>
    judged.filter(
      ({ prompt }) => prompt.constraints.objects.length === count && prompt.constraints.objects.every((entry) => entry.count === undefined),
    )
  const attributesRight = (of: typeof judged): Share =>
    share(of.map(({ verdict }) => !verdict.failures.some(({ what }) => what.startsWith('objects['))))
  return {
    overall: whole(judged),
    categories: Object.fromEntries(
      benchCategories.map((category) => [category, whole(judged.filter(({ prompt }) => prompt.category === category))]),
    ) as Record<BenchCategory, Share>,
    single: attributesRight(ofObjects(1)),
    pair: attributesRight(ofObjects(2)),
    relation: share(
      judged.flatMap(({ prompt, verdict }) =>
        prompt.constraints.relations.map((_, k) => !verdict.failures.some(({ what }) => what === `relations[${k}]`)),
      ),
    ),
    heldOut: whole(judged.filter(({ prompt }) => !prompt.seen)),
    counts: share(
      judged.flatMap(({ prompt, verdict }) =>
        prompt.constraints.objects.flatMap(({ count }, k) =>
          count === undefined ? [] : [!verdict.failures.some(({ what }) => what === `objects[${k}].count`)],
        ),
      ),
    ),
    verdicts: judged.map(({ prompt, verdict }) => ({ id: prompt.id, verdict })),
  }
}

const share = (right: readonly boolean[]): Share => ({ share: right.filter(Boolean).length / Math.max(1, right.length), of: right.length })

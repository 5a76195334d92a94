import { isHeldOutConstraint } from '../../../diorama/bench.js'
import {
  type Constraints,
  diorama,
  heldOutArrangements,
  heldOutPairs,
  type ObjectConstraint,
  type Relation,
  relations,
  type Shape,
} from '../../../diorama/index.js'
import { Dice } from '../../../diorama/language/dice.js'
import { withArticle, wordings } from '../../../diorama/language/lexicon.js'
import { key } from '../../../graph/index.js'

/** One thing to draw, and what must be seen in the picture. */
export interface EvaluationPrompt {
  readonly prompt: string
  readonly constraints: Constraints
}

/**
 * Prompts as people type them, "a red cube left of a shiny blue sphere at sunset", made by rule from the words of the simple world and not from
 * scenes as training captions are. Held-out ones ask for a pair of colour and shape, or for an arrangement, that no training scene shows.
 */
export function evaluationPrompts(
  kind: 'single' | 'pair',
  count: number,
  { heldOut = false, seed = 2301 }: { readonly heldOut?: boolean; readonly seed?: number } = {},
): EvaluationPrompt[] {
  return Array.from({ length: count }, (_, i) => {
    const own = key(seed).child(kind, heldOut ? 'held-out' : 'seen', i)
    for (let attempt = 0; ; attempt++) {
      const dice = new Dice(own.child(attempt))
      const constraints = kind === 'single' ? singleOf(dice, heldOut) : pairOf(dice, heldOut, i)
      if (isHeldOutConstraint(constraints) === heldOut) return { prompt: written(constraints, dice), constraints }
    }
  })
}

const { simple } = diorama

function objectOf(dice: Dice, known: ObjectConstraint = {}): ObjectConstraint {
  return {
    colour: dice.pick(simple.colours),
    shape: dice.pick(simple.shapes),
    ...(dice.chance(0.25) && { size: dice.pick(simple.sizes) }),
    ...(dice.chance(0.4) && { material: dice.pick(simple.materials) }),
    ...known,
  }
}

const heldOutObject = (dice: Dice): ObjectConstraint => {
  const [colour, shape] = dice.pick(heldOutPairs)
  return objectOf(dice, { colour, shape })
}

const singleOf = (dice: Dice, heldOut: boolean): Constraints => ({
  objects: [heldOut ? heldOutObject(dice) : objectOf(dice)],
  relations: [],
  absent: [],
  ...sceneryOf(dice),
})

/** Two of three name a relation. Of the held-out ones every second asks for an arrangement, the others for a pair of colour and shape. */
function pairOf(dice: Dice, heldOut: boolean, index: number): Constraints {
  const arrangement = heldOut && index % 2 === 0 ? dice.pick(heldOutArrangements) : undefined
  const shapes = arrangement && ([arrangement[0], arrangement[2]] as const)
  const objects = [0, 1].map((i) => objectOf(dice, shapes && { shape: shapes[i] as Shape }))
  if (heldOut && !arrangement) objects[dice.below(2)] = heldOutObject(dice)
  const [first, second] = objects as [ObjectConstraint, ObjectConstraint]
  const possible = relations.filter((relation) => relation !== 'on top of' || stands(first, second))
  const relation = arrangement?.[1] ?? (index % 3 === 0 ? undefined : dice.pick(possible))
  if (first.colour === second.colour || (relation === 'on top of' && !stands(first, second))) return pairOf(dice, heldOut, index)
  return {
    objects,
    relations: relation ? [{ subject: 0, relation, object: 1 }] : [],
    absent: [],
    ...sceneryOf(dice),
  }
}

/** Only flat tops carry, and no small thing carries a large one. */
const stands = (upper: ObjectConstraint, lower: ObjectConstraint): boolean =>
  (lower.shape === 'cube' || lower.shape === 'cylinder') && lower.size !== 'small' && upper.size !== 'large'

const sceneryOf = (dice: Dice): Pick<Constraints, 'setting' | 'time'> => ({
  ...(dice.chance(0.4) && { setting: dice.pick(simple.settings) }),
  ...(dice.chance(0.4) && { time: dice.pick(simple.times) }),
})

function written({ objects, relations: [link], setting, time }: Constraints, dice: Dice): string {
  const nouns = objects.map((object) => nounOf(object, dice))
  const joint = link ? dice.pick(wordings('relation', link.relation as Relation, 'train')) : 'and'
  const scenery = [
    ...(setting ? [dice.pick(wordings('setting', setting, 'train'))] : []),
    ...(time ? [dice.pick(wordings('time', time, 'train'))] : []),
  ]
  return [nouns.join(` ${joint} `), ...scenery].join(' ')
}

function nounOf({ size, material, colour, shape }: ObjectConstraint, dice: Dice): string {
  const words = [
    ...(size ? [dice.pick(wordings('size', size, 'train'))] : []),
    ...(material ? [dice.pick(wordings('material', material, 'train'))] : []),
    dice.pick(wordings('colour', colour as NonNullable<typeof colour>, 'train')),
    dice.pick(wordings('shape', shape as Shape, 'train')),
  ]
  return withArticle(words.join(' '))
}

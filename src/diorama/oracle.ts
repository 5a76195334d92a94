import type { ActionConstraint, Constraints, ObjectConstraint, StoryConstraints } from './constraints.js'
import { type Attribute, attributes, decalText, fits, plainWords } from './language/description.js'
import type { Action, Story } from './motion/story.js'
import { type Reading, relatesInPicture } from './reading.js'
import { relates } from './relations.js'
import { type Relation, relations, type Scene } from './scene.js'

export interface Failure {
  /** The part of the constraints that does not hold: "objects[1].colour", "relations[0]", "absent[0]", "setting". */
  readonly what: string
  readonly expected: string
  readonly found: string
}

export interface Verdict {
  readonly satisfied: boolean
  /** For each entry of the constraints, the objects that come closest to it; fewer than it asks for where there are none left. */
  readonly objects: readonly (readonly number[])[]
  readonly failures: readonly Failure[]
}

/** Whether a scene is as a sentence says. If not, the failures are those of the best reading that there is. */
export function satisfies(scene: Scene, constraints: Constraints): Verdict {
  return judge({ ...scene, relates: (i, relation, j) => relates(scene, i, relation, j) }, constraints)
}

/** Whether a picture, as a reader saw it, is as a sentence says. At most `mostObjects` objects are looked at, the surest first. */
export function satisfiesReading(reading: Reading, constraints: Constraints): Verdict {
  const order = reading.objects.map((_, i) => i).sort((i, j) => confidence(reading, j) - confidence(reading, i))
  const seen = order.slice(0, mostObjects).sort((i, j) => i - j)
  const objects = seen.map((i) => reading.objects[i] as Reading['objects'][number])
  const part = { ...reading, objects }
  const verdict = judge({ ...part, relates: (i, relation, j) => relatesInPicture(part, i, relation, j) }, constraints)
  return { ...verdict, objects: verdict.objects.map((assigned) => assigned.map((i) => seen[i] as number)) }
}

/** Whether a film is as a sentence says: the scene in which it begins, and what happens in the order in which it is told. */
export function satisfiesStory({ scene, actions }: Story, constraints: StoryConstraints): Verdict {
  const sight = { ...scene, relates: (i: number, relation: Relation, j: number) => relates(scene, i, relation, j) }
  return judge(sight, constraints, (objects) => actionFailures(actions, constraints.actions, objects))
}

const confidence = (reading: Reading, i: number): number => reading.objects[i]?.confidence ?? 0

/** More objects than this in a picture are noise. */
export const mostObjects = 16
/** Steps of the search for the best assignment. Five described objects among five need at most a few hundred. */
const mostSteps = 20_000

/** A scene or a reading, as far as sentences can speak of it. */
interface Sight extends Pick<Constraints, 'setting' | 'time' | 'style'> {
  readonly objects: readonly Omit<ObjectConstraint, 'count'>[]
  relates(i: number, relation: Relation, j: number): boolean
}

type MoreFailures = (objects: readonly (readonly number[])[]) => readonly Failure[]

function judge(sight: Sight, constraints: Constraints, more: MoreFailures = () => []): Verdict {
  const objects = new Assignment(sight, constraints, more).best()
  const failures = [
    ...more(objects),
    ...constraints.objects.flatMap((entry, k) => objectFailures(sight, entry, k, objects)),
    ...relationFailures(sight, constraints, objects),
    ...constraints.absent.flatMap((description, k) => {
      const found = sight.objects.filter((object) => fits(object, description)).length
      return found === 0 ? [] : [{ what: `absent[${k}]`, expected: `no ${plainWords(description)}`, found: `${found}` }]
    }),
    ...(['setting', 'time', 'style'] as const).flatMap((what) => {
      const [expected, found] = [constraints[what], sight[what]]
      return expected === undefined || expected === found ? [] : [{ what, expected, found: found ?? 'nothing' }]
    }),
  ]
  return { satisfied: failures.length === 0, objects, failures }
}

const asked = (entry: ObjectConstraint): Attribute[] => attributes.filter((attribute) => entry[attribute] !== undefined)
const word = (object: Omit<ObjectConstraint, 'count'>, attribute: Attribute): string | undefined =>
  attribute === 'decal' ? decalText(object.decal) : object[attribute]

/** The objects that fit an entry and that no other entry has taken. */
function unclaimed(sight: Sight, entry: ObjectConstraint, k: number, assigned: readonly (readonly number[])[]): number {
  const taken = new Set(assigned.flatMap((objects, other) => (other === k ? [] : objects)))
  return sight.objects.filter((object, i) => !taken.has(i) && fits(object, entry)).length
}

function objectFailures(sight: Sight, entry: ObjectConstraint, k: number, assigned: readonly (readonly number[])[]): Failure[] {
  const own = assigned[k] ?? []
  const failures: Failure[] = []
  if (own.length === 0 && entry.count !== 0) failures.push({ what: `objects[${k}]`, expected: plainWords(entry), found: 'no object left' })
  for (const i of own) {
    const object = sight.objects[i] as Omit<ObjectConstraint, 'count'>
    for (const attribute of asked(entry)) {
      const [expected, found] = [word(entry, attribute) as string, word(object, attribute) ?? 'nothing']
      if (expected !== found) failures.push({ what: `objects[${k}].${attribute}`, expected, found })
    }
  }
  const found = unclaimed(sight, entry, k, assigned)
  if (entry.count !== undefined && entry.count !== found)
    failures.push({ what: `objects[${k}].count`, expected: `${entry.count}`, found: `${found}` })
  return failures
}

function relationFailures(sight: Sight, constraints: Constraints, assigned: readonly (readonly number[])[]): Failure[] {
  return constraints.relations.flatMap(({ subject, relation, object }, k) => {
    const [subjects, objects] = [assigned[subject] ?? [], assigned[object] ?? []]
    if (holds(sight, subjects, relation, objects)) return []
    const between = relations.filter((other) => holds(sight, subjects, other, objects))
    const name = (entry: number): string => plainWords(constraints.objects[entry] ?? {})
    return [{ what: `relations[${k}]`, expected: `${name(subject)} ${relation} ${name(object)}`, found: between.join(', ') || 'none' }]
  })
}

/** Each action that is told must be found behind the one told before it, or, told as "meanwhile", overlap with it. */
function actionFailures(actions: readonly Action[], told: readonly ActionConstraint[], objects: readonly (readonly number[])[]): Failure[] {
  const is = (entry: number | undefined, object: number | undefined): boolean =>
    entry === undefined || (object !== undefined && (objects[entry] ?? []).includes(object))
  let from = 0
  let before: Action | undefined
  return told.flatMap((wanted, k) => {
    const at = actions.findIndex(
      (action, i) =>
        i >= from &&
        action.script === wanted.script &&
        is(wanted.object, action.object) &&
        is(wanted.other, action.other) &&
        (wanted.direction === undefined || wanted.direction === action.direction) &&
        (before === undefined || overlaps(before, action) === (wanted.meanwhile ?? false)),
    )
    if (at < 0)
      return [
        {
          what: `actions[${k}]`,
          expected: wanted.script,
          found:
            actions
              .slice(from)
              .map(({ script }) => script)
              .join(', ') || 'nothing',
        },
      ]
    before = actions[at]
    from = at + 1
    return []
  })
}

/** Whether the second of two actions begins before the first has ended. */
export const overlaps = (first: Action, second: Action): boolean => second.start < first.start + first.duration - 1e-6

/** Whether every one of the subjects stands in the relation to every one of the objects, and there are some of both. */
const holds = (sight: Sight, subjects: readonly number[], relation: Relation, objects: readonly number[]): boolean =>
  subjects.length > 0 && objects.length > 0 && subjects.every((i) => objects.every((j) => sight.relates(i, relation, j)))

/**
 * The search for the objects that a sentence speaks of: a slot for each object that is asked for, filled with different objects,
 * depth first with a bound. What counts is whole entries first, then relations and numbers, then single attributes.
 */
class Assignment {
  readonly #slots: readonly { entry: number; worth: readonly number[] }[]
  /** The most that the slots from here on can still add. */
  readonly #hope: readonly number[]
  readonly #extra: number
  readonly #taken: boolean[]
  readonly #chosen: number[]
  #best: { worth: number; objects: number[][] }
  #steps = 0

  constructor(
    readonly sight: Sight,
    readonly constraints: Constraints,
    readonly more: MoreFailures,
  ) {
    const { objects } = sight
    this.#slots = constraints.objects
      .flatMap((entry, k) => {
        const worth = objects.map((object) => this.#worth(entry, object))
        return Array.from({ length: Math.min(entry.count ?? 1, objects.length) }, () => ({ entry: k, worth }))
      })
      .slice(0, mostObjects)
    const hope = [0]
    for (const { worth } of [...this.#slots].reverse()) hope.unshift((hope[0] as number) + Math.max(0, ...worth))
    this.#hope = hope
    this.#extra = 2 * constraints.relations.length + 2 * constraints.objects.filter(({ count }) => count !== undefined).length
    this.#taken = objects.map(() => false)
    this.#chosen = this.#slots.map(() => -1)
    this.#best = { worth: Number.NEGATIVE_INFINITY, objects: constraints.objects.map(() => []) }
  }

  best(): number[][] {
    this.#fill(0, 0)
    return this.#best.objects
  }

  #worth(entry: ObjectConstraint, object: Omit<ObjectConstraint, 'count'>): number {
    const wanted = asked(entry)
    const met = wanted.filter((attribute) => word(entry, attribute) === word(object, attribute)).length
    return wanted.length === 0 ? 4 : met / wanted.length + (met === wanted.length ? 3 : 0)
  }

  #fill(slot: number, worth: number): void {
    const { entry, worth: worths } = this.#slots[slot] ?? {}
    if (worths === undefined || entry === undefined) {
      this.#leaf(worth)
      return
    }
    if (worth + (this.#hope[slot] as number) + this.#extra <= this.#best.worth || this.#steps++ > mostSteps) return
    // Slots of one entry are alike: their objects in rising order, unless the first of them stays empty
    const previous = this.#slots[slot - 1]?.entry === entry ? (this.#chosen[slot - 1] as number) : -1
    const candidates = worths.map((_, i) => i).filter((i) => i > previous && !this.#taken[i])
    candidates.sort((i, j) => (worths[j] as number) - (worths[i] as number))
    for (const i of candidates) {
      this.#taken[i] = true
      this.#chosen[slot] = i
      this.#fill(slot + 1, worth + (worths[i] as number))
      this.#taken[i] = false
    }
    this.#chosen[slot] = this.sight.objects.length // an empty slot; those behind it in the same entry stay empty too
    this.#fill(slot + 1, worth)
    this.#chosen[slot] = -1
  }

  #leaf(worth: number): void {
    const { sight, constraints } = this
    const objects: number[][] = constraints.objects.map(() => [])
    for (const [slot, { entry }] of this.#slots.entries())
      if ((this.#chosen[slot] as number) < sight.objects.length) objects[entry]?.push(this.#chosen[slot] as number)
    let whole = worth
    for (const { subject, relation, object } of constraints.relations)
      if (holds(sight, objects[subject] ?? [], relation, objects[object] ?? [])) whole += 2
    for (const [k, entry] of constraints.objects.entries())
      if (entry.count !== undefined && entry.count === unclaimed(sight, entry, k, objects)) whole += 2
    whole -= 2 * this.more(objects).length
    if (whole > this.#best.worth) this.#best = { worth: whole, objects }
  }
}

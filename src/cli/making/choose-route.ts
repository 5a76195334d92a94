import {
  allCards,
  endingsOf,
  listed,
  type Modality,
  modalities,
  modalitiesOfEnding,
  NoRouteError,
  type System,
} from '../../contract/index.js'
import { type BuiltSystems, builtIds, type Route, type RouteOptions, routeFor } from '../../taxonomy/index.js'
import { UsageError } from '../usage-error.js'

/** What a thing that was given can be taken for, likeliest first. */
export type Kinds = readonly [Modality, ...Modality[]]

/** What each thing that was given is taken for, and the way from there to the file. */
export interface ChosenRoute {
  readonly route: Route
  readonly taken: readonly Modality[]
}

/**
 * The way that is taken where no system is named. A film may be taken as its sound, a text as code: the first reading of what was
 * given that leads to the ending is taken.
 *
 * @throws NoRouteError for the likeliest reading
 */
export function chooseRoute(given: readonly Kinds[], ending: string, options: Pick<RouteOptions, 'through' | 'systems'>): ChosenRoute {
  let refusal: NoRouteError | undefined
  for (const taken of readings(given)) {
    try {
      return { route: routeFor(taken as [Modality, ...Modality[]], ending, options), taken }
    } catch (error) {
      if (!(error instanceof NoRouteError)) throw error
      refusal ??= error
    }
  }
  throw refusal ?? new UsageError('Cannot make something from nothing', 'Give it words or files: genera make "a red cube" -o cube.png')
}

/** Alike things are taken alike, so that there are few readings however many files there are. */
function readings(given: readonly Kinds[]): readonly (readonly Modality[])[] {
  if (given.length === 0) return []
  const kinds = [...new Map(given.map((each) => [each.join(), each])).values()]
  const choices = kinds.reduce<readonly (readonly Modality[])[]>(
    (longer, kind) => longer.flatMap((taken) => kind.map((modality) => [...taken, modality])),
    [[]],
  )
  const kindOf = given.map((each) => kinds.findIndex((kind) => kind.join() === each.join()))
  return choices.map((choice) => kindOf.map((kind) => choice[kind] as Modality))
}

/** The way through one system that was named: what it reads of what was given, and what it makes that the ending can hold. */
export function routeThrough(system: System, given: readonly Kinds[], ending: string): ChosenRoute {
  const { inputs } = system.card
  const taken = given.map((each) => each.find((modality) => inputs.includes(modality)) ?? each[0])
  const from = taken[0] ?? inputs[0] ?? 'text'
  return { route: [{ system: system.id, from, to: targetOf(system, ending) }], taken }
}

/**
 * What of a system's results a file of this ending holds.
 *
 * @throws UsageError with the endings that fit, UnknownEndingError
 */
export function targetOf(system: Pick<System, 'id' | 'outputs'>, ending: string): Modality {
  const target = modalitiesOfEnding(ending).find((each) => system.outputs.some(({ modality }) => modality === each))
  if (target) return target
  const made = system.outputs.map(({ modality }) => modality)
  const endings = [...new Set(made.flatMap((each) => endingsOf(each)))]
  throw new UsageError(
    `Cannot make a .${ending} file with ${system.id}: it makes ${listed(
      made.map((each) => modalities[each].plural),
      'and',
    )}`,
    `Endings are ${listed(endings.map((each) => `.${each}`))}`,
  )
}

/** The endings that some system makes: of those that are built, or of the whole survey where none is. */
export function endingsMade(systems: BuiltSystems): readonly string[] {
  const built = builtIds(systems)
  const makers = allCards.filter(({ id }) => built.length === 0 || built.includes(id))
  return [...new Set(makers.flatMap(({ outputs }) => outputs.flatMap((modality) => endingsOf(modality))))]
}

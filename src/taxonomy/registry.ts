import { allCards, type Card, NotBuiltError, type System, type SystemId, UnknownSystemError } from '../contract/index.js'
import { builtSystems, type LoadSystem } from './built.js'

/** `embedded` works as installed, `open-weights` works with published weights only. */
export type SystemState = 'embedded' | 'open-weights' | 'not-built'

export interface ListedSystem {
  readonly card: Card & { readonly id: SystemId }
  readonly state: SystemState
}

/** What is registered; tests and programs with systems of their own pass another. */
export type BuiltSystems = { readonly [Id in SystemId]?: LoadSystem }

/** All 25 systems of the survey, in its order, with what can be said of each truthfully. */
export function listSystems(built: BuiltSystems = builtSystems): Promise<readonly ListedSystem[]> {
  return Promise.all(allCards.map(async (card) => ({ card, state: stateOf(await built[card.id]?.()) })))
}

/** A system without any weights works as installed. */
export function stateOf(system: Pick<System, 'checkpoints'> | undefined): SystemState {
  if (!system) return 'not-built'
  const { embedded, hub = [] } = system.checkpoints
  return embedded === undefined && hub.length > 0 ? 'open-weights' : 'embedded'
}

/**
 * The card of a system by its id or its name, in any spelling: "stable-diffusion", "Stable Diffusion", "DALL·E 2".
 *
 * @throws UnknownSystemError, with the system that was probably meant
 */
export function findCard(asked: string): Card & { readonly id: SystemId } {
  const found = allCards.find(({ id, name }) => [id, name].some((each) => letters(each) === letters(asked)))
  if (found) return found
  throw new UnknownSystemError(
    asked,
    allCards.map(({ id }) => id),
  )
}

/**
 * The system itself.
 *
 * @throws UnknownSystemError, NotBuiltError
 */
export async function findSystem(asked: string, built: BuiltSystems = builtSystems): Promise<System> {
  const { id } = findCard(asked)
  const load = built[id]
  if (load) return load()
  throw new NotBuiltError(id, builtIds(built))
}

/** In the order of the survey. */
export const builtIds = (built: BuiltSystems = builtSystems): readonly SystemId[] =>
  allCards.filter(({ id }) => built[id] !== undefined).map(({ id }) => id)

const letters = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

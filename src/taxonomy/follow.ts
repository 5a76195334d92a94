import {
  type GenerateOptions,
  type GenerationEvent,
  InputError,
  listed,
  type Modality,
  type Result,
  type System,
  suggestion,
} from '../contract/index.js'
import { type Given, placeInputs } from './place.js'
import { type BuiltSystems, findSystem } from './registry.js'
import type { Route } from './routes.js'

/** What a system on the way says; the results of the last one are those of the route. */
export interface RouteEvent {
  /** Its place on the route, from 0. */
  readonly step: number
  readonly system: System
  readonly event: GenerationEvent<unknown>
}

export interface FollowOptions extends Omit<GenerateOptions, 'checkpoint'> {
  /** By name; each goes to the last system on the way that has it. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly systems?: BuiltSystems
}

/**
 * Goes a route: every system is fed with the first result of the one before it.
 *
 *     for await (const { event } of follow(routeFor(['audio'], 'png'), [{ modality: 'audio', value }])) …
 *
 * @throws InputError before any work if an option belongs to no system of the route
 */
export async function* follow(
  route: Route,
  given: readonly Given[],
  { options = {}, systems, ...rest }: FollowOptions = {},
): AsyncGenerator<RouteEvent, void> {
  const chain = await Promise.all(route.map(({ system }) => findSystem(system, systems)))
  const shares = sharesOf(chain, options)
  let carried = given
  for (const [step, system] of chain.entries()) {
    for await (const event of system.generate(placeInputs(system, carried, shares[step]), rest)) {
      yield { step, system, event }
      if (event.kind === 'result') carried = [partOf(system, event.results[0], (route[step] as Route[0]).to)]
    }
  }
}

/** The part of a result that has this modality. */
export function partOf(system: Pick<System, 'outputs'>, { value }: Pick<Result<unknown>, 'value'>, modality: Modality): Given {
  const { name } = system.outputs.find((output) => output.modality === modality) ?? { name: 'value' }
  const whole = system.outputs.length === 1 && system.outputs[0]?.name === 'value'
  return { modality, value: whole ? value : (value as Record<string, unknown>)[name] } as Given
}

function sharesOf(chain: readonly System[], options: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const shares: Record<string, unknown>[] = chain.map(() => ({}))
  for (const [name, value] of Object.entries(options)) {
    const owner = chain.findLastIndex(({ fields }) => fields.some((field) => field.name === name))
    const known = [...new Set(chain.flatMap(({ fields }) => fields.map((field) => field.name)))]
    if (owner < 0)
      throw new InputError(
        listed(
          chain.map(({ id }) => id),
          'and',
        ),
        [
          {
            field: 'every option',
            expected: `one of ${listed(known)}`,
            found: JSON.stringify(name),
            allowed: known,
            hint: suggestion(name, known),
          },
        ],
      )
    Object.assign(shares[owner] as object, { [name]: value })
  }
  return shares
}

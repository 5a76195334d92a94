import { allCards, listed, type Modality, modalitiesOfEnding, NoRouteError, type SystemId } from '../contract/index.js'
import { builtSystems } from './built.js'
import { type BuiltSystems, builtIds } from './registry.js'

/** One system on the way, with the modality that it is given and the one that is taken from it. */
export interface Step {
  readonly system: SystemId
  readonly from: Modality
  readonly to: Modality
}

/** Systems one after another, each fed with what the one before it made. */
export type Route = readonly [Step, ...Step[]]

export interface RouteOptions {
  /** Only systems that are built. */
  readonly built?: boolean
  /** A modality that the route must pass on its way, or a system that must be part of it. */
  readonly through?: Modality | SystemId
  /** How many systems at most; 3 if it is not given. */
  readonly longest?: number
  readonly systems?: BuiltSystems
}

/**
 * All ways from one modality to another, the shortest first and then in the order of the survey. No system and no modality between
 * the ends comes twice.
 */
export function routesBetween(from: Modality, to: Modality, options: RouteOptions = {}): readonly Route[] {
  const { built = false, through, longest = 3, systems = builtSystems } = options
  const usable = built ? builtIds(systems) : allCards.map(({ id }) => id)
  const edges = allCards
    .filter(({ id }) => usable.includes(id))
    .flatMap(({ id, inputs, outputs }) => inputs.flatMap((input) => outputs.map((output) => ({ system: id, from: input, to: output }))))
  const found: Route[] = []
  let open: readonly (readonly Step[])[] = [[]]
  for (let length = 1; length <= longest; length++) {
    const longer = open.flatMap((route) =>
      edges.filter((edge) => follows(route, edge, from)).map((edge): Route => [...route, edge] as unknown as Route),
    )
    found.push(...longer.filter((route) => route.at(-1)?.to === to))
    open = longer.filter((route) => ![from, to].includes(route.at(-1)?.to as Modality))
  }
  return through === undefined ? found : found.filter((route) => passes(route, through))
}

/** Whether an edge goes on from a route without turning back to where it has been. */
function follows(route: readonly Step[], { system, from, to }: Step, start: Modality): boolean {
  if (from !== (route.at(-1)?.to ?? start)) return false
  const visited = new Set<Modality>([start, ...route.map((step) => step.to)])
  return !route.some((step) => step.system === system) && (route.length === 0 || !visited.has(to))
}

const passes = (route: Route, through: string): boolean =>
  route.some(({ system }) => system === through) || route.slice(0, -1).some(({ to }) => to === through)

/**
 * The way that `make` takes: the shortest built one whose first system reads everything that is given, and whose last makes what the
 * ending can hold. Between equally short ones, the likeliest modality of the ending decides, then the order of the survey.
 *
 *     routeFor(['text'], 'png')            // [{ system: 'stable-diffusion', from: 'text', to: 'image' }]
 *
 * @throws UnknownEndingError for an ending that no format of genera has; NoRouteError, which says what routes there are
 */
export function routeFor(inputs: readonly [Modality, ...Modality[]], ending: string, options: Omit<RouteOptions, 'built'> = {}): Route {
  const targets = modalitiesOfEnding(ending)
  const given = new Set(inputs)
  const routes = targets.flatMap((to) => [...given].flatMap((from) => routesBetween(from, to, { ...options, built: true })))
  const reads = ([{ system }]: Route) => [...given].filter((each) => cardOf(system).inputs.includes(each)).length
  const complete = routes.filter((route) => reads(route) === given.size)
  const [best] = complete.sort((a, b) => a.length - b.length) // sorting keeps the order of equals
  if (best) return best
  throw new NoRouteError(
    inputs,
    targets,
    problemOf([...given] as [Modality, ...Modality[]], targets, options),
    hintOf(inputs, targets, options),
  )
}

function problemOf(inputs: readonly [Modality, ...Modality[]], targets: readonly Modality[], options: RouteOptions): string {
  const { systems = builtSystems } = options
  const built = builtIds(systems)
  if (built.length === 0) return 'no system is built yet'
  const ends = new Set(
    built
      .map(cardOf)
      .filter((card) => inputs.every((each) => card.inputs.includes(each)))
      .flatMap(({ outputs }) => outputs),
  )
  const makers = built.filter((id) => cardOf(id).outputs.some((output) => targets.includes(output)))
  const reach =
    ends.size > 0
      ? `built systems that read ${listed(inputs, 'and')} make ${listed([...ends], 'and')}`
      : `no built system reads ${listed(inputs, 'and')}`
  return makers.length > 0 ? `${reach}; ${listed(targets)} is made by ${listed(makers, 'and')}, from ${needsOf(makers)}` : reach
}

const needsOf = (makers: readonly SystemId[]): string => listed([...new Set(makers.flatMap((id) => cardOf(id).inputs))])

/** What would lead there if more were built. */
function hintOf(inputs: readonly Modality[], targets: readonly Modality[], { longest, through }: RouteOptions): string | undefined {
  const options = { ...(longest !== undefined && { longest }), ...(through !== undefined && { through }) }
  const [planned] = inputs.flatMap((from) => targets.flatMap((to) => routesBetween(from, to, options))).sort((a, b) => a.length - b.length)
  return planned && `The survey has ${describeRoute(planned)}, of which not everything is built yet`
}

/** "whisper (audio → text), then stable-diffusion (text → image)". */
export const describeRoute = (route: Route): string => route.map(({ system, from, to }) => `${system} (${from} → ${to})`).join(', then ')

const cardOf = (id: SystemId) => {
  const card = allCards.find((each) => each.id === id)
  if (!card) throw new RangeError(`Cannot find the card of ${id}`)
  return card
}

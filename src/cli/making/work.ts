import { type GenerateOptions, InputError, type ResultEvent, type System } from '../../contract/index.js'
import { type BuiltSystems, findSystem, follow, type Given, placeInputs, type Route, type RouteEvent } from '../../taxonomy/index.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { stageBars } from './stage-bars.js'

/** Everything that is decided before work begins. */
export interface Work {
  readonly route: Route
  readonly given: readonly Given[]
  /** Named ones, by field. */
  readonly options: Readonly<Record<string, unknown>>
  readonly checkpoint?: string | undefined
  readonly device?: GenerateOptions['runtime']
}

export interface Worked {
  /** The last system of the route, whose results these are. */
  readonly system: System
  readonly results: ResultEvent<unknown>['results']
  readonly seconds: number
}

/** Goes the route and shows how it goes: bars on a terminal, with --json one object for each event but previews. */
export async function work(job: Work, title: string, systems: BuiltSystems, terminal: Terminal): Promise<Worked> {
  const began = performance.now()
  const bars = stageBars(terminal, title)
  let worked: Omit<Worked, 'seconds'> | undefined
  try {
    for await (const { system, event } of events(job, systems, terminal.signal)) {
      bars.show(event)
      if (event.kind === 'result') worked = { system, results: event.results }
      else if (terminal.json && event.kind !== 'preview') terminal.stdout.write(`${JSON.stringify({ ...event, system: system.id })}\n`)
    }
  } catch (error) {
    throw error instanceof InputError ? await inFlags(error, systems) : error
  } finally {
    bars.end()
  }
  if (!worked) throw new Error('A route ended without a result')
  return { ...worked, seconds: (performance.now() - began) / 1000 }
}

async function* events(job: Work, systems: BuiltSystems, signal: AbortSignal): AsyncGenerator<RouteEvent, void> {
  const { route, given, options, checkpoint, device } = job
  const [first, ...others] = route
  if (others.length > 0) {
    if (checkpoint !== undefined)
      throw new UsageError(
        `Cannot use --checkpoint on the way ${route.map(({ system }) => system).join(', then ')}: it is for one system`,
        'Name the system with --system',
      )
    yield* follow(route, given, { options, systems, signal, runtime: device })
    return
  }
  const system = await findSystem(first.system, systems)
  const input = placeInputs(system, given, options)
  for await (const event of system.generate(input, { signal, checkpoint, runtime: device })) yield { step: 0, system, event }
}

/** The same problems, under the names that options have on a command line. */
async function inFlags(error: InputError, systems: BuiltSystems): Promise<InputError> {
  const system = await systems[error.system as keyof BuiltSystems]?.()
  const [first, ...others] = error.problems.map((problem) => {
    const [, name = '', rest = ''] = /^(\w+)(.*)$/.exec(problem.field) ?? []
    const field = system?.fields.find((each) => each.name === name)
    return field ? { ...problem, field: `--${field.flag}${rest}` } : problem
  })
  return first ? new InputError(error.system, [first, ...others]) : error
}

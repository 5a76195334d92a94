import {
  allCards,
  endingsOf,
  type Field,
  formatFor,
  type GenerateOptions,
  type Modality,
  modalitiesOfEnding,
  modalityNames,
  NoRouteError,
  type Result,
  type System,
  type SystemId,
  UnknownEndingError,
} from '../../contract/index.js'
import { type BuiltSystems, builtIds, findSystem, type RouteOptions } from '../../taxonomy/index.js'
import { type Session, systemsOf } from '../command.js'
import { readyCheckpoint } from '../hub/ready-checkpoint.js'
import { assertWritable, type Destination, endingAsked } from '../output.js'
import { remark, type Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { chooseRoute, endingsMade, type Kinds, routeThrough } from './choose-route.js'
import { flagNames, type Sorted, sortWords } from './flags.js'
import { flagValues, looseInputs } from './inputs.js'
import { type Saved, save } from './save.js'
import { work } from './work.js'

/** The options that making has whatever the system; a system cannot have fields of these names but `seed` and `count`. */
export interface MakingOptions {
  readonly output?: string
  readonly format?: string
  readonly system?: string
  readonly through?: string
  readonly checkpoint?: string
  readonly offline?: boolean
  readonly yes?: boolean
  readonly device?: GenerateOptions['runtime']
  readonly quality?: number
  readonly seed?: readonly number[]
  readonly count?: number
  /** False for --no-metadata. */
  readonly metadata?: boolean
}

/** A command line that makes something. */
export interface Asked {
  /** As errors call it: "genera make". */
  readonly command: string
  /** Words and the flags of fields, not yet told apart. */
  readonly words: readonly string[]
  /** How many of the last words stood behind "--". */
  readonly literal: number
  /** The command's own flags, for suggestions. */
  readonly own: readonly string[]
  readonly options: MakingOptions
}

export async function make(asked: Asked, terminal: Terminal, session: Session): Promise<void> {
  const { options } = asked
  const systems = await systemsOf(session)
  const named = options.system === undefined ? undefined : await findSystem(options.system, systems)
  const destination = destinationOf(options, named, systems)
  const { flags, loose } = await sorted(asked, named, destination.ending, systems)
  const inputs = await looseInputs(loose, session.stdin)
  const given = inputs.map(({ modalities }) => modalities)
  const flagged = flags.flatMap(({ field: { modality } }) => (modality ? [[modality] as const] : []))
  const through = await throughOf(options.through, systems)
  const { route, taken } = named
    ? routeThrough(named, given, destination.ending)
    : routeFrom(given, flagged, destination.ending, { systems, ...(through && { through }) })
  const to = (route.at(-1) as (typeof route)[0]).to
  await assertWritable(destination, isText(to, destination.ending), terminal)
  assertOneForStdout(destination, options)
  await readyCheckpoint(options.checkpoint, options, terminal, session)
  const job = {
    route,
    given: await Promise.all(inputs.map((input, i) => input.as(taken[i] as Modality))),
    options: { ...(await flagValues(flags, session.stdin)), ...chanceOf(options) },
    checkpoint: options.checkpoint,
    device: options.device,
  }
  const way = route.map(({ system }) => system).join(', then ')
  const { system, results, seconds } = await work(
    job,
    `Making ${destination.path ?? `.${destination.ending}`} with ${way}`,
    systems,
    terminal,
  )
  const saving = { quality: options.quality, marked: options.metadata !== false }
  const saved = await save(results, system, to, destination, saving, terminal, session)
  report(results, saved, system, seconds, terminal)
}

/** Where to, and as what. A system that is named has a usual place: text is printed, everything else is a file called after it. */
function destinationOf({ output, format }: MakingOptions, named: System | undefined, systems: BuiltSystems): Destination {
  const made = named ? [...new Set(named.outputs.flatMap(({ modality }) => endingsOf(modality)))] : endingsMade(systems)
  const usual = named?.outputs[0]
  const [first = 'png'] = made
  const asked = format ?? (output === undefined || output === '-' ? usual && first : undefined)
  if (output === undefined && (!usual || asked === undefined))
    throw new UsageError('Cannot tell what to make', 'Its ending says it: genera make "a red cube" -o cube.png')
  const place = output ?? (usual && isText(usual.modality, first) ? '-' : `${named?.id}.${asked}`)
  const destination = endingAsked(place, asked, made)
  if (!endingsOf().includes(destination.ending)) throw new UnknownEndingError(destination.ending, made)
  return destination
}

/** Whether it may be shown on a terminal. */
function isText(modality: Modality, ending: string): boolean {
  return /^text\/|json$/.test(formatFor(modality, ending).mediaType)
}

/** Flags belong to the system that is named, or to any that could make the ending; others are only loaded for flags that those lack. */
async function sorted(
  { command, words, literal, own }: Asked,
  named: System | undefined,
  ending: string,
  systems: BuiltSystems,
): Promise<Sorted> {
  const names = flagNames(words, literal)
  const fields: Field[] = [...(named?.fields ?? [])]
  const complete = () => names.every((name) => fields.some(({ flag }) => name === flag || name === `no-${flag}`))
  if (!named) {
    const makers = makersOf(ending)
    const likeliestFirst = [...builtIds(systems)].sort((a, b) => Number(makers.has(b)) - Number(makers.has(a)))
    for (const id of likeliestFirst) if (!complete()) fields.push(...(await findSystem(id, systems)).fields)
  }
  return sortWords(words, fields, { command, others: own, literal })
}

function makersOf(ending: string): ReadonlySet<SystemId> {
  const targets = modalitiesOfEnding(ending)
  return new Set(allCards.filter(({ outputs }) => outputs.some((output) => targets.includes(output))).map(({ id }) => id))
}

/** Named values count as given, unless they belong to a later system of the way. */
function routeFrom(given: readonly Kinds[], flagged: readonly Kinds[], ending: string, options: Pick<RouteOptions, 'through' | 'systems'>) {
  try {
    return chooseRoute([...given, ...flagged], ending, options)
  } catch (error) {
    if (error instanceof NoRouteError && given.length > 0 && flagged.length > 0) return chooseRoute(given, ending, options)
    throw error
  }
}

/** A modality or a system; one that is not built leads nowhere. */
async function throughOf(asked: string | undefined, systems: BuiltSystems): Promise<Modality | SystemId | undefined> {
  const modality = modalityNames.find((each) => each === asked)
  return modality ?? (asked === undefined ? undefined : (await findSystem(asked, systems)).id)
}

function chanceOf({ seed, count }: MakingOptions): Record<string, unknown> {
  return { ...(seed && { seed: seed.length === 1 ? seed[0] : seed }), ...(count !== undefined && { count }) }
}

function assertOneForStdout({ path }: Destination, { seed = [], count = 1 }: MakingOptions): void {
  if (path === undefined && Math.max(seed.length, count) > 1)
    throw new UsageError('Cannot write several results to standard output', 'Name a file, and they are numbered: -o scene.png')
}

export function report(
  results: readonly Result<unknown>[],
  saved: readonly Saved[],
  system: System,
  seconds: number,
  terminal: Terminal,
): void {
  for (const [i, { path, bytes }] of saved.entries()) {
    const { seed, facts } = results[i] as Result<unknown>
    if (terminal.json && path !== undefined) {
      const line = { kind: 'result', file: path, bytes: bytes.length, system: system.id, seed, seconds, ...(facts && { facts }) }
      terminal.stdout.write(`${JSON.stringify(line)}\n`)
    }
    const chance = system.fields.some(({ name }) => name === 'seed') ? `seed ${seed}, ` : ''
    remark(
      terminal,
      `${path ?? 'standard output'}: ${system.id}, ${chance}${seconds.toFixed(1)} s, ${bytes.length.toLocaleString('en')} bytes`,
    )
  }
}

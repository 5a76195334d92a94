import { files } from '#files'
import { expectation, type Field, type System } from '../contract/index.js'
import type { ListedSystem, SystemState } from '../taxonomy/index.js'
import { embeddedFolder, embeddedWeights, exists } from '../weights/index.js'
import { table } from './terminal.js'

const stateNames: Readonly<Record<SystemState, string>> = {
  embedded: 'embedded checkpoint',
  'open-weights': 'open weights',
  'not-built': 'not built yet',
}

/** "text, image → image". */
export const wayOf = ({ inputs, outputs }: ListedSystem['card']): string => `${inputs.join(', ')} → ${outputs.join(', ')}`

/** The state as people read it, which includes that weights are missing that should be there. */
export async function describeState(state: SystemState, system: Pick<System, 'checkpoints'> | undefined): Promise<string> {
  const missing = system && (await embeddedPresent(system)) === false
  return `${stateNames[state]}${missing ? ', whose file is missing' : ''}`
}

/** How a system is called and what its flags mean, but for those that every system has. */
export function usageOf({ id, card, fields }: System, width: number): string {
  const required = fields.filter((field) => field.required).map(({ flag, kind }) => ` --${flag} ${kind === 'medium' ? 'FILE' : '…'}`)
  const own = fields.filter(({ name }) => name !== 'seed' && name !== 'count')
  return `Usage: genera run ${id}${required.join('')} [options] -o FILE\n\nOptions of ${card.name}:\n${flagTable(own, width)}`
}

/** One flag after another: what it is for, what it takes, and what holds if it is not given. */
export const flagTable = (fields: readonly Field[], width: number): string =>
  table(
    fields.map((field) => [`--${field.flag}`, `${field.description ?? field.name} (${facts(field)})`]),
    width,
  )

function facts(field: Field): string {
  const { required, kind, default: usual } = field
  const words = typeof usual === 'string' ? usual : JSON.stringify(usual)
  if (kind === 'boolean') return usual === true ? `on unless --no-${field.flag}` : 'off unless it is given'
  const otherwise = required ? '; required' : words ? `; otherwise ${words}` : ''
  return `${kind === 'medium' ? `a file with ${expectation(field)}` : expectation(field)}${otherwise}`
}

/** Whether the weights that should come with genera are there; undefined for systems that embed none. */
export async function embeddedPresent({ checkpoints: { embedded } }: Pick<System, 'checkpoints'>): Promise<boolean | undefined> {
  if (embedded === undefined) return undefined
  return (await exists(embeddedWeights(embedded))) || (await exists(embeddedFolder(embedded)))
}

/** What was measured when an embedded checkpoint was made, from the card beside it; undefined where there is none. */
export async function checkpointCard(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const location = new URL(`${name}.json`, embeddedWeights(name))
  if (!(await exists(location))) return undefined
  const file = await files.open(location)
  const card: unknown = JSON.parse(new TextDecoder().decode(await file.read(0, file.size)))
  return typeof card === 'object' && card !== null && !Array.isArray(card) ? (card as Record<string, unknown>) : undefined
}

/** The numbers and words of nested records, each under its whole name: "scores.single". */
export function flattened(record: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(record).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return flattened(value as Record<string, unknown>, `${name}.`)
    return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
  })
}

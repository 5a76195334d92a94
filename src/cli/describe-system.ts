import { files } from '#files'
import { expectation, type Field, type System } from '../contract/index.js'
import type { ListedSystem, SystemState } from '../taxonomy/index.js'
import { embeddedWeights, exists } from '../weights/index.js'
import { table } from './terminal.js'

export const stateNames: Readonly<Record<SystemState, string>> = {
  embedded: 'embedded checkpoint',
  'open-weights': 'open weights',
  'not-built': 'not built yet',
}

/** "text, image → image". */
export const wayOf = ({ inputs, outputs }: ListedSystem['card']): string => `${inputs.join(', ')} → ${outputs.join(', ')}`

/** How a system is called and what its flags mean. */
export function usageOf(system: System): string {
  const required = system.fields.filter((field) => field.required).map(({ flag, kind }) => ` --${flag} ${kind === 'medium' ? 'FILE' : '…'}`)
  return `Usage: genera run ${system.id}${required.join('')} [options] -o FILE\n\nOptions of ${system.card.name}:\n${flagTable(system.fields)}`
}

/** One flag a line: what it is for, what it takes, and what holds if it is not given. */
export const flagTable = (fields: readonly Field[]): string =>
  table(fields.map((field) => [`--${field.flag}`, `${field.description ?? field.name}: ${facts(field)}`]))

function facts(field: Field): string {
  const { required, default: usual } = field
  const otherwise = usual === undefined ? '' : ` (default: ${typeof usual === 'string' ? usual : JSON.stringify(usual)})`
  return `${field.kind === 'medium' ? `a file with ${expectation(field)}` : expectation(field)}${required ? ', required' : otherwise}`
}

/** Whether the weights that should come with genera are there; undefined for systems that embed none. */
export async function embeddedPresent({ checkpoints: { embedded } }: Pick<System, 'checkpoints'>): Promise<boolean | undefined> {
  if (embedded === undefined) return undefined
  const file = embeddedWeights(embedded)
  return (await exists(file)) || (await exists(new URL(file.href.replace(/\.safetensors$/, '/'))))
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

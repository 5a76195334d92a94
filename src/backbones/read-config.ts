import type { z } from 'zod'
import { GeneraError } from '../graph/index.js'
import { printable } from '../weights/checkpoint-error.js'

/** Configurations are a few kilobytes. */
export const longestConfig = 2 ** 20

/**
 * A configuration out of a file's text.
 *
 * @throws GeneraError that names the file and the key
 */
export function readConfig<Config extends z.ZodType>(schema: Config, text: string, file: string): z.output<Config> {
  const fault = (problem: string) => new GeneraError('CheckpointSettings', `Cannot load ${printable(file)}: ${problem}`)
  let told: unknown
  try {
    told = JSON.parse(text)
  } catch {
    throw fault('expected JSON, found something else')
  }
  const { data, error } = schema.safeParse(told)
  if (!error) return data as z.output<Config>
  const [issue] = error.issues
  const key = issue?.path[0]
  const found = typeof told === 'object' && told !== null && key !== undefined ? (told as Record<PropertyKey, unknown>)[key] : told
  throw fault(`the configuration has ${printable(`"${String(key)}": ${JSON.stringify(found)}`)}; ${issue?.message}`)
}

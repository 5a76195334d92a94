import { version } from '../contract/version.js'
import type { Json, Provenance } from '../media/provenance.js'

/** How a command makes a file, so that it can be made again. `options` are those of the command line, by name. */
export function provenanceOf(command: string, seed: number, options: Readonly<Record<string, Json>>, ending: string): Provenance {
  const flags = Object.entries(options).map(([name, value]) => ` --${name} ${quoted(String(value))}`)
  const line = `genera ${command} --seed ${seed}${flags.join('')} -o ${command}.${ending}`
  return { generator: 'genera', version, system: command, options, seed, command: line }
}

const quoted = (text: string): string => (/^[\w.:-]+$/.test(text) ? text : `"${text}"`)

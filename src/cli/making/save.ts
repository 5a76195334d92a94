import { basename, dirname, extname, join } from 'node:path'
import { encodeValue, formatFor, type Modality, type Result, type System } from '../../contract/index.js'
import type { Json, Provenance } from '../../media/provenance.js'
import { partOf } from '../../taxonomy/index.js'
import type { Session } from '../command.js'
import { sidecarOf } from '../file-provenance.js'
import { type Destination, writeAll } from '../output.js'
import type { Terminal } from '../terminal.js'
import { commandLine } from './command-line.js'

export interface SaveOptions {
  readonly quality?: number | undefined
  /** Whether files say how they were made. */
  readonly marked: boolean
}

export interface Saved {
  /** Undefined for standard output. */
  readonly path: string | undefined
  readonly bytes: Uint8Array
}

/** Writes every result: all files or none. Where a format has no place for provenance, it stands in a file beside. */
export async function save(
  results: readonly Result<unknown>[],
  system: System,
  modality: Modality,
  { path, ending }: Destination,
  options: SaveOptions,
  terminal: Terminal,
  session: Session,
): Promise<readonly Saved[]> {
  const format = formatFor(modality, ending)
  const saved: Saved[] = []
  const beside: { readonly path: string; readonly bytes: Uint8Array }[] = []
  for (const [i, result] of results.entries()) {
    const { value } = partOf(system, result, modality)
    const provenance = provenanceFor(system, result.provenance, ending, options)
    const bytes = await encodeValue(modality, value, ending, {
      ...(options.marked && { provenance }),
      ...(options.quality !== undefined && { quality: options.quality }),
    })
    const own = path === undefined ? undefined : numbered(path, i, results.length)
    saved.push({ path: own, bytes })
    if (own !== undefined && options.marked && !format.keepsProvenance)
      beside.push({ path: sidecarOf(own), bytes: new TextEncoder().encode(`${JSON.stringify({ provenance }, null, 2)}\n`) })
  }
  await writeAll([...saved, ...beside], terminal, session)
  return saved
}

/** scene.png; of several results scene-1.png, scene-2.png and so on. */
const numbered = (path: string, index: number, count: number): string =>
  count === 1 ? path : join(dirname(path), `${basename(path, extname(path))}-${index + 1}${extname(path)}`)

/** With the command line that makes the file, and what bears on its bytes beside the options of the system. */
function provenanceFor(system: System, made: Provenance, ending: string, { quality }: SaveOptions): Provenance {
  const options = withoutFolders(made.options) as Provenance['options']
  const { checkpoint } = made
  const { embedded, hub = [] } = system.checkpoints
  const known = checkpoint && ([embedded, ...hub].includes(checkpoint.name) || checkpoint.name.startsWith('hf://'))
  const name = checkpoint && (known ? checkpoint.name : basename(checkpoint.name))
  return {
    ...made,
    ...(checkpoint && name !== undefined && { checkpoint: { ...checkpoint, name } }),
    options: { ...options, ...(quality !== undefined && { quality }) },
    command: commandLine(system, options, made.seed, ending, { quality, checkpoint: name === embedded ? undefined : name }),
  }
}

/** Files are passed on with what they hold: the folders of whoever made them are nobody's business. */
function withoutFolders(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutFolders)
  const record = value as { readonly [key: string]: Json }
  if (typeof record.file === 'string' && typeof record.sha256 === 'string') return { ...record, file: basename(record.file) }
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, withoutFolders(each)]))
}

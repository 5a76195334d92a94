import { basename, dirname, join } from 'node:path'
import {
  decodeValue,
  type Field,
  type GenerateOptions,
  InputError,
  type Modality,
  modalities,
  parseInput,
  type System,
  sha256,
  UnknownSystemError,
} from '../../contract/index.js'
import { GeneraError } from '../../graph/errors.js'
import type { Json, Provenance } from '../../media/provenance.js'
import { findSystem } from '../../taxonomy/index.js'
import { printable } from '../../weights/checkpoint-error.js'
import { type Session, systemsOf } from '../command.js'
import { readyCheckpoint } from '../hub/ready-checkpoint.js'
import { readInput } from '../input.js'
import { assertWritable, endingAsked } from '../output.js'
import { remark, type Terminal } from '../terminal.js'
import { targetOf } from './choose-route.js'
import { report } from './make.js'
import { save } from './save.js'
import { work } from './work.js'

/** A file that says how it was made. What it says is a stranger's: it may name options, and nothing that is read, run or written. */
export interface Original {
  readonly path: string
  readonly bytes: Uint8Array
  readonly own: Provenance
}

export interface RemakeOptions {
  readonly output: string
  /** Files that it was made from, recognised by their digests. */
  readonly from: readonly string[]
  readonly checkpoint?: string
  readonly offline?: boolean
  readonly yes?: boolean
  readonly device?: GenerateOptions['runtime']
}

/** Makes what a system made again, from its record. */
export async function remake(original: Original, options: RemakeOptions, terminal: Terminal, session: Session): Promise<void> {
  const { own, path } = original
  const systems = await systemsOf(session)
  const system = await findSystem(own.system, systems).catch((error: unknown) => {
    if (!(error instanceof UnknownSystemError)) throw error
    throw new GeneraError('again', `Cannot make what "${printable(own.system)}" made: this version of genera does not know it`)
  })
  const destination = endingAsked(options.output, undefined, [])
  const to = targetOf(system, destination.ending)
  await assertWritable(destination, false, terminal)
  const { quality, input } = await inputOf(original, system, options.from, session)
  const checkpoint = checkpointOf(own, system, options.checkpoint)
  await readyCheckpoint(checkpoint, options, terminal, session)
  const job = {
    route: [{ system: system.id, from: system.card.inputs[0] ?? to, to }] as const,
    given: [],
    options: input,
    checkpoint,
    device: options.device,
  }
  const { results, seconds } = await work(job, `Making ${path} again with ${system.id}`, systems, terminal)
  const used = results[0].provenance.checkpoint?.sha256
  if (used !== own.checkpoint?.sha256) remark(terminal, 'It was made with other weights than these: the bytes may differ')
  const saved = await save(results, system, to, destination, { quality, marked: true }, terminal, session)
  report(results, saved, system, seconds, terminal)
  const same = saved[0] !== undefined && Buffer.compare(saved[0].bytes, original.bytes) === 0
  remark(terminal, same ? `The same bytes as ${path}` : `Not the same bytes as ${path}`)
}

/** What the record asks for, as the system accepts it, with the quality that the file was written with. */
async function inputOf(original: Original, system: System, from: readonly string[], session: Session) {
  const { path, own } = original
  const { quality, ...options } = own.options
  const known = quality === undefined || (Number.isInteger(quality) && (quality as number) >= 1 && (quality as number) <= 100)
  if (!known)
    throw new GeneraError('again', `Cannot make ${path} again: expected its quality to be from 1 to 100, found ${JSON.stringify(quality)}`)
  const sources = new Sources(path, from, session.stdin)
  const input: Record<string, unknown> = 'seed' in system.input.shape ? { seed: own.seed } : {}
  for (const [name, value] of Object.entries(options)) {
    const field = system.fields.find((each) => each.name === name)
    input[name] = field?.location
      ? field.list
        ? sources.located(value)
        : sources.located(value)[0]
      : field?.kind === 'medium'
        ? await mediumOf(field, value, sources)
        : value
  }
  try {
    parseInput(system.id, system.input, input)
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause
    throw new GeneraError('again', `Cannot make ${path} again from what it says: ${cause.message}`, undefined, { cause })
  }
  return { input, quality: quality as number | undefined }
}

/** A record names a medium by its file and digest; documents, which are small, stand in it themselves. */
async function mediumOf(field: Field, value: Json, sources: Sources): Promise<unknown> {
  if (field.list && Array.isArray(value)) return Promise.all((value as readonly Json[]).map((each) => mediumOf(field, each, sources)))
  const modality = field.modality as Modality
  const { file, sha256: digest } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, Json>>
  if (typeof file === 'string' && typeof digest === 'string') {
    const name = basename(file.replaceAll('\\', '/'))
    return decodeValue(modality, await sources.find(name, digest), { name })
  }
  if (modalities[modality].formats[0].endings[0] === 'json') return value
  throw new GeneraError(
    'again',
    `Cannot make ${sources.original} again: the ${printable(field.name)} that it was made from was not kept`,
    'It came from another system on the way: make that one again first',
  )
}

/** Files that something was made from. Paths of a record are not followed: a file counts if it lies beside or is given, and fits. */
class Sources {
  constructor(
    readonly original: string,
    readonly given: readonly string[],
    readonly stdin: AsyncIterable<Uint8Array>,
  ) {}

  /** Files that are named by their place: those of the same names among the given ones. What stands behind a colon is kept: `style.safetensors:0.8`. */
  located(recorded: Json): string[] {
    return (Array.isArray(recorded) ? recorded : [recorded]).map((text) => {
      const [, place = '', rest = ''] = /^(.*?)(:[-+\d.eE]+)?$/s.exec(String(text)) ?? []
      const name = basename(place.replaceAll('\\', '/'))
      const given = this.given.find((path) => basename(path) === name)
      if (given !== undefined) return given + rest
      throw new GeneraError(
        'again',
        `Cannot make ${this.original} again: it was made with the file "${printable(name)}", and what a file says of itself opens no other`,
        'Say where it is: --from FILE',
      )
    })
  }

  async find(name: string, digest: string): Promise<Uint8Array> {
    const beside = this.original === '-' ? name : join(dirname(this.original), name)
    for (const path of [...this.given, beside]) {
      const required = this.given.includes(path)
      const bytes = await readInput(path, this.stdin).catch((error: unknown) => {
        if (required) throw error
        return undefined
      })
      if (bytes && (await sha256(bytes)) === digest) return bytes
    }
    throw new GeneraError(
      'again',
      `Cannot make ${this.original} again: it was made from "${printable(name)}" (SHA-256 ${printable(digest.slice(0, 12))}…), and no such file lies beside it`,
      'Say where it is: --from FILE',
    )
  }
}

/** The weights by name, if they come with genera; any others have to be given, for a record opens nothing. */
function checkpointOf(
  { checkpoint }: Provenance,
  { id, checkpoints: { embedded, hub = [] } }: System,
  given: string | undefined,
): string | undefined {
  if (given !== undefined || checkpoint === undefined || checkpoint.name === embedded) return given
  throw new GeneraError(
    'again',
    `Cannot make it again: it was made by ${id} with the weights "${printable(checkpoint.name)}", which do not come with genera`,
    checkpoint.name.startsWith('hf://') || hub.includes(checkpoint.name)
      ? `If you trust who made it: --checkpoint ${printable(checkpoint.name)}`
      : 'Say where they are: --checkpoint FOLDER',
  )
}

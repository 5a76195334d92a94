import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { files } from '#files'
import { GeneraError } from '../graph/errors.js'
import type { Session } from './command.js'
import type { Terminal } from './terminal.js'
import { closest, listed, UsageError } from './usage-error.js'

/** Where a result goes: a file, or standard output. */
export interface Destination<Ending extends string = string> {
  /** Undefined for standard output. */
  readonly path: string | undefined
  /** What is to be made, by its ending. */
  readonly ending: Ending
}

/** Reads `-o` and `--format`: the ending says what is to be made, and one that nobody can make is refused with those that exist. */
export function destinationOf<const Ending extends string>(
  output: string,
  format: string | undefined,
  endings: readonly Ending[],
): Destination<Ending> {
  const path = output === '-' ? undefined : output
  const ending = (format ?? (path === undefined ? undefined : /\.([^./\\]+)$/.exec(basename(path))?.[1]))?.toLowerCase()
  const all = listed(endings.map((each) => `.${each}`))
  if (ending === undefined)
    throw new UsageError(
      path === undefined ? 'Cannot tell what to write to standard output' : `Cannot tell what "${path}" should be: its name has no ending`,
      path === undefined ? `Say it with --format: ${listed(endings)}` : `End it in ${all}`,
    )
  const known = endings.find((each) => each === ending)
  if (known !== undefined) return { path, ending: known }
  const meant = closest(ending, endings)
  throw new UsageError(`Cannot make a file that ends in .${ending}: endings are ${all}`, meant && `Did you mean .${meant}?`)
}

/** Refuses what could not be written later on, before the work: binary data for a screen, a file in a folder that is not there. */
export async function assertWritable({ path, ending }: Destination, text: boolean, { stdout }: Terminal): Promise<void> {
  if (path === undefined && !text && stdout.isTTY)
    throw new UsageError(`Cannot print a .${ending} file on a terminal`, 'Pipe it into a program or a file: genera … -o - > file')
  if (path === undefined) return
  const folder = dirname(path)
  const stats = await stat(folder).catch(() => undefined)
  if (!stats?.isDirectory())
    throw new GeneraError(
      'output',
      `Cannot write ${path}: the folder ${folder} ${stats ? 'is a file' : 'does not exist'}`,
      'Create it first',
    )
}

/** Writes under a temporary name and renames, so that nobody ever finds half a file; or writes to standard output. */
export async function write(bytes: Uint8Array, { path }: Destination, { stdout }: Terminal, session: Session): Promise<void> {
  session.signal.throwIfAborted()
  if (path !== undefined) return session.protect(files.write([{ location: path, chunks: [bytes] }]))
  await new Promise<void>((resolve, reject) => stdout.write(bytes, (error) => (error ? reject(error) : resolve())))
}

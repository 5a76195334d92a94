import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { files } from '#files'
import { closest, listed } from '../contract/words.js'
import { GeneraError } from '../graph/errors.js'
import type { Session, Stream } from './command.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

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
  const { path, ending } = endingAsked(output, format, endings)
  const known = endings.find((each) => each === ending)
  if (known !== undefined) return { path, ending: known }
  const meant = closest(ending, endings)
  const all = listed(endings.map((each) => `.${each}`))
  throw new UsageError(`Cannot make a file that ends in .${ending}: endings are ${all}`, meant && `Did you mean .${meant}?`)
}

/** Some ending, known or not; `endings` are those to name where there is none. */
export function endingAsked(output: string, format: string | undefined, endings: readonly string[]): Destination {
  const path = output === '-' ? undefined : output
  const ending = (format?.replace(/^\./, '') ?? (path && /\.([^./\\]+)$/.exec(basename(path))?.[1]))?.toLowerCase()
  if (ending !== undefined && ending !== '') return { path, ending }
  if (path === undefined) throw new UsageError('Cannot tell what to write to standard output', `Say it with --format: ${listed(endings)}`)
  throw new UsageError(
    `Cannot tell what "${path}" should be: its name has no ending`,
    `End it in ${listed(endings.map((each) => `.${each}`))}`,
  )
}

/** Refuses what could not be written later on, before the work: binary data for a screen, a file in a folder that is not there. */
export async function assertWritable({ path }: Pick<Destination, 'path'>, text: boolean, { stdout }: Terminal): Promise<void> {
  if (path === undefined && !text && stdout.isTTY)
    throw new UsageError('Cannot print a file that is not text on a terminal', 'Pipe it into a program or a file: genera … -o - > file')
  if (path === undefined) return
  const isFolder = async (name: string) => (await stat(name).catch(() => undefined))?.isDirectory()
  if (await isFolder(path)) throw new GeneraError('output', `Cannot write ${path}: a folder has this name`, 'Choose another name')
  const folder = dirname(path)
  const found = await isFolder(folder)
  if (!found)
    throw new GeneraError(
      'output',
      `Cannot write ${path}: the folder ${folder} ${found === false ? 'is a file' : 'does not exist'}`,
      'Create it first',
    )
}

/** Writes under a temporary name and renames, so that nobody ever finds half a file; or writes to standard output. */
export async function write(bytes: Uint8Array, { path }: Destination, terminal: Terminal, session: Session): Promise<void> {
  await writeAll([{ path, bytes }], terminal, session)
}

/** All files or none. */
export async function writeAll(
  contents: readonly { readonly path: string | undefined; readonly bytes: Uint8Array }[],
  { stdout }: Terminal,
  session: Session,
): Promise<void> {
  session.signal.throwIfAborted()
  const named = contents.flatMap(({ path, bytes }) => (path === undefined ? [] : [{ location: path, chunks: [bytes] }]))
  if (named.length > 0) await session.protect(files.write(named))
  for (const { path, bytes } of contents) if (path === undefined) await print(bytes, stdout)
}

/** On a terminal, what is said next begins on a line of its own. */
async function print(bytes: Uint8Array, stdout: Stream): Promise<void> {
  const unfinished = stdout.isTTY && bytes.at(-1) !== 0x0a
  await new Promise<void>((resolve, reject) =>
    stdout.write(unfinished ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes, (error) => (error ? reject(error) : resolve())),
  )
}

import { basename } from 'node:path'
import { files } from '#files'
import type { Session } from './command.js'
import type { Terminal } from './terminal.js'
import { closest, listed, UsageError } from './usage-error.js'

/** Where a result goes: a file, or standard output. */
export interface Destination {
  /** Undefined for standard output. */
  readonly path: string | undefined
  /** What is to be made, by its ending. */
  readonly ending: string
}

/** Reads `-o` and `--format`: the ending says what is to be made, and one that nobody can make is refused with those that exist. */
export function destinationOf(output: string, format: string | undefined, endings: readonly string[]): Destination {
  const path = output === '-' ? undefined : output
  const ending = (format ?? (path === undefined ? undefined : /\.([^./\\]+)$/.exec(basename(path))?.[1]))?.toLowerCase()
  const all = listed(endings.map((each) => `.${each}`))
  if (ending === undefined)
    throw new UsageError(
      path === undefined ? 'Cannot tell what to write to standard output' : `Cannot tell what "${path}" should be: its name has no ending`,
      path === undefined ? `Say it with --format: ${listed(endings)}` : `End it in ${all}`,
    )
  if (endings.includes(ending)) return { path, ending }
  const meant = closest(ending, endings)
  throw new UsageError(`Cannot make a file that ends in .${ending}: endings are ${all}`, meant && `Did you mean .${meant}?`)
}

/** Refuses to send binary data to a screen. To be called before the work. */
export function assertWritable({ path, ending }: Destination, text: boolean): void {
  if (path === undefined && !text && process.stdout.isTTY)
    throw new UsageError(`Cannot print a .${ending} file on a terminal`, 'Pipe it into a program or a file: genera … -o - > file')
}

/** Writes under a temporary name and renames, so that nobody ever finds half a file; or writes to standard output. */
export async function write(bytes: Uint8Array, { path }: Destination, { stdout }: Terminal, session: Session): Promise<void> {
  session.signal.throwIfAborted()
  if (path !== undefined) return session.protect(files.write([{ location: path, chunks: [bytes] }]))
  await new Promise<void>((resolve, reject) => stdout.write(bytes, (error) => (error ? reject(error) : resolve())))
}

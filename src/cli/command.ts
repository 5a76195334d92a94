import type { Writable } from 'node:stream'
import type { Command } from 'commander'

/** A command of `genera`: it adds itself to the program. Every one is a file under commands/, listed in commands/index.ts. */
export type AddCommand = (program: Command, session: Session) => void

/** A place to write to; a terminal says so. */
export type Stream = Writable & { readonly isTTY?: boolean }

/** What the commands share for as long as the process lives. */
export interface Session {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: Stream
  readonly stderr: Stream
  /** Aborted by the first SIGINT. */
  readonly signal: AbortSignal
  /** Waits for `work` before the process may end, so that a file is written whole or not at all. */
  readonly protect: <T>(work: Promise<T>) => Promise<T>
}

/** The options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print results as JSON, one object per line')
    .option('-q, --quiet', 'say nothing but results and errors')
    .option('--no-color', 'print without colours (as does NO_COLOR)')
}

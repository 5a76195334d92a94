import type { Writable } from 'node:stream'
import type { Command } from 'commander'
import type { BuiltSystems } from '../taxonomy/index.js'

/**
 * A command of `genera`: it adds itself to the program. Every one is a file under commands/, listed in commands/index.ts. What a
 * command needs for its work it imports when it runs, so that no command waits for what another one needs.
 */
export type AddCommand = (program: Command, session: Session) => void

/** A place to write to; a terminal says so. */
export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** What the commands share for as long as the process lives. */
export interface Session {
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean }
  readonly stdout: Stream
  readonly stderr: Stream
  /** Aborted by the first SIGINT. */
  readonly signal: AbortSignal
  /** Waits for `work` before the process may end, so that a file is written whole or not at all. */
  readonly protect: <T>(work: Promise<T>) => Promise<T>
  /** The systems that there are; those of genera if it is not given. */
  readonly systems?: BuiltSystems
}

export const systemsOf = async ({ systems }: Session): Promise<BuiltSystems> =>
  systems ?? (await import('../taxonomy/built.js')).builtSystems

/** The options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print results as JSON, one object per line')
    .option('-q, --quiet', 'say nothing but results and errors')
    .option('--no-color', 'print without colours (as does NO_COLOR)')
}

/** What people copy comes first. */
export const withExamples = (command: Command, ...lines: readonly [string, ...string[]]): Command =>
  command.addHelpText('before', `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`)

import { Command, CommanderError } from 'commander'
import { InputError, NoRouteError, UnknownEndingError, UnknownSystemError } from '../contract/errors.js'
import { version } from '../contract/version.js'
import { GeneraError } from '../graph/errors.js'
import type { Session } from './command.js'
import { commands } from './commands/index.js'
import { overview } from './help.js'
import { isPlain } from './terminal.js'
import { UsageError } from './usage-error.js'

/** Documented exit codes. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/**
 * Runs one command line (without "node" and the script) and gives its exit code. Errors become one sentence on standard error, or
 * one object with --json.
 */
export async function run(words: readonly string[], session: Session): Promise<number> {
  const program = programOf(session)
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync([...words], { from: 'user' })
    return exitCodes.done
  } catch (error) {
    if (session.signal.aborted) return exitCodes.interrupted
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done // --help and --version
    const { code, message, exit } = explain(error, program, words)
    session.stderr.write(words.includes('--json') ? `${JSON.stringify({ error: { code, message } })}\n` : `${message}\n`)
    return exit
  }
}

export function programOf(session: Session): Command {
  const program = new Command('genera')
    .description('Any input into any output, with the systems of one survey, in your own process.')
    .version(version)
  for (const [group, adders] of Object.entries(commands)) {
    program.commandsGroup(group)
    for (const add of adders) add(program, session)
  }
  program.configureHelp({ formatHelp: () => overview(program) })
  const colours = session.stdout.isTTY === true && !isPlain()
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => session.stdout.write(text),
      writeErr: (text) => session.stderr.write(text),
      outputError: () => {},
      getOutHasColors: () => colours,
      getOutHelpWidth: () => Math.min(session.stdout.columns || 100, 100),
    })
  return program
}

/** Errors of this kind say that something else was asked for than can be done. */
const misuses = [UsageError, InputError, UnknownSystemError, UnknownEndingError, NoRouteError]

interface Explanation {
  readonly code: string
  readonly message: string
  readonly exit: number
}

function explain(error: unknown, program: Command, words: readonly string[]): Explanation {
  if (error instanceof CommanderError) return { code: 'usage', message: misunderstanding(error, program, words), exit: exitCodes.usage }
  if (error instanceof GeneraError) {
    const exit = misuses.some((kind) => error instanceof kind) ? exitCodes.usage : exitCodes.failed
    return { code: error.code, message: error.message, exit }
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'unexpected', message: `Something went wrong that genera did not foresee: ${stack}`, exit: exitCodes.failed }
}

/** The parser's own words, such as "error: unknown option '--sede'\n(Did you mean --seed?)", as a sentence of ours. */
function misunderstanding(error: CommanderError, program: Command, [first = '']: readonly string[]): string {
  const [problem, ...rest] = error.message.replace(/^error: /, '').split('\n')
  const command = program.commands.find((known) => known.name() === first)
  const name = ['genera', ...(command ? [command.name()] : [])].join(' ')
  const prompt = !command && /\s/.test(first) ? `To make something of these words: genera make "${first}" -o FILE` : undefined
  const hint = rest.join(' ').replace(/^\((.*)\)$/, '$1') || prompt || `See ${name} --help`
  return `Cannot run ${name}: ${problem}. ${hint}`
}

import { Command, CommanderError } from 'commander'
import { GeneraError } from '../graph/errors.js'
import type { Session } from './command.js'
import { commands } from './commands/index.js'
import { UsageError } from './usage-error.js'
import { version } from './version.js'

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
    .description('Generative models in TypeScript, and the procedural world that they are trained on.')
    .version(version)
    .addHelpText('after', `\n${examples}\n\nExit codes: 0 done, 1 failure, 2 wrong usage, 130 interrupted.`)
  for (const add of commands) add(program, session)
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => session.stdout.write(text),
      writeErr: (text) => session.stderr.write(text),
      outputError: () => {},
    })

  return program
}

const examples = `Examples:
  genera diorama --seed 7 --size 512 -o scene.png
  genera diorama --sheet 24 -o sheet.png
  genera inspect scene.png
  genera again scene.png -o again.png`

function explain(error: unknown, program: Command, words: readonly string[]): { code: string; message: string; exit: number } {
  if (error instanceof UsageError) return { code: error.code, message: error.message, exit: exitCodes.usage }
  if (error instanceof CommanderError) {
    // "error: unknown option '--sede'\n(Did you mean --seed?)"
    const [problem, ...rest] = error.message.replace(/^error: /, '').split('\n')
    const command = program.commands.find((known) => known.name() === words[0])
    const name = ['genera', ...(command ? [command.name()] : [])].join(' ')
    const hint = rest.join(' ').replace(/^\((.*)\)$/, '$1') || `See ${name} --help`
    const known = command ? '' : ` (there is ${program.commands.map((each) => each.name()).join(', ')})`
    return { code: 'usage', message: `Cannot run ${name}: ${problem}${known}. ${hint}`, exit: exitCodes.usage }
  }
  if (error instanceof GeneraError) return { code: error.code, message: error.message, exit: exitCodes.failed }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'unexpected', message: `Something went wrong that genera did not foresee: ${stack}`, exit: exitCodes.failed }
}

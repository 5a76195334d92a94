import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { GeneraError } from '../../graph/errors.js'
import { type AddCommand, type Session, withCommonOptions, withExamples } from '../command.js'
import { type TerminalOptions, terminalOf } from '../terminal.js'

export const addBench: AddCommand = (program, session) => {
  const command = program
    .command('bench')
    .summary('measure speed, beside named peers (in a checkout only)')
    .description('Runs a benchmark of the repository: its sources are not part of the installed package.')
    .argument('<name>', 'engine, diorama, stable-diffusion …')
  withExamples(command, 'genera bench engine', 'genera bench stable-diffusion --json')
  withCommonOptions(command).action(async (name: string, options: TerminalOptions) => {
    const main = fileURLToPath(new URL('../../../bench/main.ts', import.meta.url))
    const there = await access(main).then(
      () => true,
      () => false,
    )
    if (!there)
      throw new GeneraError(
        'checkout',
        'Cannot run benchmarks: they come with a checkout of genera, not with the installed package',
        'Clone the repository, and run npm ci there',
      )
    const { json, quiet } = terminalOf(options, session)
    const code = await child([...runner, main, name, ...(json ? ['--json'] : [])], quiet, session)
    if (code !== 0) throw new GeneraError('bench', `Cannot finish the benchmark "${name}": it ended with ${code}`)
  })
}

/** How a checkout runs its sources. */
const runner = ['--conditions=genera-source', '--import', 'tsx']

/** Runs Node in the root of the checkout and passes on what it says; an interrupt ends it, too. */
function child(words: readonly string[], quiet: boolean, { stdout, stderr, signal }: Session): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const cwd = fileURLToPath(new URL('../../../', import.meta.url))
    const running = spawn(process.execPath, words, { cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    running.stdout.pipe(stdout, { end: false })
    if (!quiet) running.stderr.pipe(stderr, { end: false })
    running.on('error', reject)
    running.on('close', resolve)
  })
}

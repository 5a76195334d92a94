import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import type { MakingOptions } from '../making/make.js'
import { flagsOf, literalWords, withMaking } from '../making/options.js'
import { proseWidth, type TerminalOptions, terminalOf } from '../terminal.js'
import { UsageError } from '../usage-error.js'

interface Options extends MakingOptions, TerminalOptions {
  readonly help?: boolean
}

export const addRun: AddCommand = (program, session) => {
  const command = program
    .command('run')
    .summary('run one system with all its options')
    .description(
      'Runs a system. All its options are flags: genera run SYSTEM --help lists them. Options for pictures, sounds and so on take a file, or - for standard input; words and files without a flag find their place as with make.',
    )
    .argument('[system]', 'its id, such as stable-diffusion')
    .argument('[input...]', 'words and files to work on')
    .option('-o, --output <file>', 'where to; - for standard output, which is usual for text')
    .helpOption(false) // a system's own help has to load the system first
    .option('-h, --help', 'display help, of a system with its options')
    .allowUnknownOption()
  withExamples(
    command,
    'genera run stable-diffusion --prompt "a red cube" --steps 20 -o cube.png',
    'genera run stable-diffusion --help',
    'genera run whisper --audio speech.wav',
  )
  withCommonOptions(withMaking(command)).action(async (_: string | undefined, __: readonly string[], options: Options) => {
    const [system, ...words] = command.args
    if (system === undefined && options.help) return command.outputHelp()
    if (system === undefined || system.startsWith('-'))
      throw new UsageError('Cannot run a system: expected its name first', 'For example genera run stable-diffusion; genera list shows all')
    const terminal = terminalOf(options, session)
    if (options.help) {
      const [{ findSystem }, { usageOf }] = await Promise.all([import('../../taxonomy/index.js'), import('../describe-system.js')])
      const found = await findSystem(system, await systemsOf(session))
      const [, common = ''] = command.helpInformation().split('\nOptions:\n')
      terminal.stdout.write(`${usageOf(found, proseWidth(terminal))}\nOptions of every system:\n${common}`)
      return
    }
    const { make } = await import('../making/make.js')
    const asked = { command: `genera run ${system}`, words, literal: literalWords(program), own: flagsOf(command) }
    await make({ ...asked, options: { ...options, system } }, terminal, session)
  })
}

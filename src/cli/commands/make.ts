import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import type { MakingOptions } from '../making/make.js'
import { flagsOf, literalWords, withMaking } from '../making/options.js'
import { type TerminalOptions, terminalOf } from '../terminal.js'

export const addMake: AddCommand = (program, session) => {
  const command = program
    .command('make')
    .summary('make a file from words and files; its ending says what')
    .description(
      'Makes a file. Its ending says what it is to be, and so which system makes it: the shortest way that is built leads from what is given to what is asked for. Words that end like a file are files, - is standard input.\n\nEvery option of the systems is a flag here, too, such as --steps 20 --negative-prompt "blurry": genera show SYSTEM lists them.',
    )
    .argument('<prompt...>', 'words and files to make it from')
    .option('-o, --output <file>', 'where to; - for standard output')
    .option('--system <id>', 'make it with this system')
    .option('--through <id>', 'a system or a modality that the way must pass')
    .allowUnknownOption()
  withExamples(
    command,
    'genera make "a red cube left of a shiny blue sphere at sunset" -o scene.png',
    'genera make "a red cube" -o cube.png --seed 7 -n 4',
    'genera make speech.wav -o notes.txt',
    'genera make "a red cube" -f png -o - | feh -',
  )
  withCommonOptions(withMaking(command)).action(async (_: readonly string[], options: MakingOptions & TerminalOptions) => {
    const { make } = await import('../making/make.js')
    const asked = { command: 'genera make', words: command.args, literal: literalWords(program), own: flagsOf(command), options }
    await make(asked, terminalOf(options, session), session)
  })
}

import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { type Shell, shells } from '../completion.js'
import { oneOf } from '../usage-error.js'

export const addCompletion: AddCommand = (program, session) => {
  const command = program
    .command('completion')
    .summary('a script that completes command lines: bash, zsh, fish')
    .description('Prints a script that teaches a shell the commands of genera, their options and the names of the systems.')
    .argument('<shell>', 'bash, zsh or fish', oneOf('completion', Object.keys(shells) as Shell[]))
  withExamples(
    command,
    'genera completion bash > ~/.local/share/bash-completion/completions/genera',
    'genera completion zsh > "$' + '{fpath[1]}/_genera"',
    'genera completion fish > ~/.config/fish/completions/genera.fish',
  )
  withCommonOptions(command).action((shell: Shell) => {
    session.stdout.write(shells[shell](program))
  })
}

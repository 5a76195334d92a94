import type { Command } from 'commander'
import { allCards } from '../contract/cards.js'

/** What a script has to know of one command. */
interface Completed {
  readonly name: string
  readonly summary: string
  readonly flags: readonly {
    readonly long: string
    readonly short: string | undefined
    readonly takesValue: boolean
    readonly about: string
  }[]
  /** Words that can stand alone; files wherever there are none. */
  readonly words: readonly string[]
}

function completed(program: Command): Completed[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    flags: [
      ...command.options.flatMap(({ long, short, required, optional, description }) =>
        long ? [{ long, short, takesValue: required || optional, about: description }] : [],
      ),
    ].filter((flag, i, all) => all.findIndex(({ long }) => long === flag.long) === i),
    words: wordsFor(command),
  }))
}

function wordsFor(command: Command): string[] {
  const [argument] = command.registeredArguments
  if (argument?.name() === 'system') return allCards.map(({ id }) => id)
  if (argument?.name() === 'shell') return Object.keys(shells)
  return []
}

export type Shell = keyof typeof shells

/** A script by the shell that reads it. */
export const shells = { bash, zsh, fish } as const

function bash(program: Command): string {
  const commands = completed(program)
  const cases = commands.map(({ name, flags, words }) => {
    const all = flags.flatMap(({ long, short }) => [long, ...(short ? [short] : [])])
    return `    ${name}) flags="${all.join(' ')}"; words="${words.join(' ')}" ;;`
  })
  return `# bash completion for genera
_genera() {
  local current="\${COMP_WORDS[COMP_CWORD]}" flags="" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
  else COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _genera genera
`
}

function zsh(program: Command): string {
  const commands = completed(program)
  const cases = commands.map(({ name, flags, words }) => {
    const options = flags.map(
      ({ long, about, takesValue }) => `'${long}${takesValue ? '=' : ''}[${bare(about)}]${takesValue ? ':value:_files' : ''}'`,
    )
    const first = words.length > 0 ? [`'1:name:(${words.join(' ')})'`] : []
    return `    ${name}) _arguments ${[...options, ...first, `'*:file:_files'`].join(' ')} ;;`
  })
  return `#compdef genera
_genera() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => `'${name}:${bare(summary)}'`).join(' ')})
    _describe command commands
    return
  fi
  shift words; (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}
_genera "$@"
`
}

function fish(program: Command): string {
  const lines = completed(program).flatMap(({ name, summary, flags, words }) => [
    `complete -c genera -n __fish_use_subcommand -f -a ${name} -d '${bare(summary)}'`,
    ...(words.length > 0 ? [`complete -c genera -n '__fish_seen_subcommand_from ${name}' -f -a '${words.join(' ')}'`] : []),
    ...flags.map(({ long, short, takesValue, about }) =>
      [
        `complete -c genera -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}`,
        ...(short ? [`-s ${short.slice(1)}`] : []),
        ...(takesValue ? ['-r'] : []),
        `-d '${bare(about)}'`,
      ].join(' '),
    ),
  ])
  return `# fish completion for genera\n${lines.join('\n')}\n`
}

/** Without the characters that would end a quotation or a description. */
const bare = (text: string): string => text.replace(/['"[\]\\:`$]/g, '')

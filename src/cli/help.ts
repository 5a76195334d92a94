import type { Command } from 'commander'

/** The help of `genera` itself, on one screen: what people type, and every command in its group. */
export function overview(program: Command): string {
  const groups = new Map<string, Command[]>()
  for (const command of program.commands) groups.set(command.helpGroup(), [...(groups.get(command.helpGroup()) ?? []), command])
  const heading = Math.max(...[...groups.keys()].map((group) => group.length))
  const name = Math.max(...program.commands.map((command) => command.name().length))
  const rows = [...groups].flatMap(([group, commands]) =>
    commands.map((command, i) => `${strong((i === 0 ? group : '').padEnd(heading))}  ${command.name().padEnd(name)}  ${command.summary()}`),
  )
  return `${program.description()}
  genera make "a red cube left of a shiny blue sphere at sunset" -o scene.png

${rows.join('\n')}

genera COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 misuse, 130 stopped.
`
}

/** Taken away again by the parser where colours are off. */
const strong = (text: string): string => (text.trim() === '' ? text : `\x1b[1m${text}\x1b[22m`)

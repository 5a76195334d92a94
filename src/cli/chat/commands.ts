import type { Session } from '../command.js'
import { UsageError } from '../usage-error.js'
import type { Dialogue } from './dialogue.js'

export const commandsHelp = `/system TEXT   what the model is told before the dialogue; without a text it is shown, "/system -" takes it away
/reset         forget the dialogue
/save FILE     write the dialogue
/load FILE     go on with one that was written
/bye           end (as do Ctrl-D, and Ctrl-C twice)
"""            begins and ends a message of several lines; a backslash at the end of a line continues it
Ctrl-C         stops an answer`

/** Does what a line that begins with / asks for. */
export async function command(
  line: string,
  dialogue: Dialogue,
  session: Session,
): Promise<{ readonly end?: boolean; readonly remark?: string }> {
  const [, name = '', given = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  const rest = given.trim()
  const file = (): string => {
    if (rest !== '') return rest
    throw new UsageError(`Cannot do /${name}: expected a file`, `For example /${name} dialogue.json`)
  }
  switch (name) {
    case 'help':
    case '?':
      return { remark: commandsHelp }
    case 'system':
      if (rest === '') return { remark: dialogue.system ?? '(nothing)' }
      dialogue.system = rest === '-' ? undefined : rest
      return { remark: dialogue.system === undefined ? 'The model is told nothing beforehand.' : 'The model is told so from now on.' }
    case 'reset':
      dialogue.reset()
      return { remark: 'The dialogue begins anew.' }
    case 'save':
      await dialogue.save(file(), session)
      return { remark: `Saved ${rest}.` }
    case 'load':
      await dialogue.load(file())
      return { remark: `Going on after ${dialogue.turns} questions.` }
    case 'bye':
    case 'exit':
    case 'quit':
      return { end: true }
    default:
      throw new UsageError(
        `Cannot do /${name}: there is no such command`,
        '/help lists them; begin a message that starts with / with a space',
      )
  }
}

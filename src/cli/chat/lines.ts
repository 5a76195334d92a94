import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Session } from '../command.js'

/** Where a person types. */
export interface Prompt {
  /** The next line; undefined when there are no more. */
  next(prompt: string): Promise<string | undefined>
  close(): void
}

/** Lines with editing and history. `interrupted` is called for Ctrl-C, which then does nothing else; a second one on an empty line ends the input. */
export function editedLines({ stdin, stdout }: Session, interrupted: () => boolean): Prompt {
  const lines = createInterface({ input: stdin as unknown as Readable, output: stdout, terminal: true, historySize: 1000 })
  const waiting: string[] = []
  let wanted: ((line: string | undefined) => void) | undefined
  let [closed, asked] = [false, false]
  const deliver = (line: string | undefined): void => {
    const take = wanted
    wanted = undefined
    if (take) take(line)
    else if (line !== undefined) waiting.push(line)
  }
  lines.on('line', (line) => {
    asked = false
    deliver(line)
  })
  lines.on('close', () => {
    closed = true
    deliver(undefined)
  })
  lines.on('SIGINT', () => {
    if (interrupted()) return
    if (asked && lines.line === '') return lines.close()
    asked = true
    // An empty line of ours in place of what was typed.
    stdout.write(lines.line === '' ? '\n(Ctrl-C again, Ctrl-D or /bye ends)\n' : '\n')
    lines.write(null, { ctrl: true, name: 'e' })
    lines.write(null, { ctrl: true, name: 'u' })
    lines.prompt()
  })
  return {
    next: (prompt) => {
      const line = waiting.shift()
      if (line !== undefined || closed) return Promise.resolve(line)
      lines.setPrompt(prompt)
      lines.prompt()
      return new Promise((resolve) => {
        wanted = resolve
      })
    },
    close: () => lines.close(),
  }
}

/** Lines as they come, without an editor: for what is a terminal by name only. */
export function plainLines(stdin: AsyncIterable<Uint8Array>): Prompt {
  const iterator = stdin[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let [held, ended] = ['', false]
  return {
    async next() {
      for (;;) {
        const at = held.indexOf('\n')
        if (at >= 0) {
          const line = held.slice(0, at)
          held = held.slice(at + 1)
          return line
        }
        if (ended) break
        const { value, done } = await iterator.next()
        if (done) ended = true
        else held += decoder.decode(value, { stream: true })
      }
      const rest = held
      held = ''
      return rest === '' ? undefined : rest
    },
    close: () => void iterator.return?.(),
  }
}

const fence = '"""'

/** A whole message: one line; several where each ends in a backslash; or what stands between two lines of three quotation marks. */
export async function readMessage(prompt: Prompt, sign: string): Promise<string | undefined> {
  const first = await prompt.next(sign)
  if (first === undefined) return undefined
  const more = (): Promise<string | undefined> => prompt.next('… ')
  if (first.trimStart().startsWith(fence)) {
    const lines = [first.trimStart().slice(fence.length)]
    while (!lines.at(-1)?.trimEnd().endsWith(fence)) {
      const line = await more()
      if (line === undefined) return lines.join('\n')
      lines.push(line)
    }
    const text = lines.join('\n').trimEnd()
    return text.slice(0, text.length - fence.length).replace(/^\n|\n$/g, '')
  }
  const lines = [first]
  while (lines.at(-1)?.endsWith('\\')) {
    lines.push((lines.pop() as string).slice(0, -1))
    const line = await more()
    if (line === undefined) break
    lines.push(line)
  }
  return lines.join('\n')
}

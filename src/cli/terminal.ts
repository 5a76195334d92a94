import type { Session, Stream } from './command.js'

/** What a command line shows, and where: results to standard output, everything that is said about them to standard error. */
export interface Terminal {
  readonly stdout: Stream
  readonly stderr: Stream
  /** One object per result, for programs. */
  readonly json: boolean
  readonly quiet: boolean
  /** On standard output. */
  readonly colour: boolean
  /** Whether a line on standard error may be painted over. */
  readonly animated: boolean
  /** Aborted by the first SIGINT. */
  readonly signal: AbortSignal
}

export interface TerminalOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  /** False for --no-color. */
  readonly color?: boolean
}

export function terminalOf({ json = false, quiet = false, color = true }: TerminalOptions, { stdout, stderr, signal }: Session): Terminal {
  const animated = stderr.isTTY === true && !quiet && !json && process.env.TERM !== 'dumb'
  return { stdout, stderr, json, quiet, colour: stdout.isTTY === true && color && !isPlain(), animated, signal }
}

/** Whether the environment asks for no colours. */
export const isPlain = (): boolean => Boolean(process.env.NO_COLOR) || process.env.TERM === 'dumb'

/** A remark about the work, for people: nothing with --quiet or --json. */
export function remark({ stderr, json, quiet }: Terminal, line: string): void {
  if (!json && !quiet) stderr.write(`${line}\n`)
}

export const dim = ({ colour }: Terminal, text: string): string => (colour ? `\x1b[2m${text}\x1b[22m` : text)
export const green = ({ colour }: Terminal, text: string): string => (colour ? `\x1b[32m${text}\x1b[39m` : text)
export const red = ({ colour }: Terminal, text: string): string => (colour ? `\x1b[31m${text}\x1b[39m` : text)
export const bold = ({ colour }: Terminal, text: string): string => (colour ? `\x1b[1m${text}\x1b[22m` : text)

export interface Progress {
  /** So many of all are done. */
  show(done: number): void
  end(): void
}

const barWidth = 24

/** A bar that is painted over in place, once the work takes longer than a blink; where nothing can be painted over, one remark. */
export function progress(terminal: Terminal, label: string, total: number): Progress {
  if (!terminal.animated) remark(terminal, `${label} …`)
  return total < 2 ? { show: () => {}, end: () => {} } : bar(terminal, label, total)
}

/** The bar alone: nothing where nothing can be painted over. */
export function bar(terminal: Terminal, label: string, total: number): Progress {
  if (!terminal.animated) return { show: () => {}, end: () => {} }
  const began = performance.now()
  let painted = false
  return {
    show(done) {
      const seconds = (performance.now() - began) / 1000
      if (seconds < 0.3) return
      painted = true
      const filled = Math.round((barWidth * done) / total)
      const pace = done > 0 ? `${rate(done / seconds)}  ${duration((seconds / done) * (total - done))} left` : ''
      paint(terminal, `${label} ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${done}/${total}  ${pace}`)
    },
    end() {
      if (painted) paint(terminal, '')
    },
  }
}

/** Puts a line in place of the one that stands there, cut to the width of the terminal, for what has wrapped cannot be painted over. */
export function paint({ stderr }: Terminal, line: string): void {
  stderr.write(`\r\x1b[2K${line.slice(0, (stderr.columns || 80) - 1)}`)
}

/** "4.2/s", or "3.1 s each" for what is slow. */
export const rate = (perSecond: number): string =>
  perSecond >= 1 ? `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s` : `${(1 / perSecond).toFixed(1)} s each`

/** "42 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Rows with their columns lined up; the last one is wrapped below itself at `width` characters, if it is given. */
export function table(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const widths = (rows[0] ?? []).slice(0, -1).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const indent = widths.reduce((sum, each) => sum + each + 2, 2)
  const lines = rows.flatMap((row) => {
    const columns = widths.map((each, i) => `${(row[i] ?? '').padEnd(each)}  `).join('')
    const [first = '', ...rest] = wrapped(row.at(-1) ?? '', Math.max(24, width - indent))
    return [`  ${columns}${first}`.trimEnd(), ...rest.map((line) => ' '.repeat(indent) + line)]
  })
  return lines.map((line) => `${line}\n`).join('')
}

/** A text in lines of at most so many characters, where its words allow it. */
function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** How wide prose may run: as wide as the terminal, within reason. */
export const proseWidth = ({ stdout }: Pick<Terminal, 'stdout'>): number => Math.min(stdout.columns || 100, 120)

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
  const { env } = process
  const plain = !color || Boolean(env.NO_COLOR) || env.TERM === 'dumb'
  const animated = stderr.isTTY === true && !quiet && !json && env.TERM !== 'dumb'
  return { stdout, stderr, json, quiet, colour: stdout.isTTY === true && !plain, animated, signal }
}

/** A remark about the work, for people: nothing with --quiet or --json. */
export function remark({ stderr, json, quiet }: Terminal, line: string): void {
  if (!json && !quiet) stderr.write(`${line}\n`)
}

export const dim = ({ colour }: Terminal, text: string): string => (colour ? `\x1b[2m${text}\x1b[22m` : text)
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
  if (!terminal.animated || total < 2) return { show: () => {}, end: () => {} }
  const began = performance.now()
  let painted = false
  return {
    show(done) {
      const seconds = (performance.now() - began) / 1000
      if (seconds < 0.3) return
      painted = true
      const filled = Math.round((barWidth * done) / total)
      const left = done > 0 ? `${Math.ceil((seconds / done) * (total - done))} s left` : ''
      terminal.stderr.write(`\r\x1b[2K${label} ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${done}/${total} ${left}`)
    },
    end() {
      if (painted) terminal.stderr.write('\r\x1b[2K')
    },
  }
}

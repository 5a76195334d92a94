import type { Row } from './reuse.js'

/** What stands for bytes that are no UTF-8, or not yet. */
const replacement = '\uFFFD'
/** A character has four bytes at most and a token one at least; what is still no character after this many never becomes one. */
const longestHeld = 16

export interface Piece {
  /** Text that nothing can change any more. */
  readonly text: string
  /** One of the stop strings has come; nothing follows. */
  readonly stopped: boolean
}

/**
 * Turns tokens into text as they come. Characters whose bytes lie in several tokens come when they are whole; the beginning of what may become a
 * stop string is held back until it is clear, and the stop string itself never comes.
 */
export class TextStream {
  readonly #tokens: number[] = []
  /** Where the window begins that is decoded anew with each token, and what of its text has been taken. */
  #window = 0
  #taken = ''
  /** Where the window will begin next: a token before the new ones stays in it, because some decoders treat the first one differently. */
  #next = 0
  /** Text that may be the beginning of a stop string. */
  #pending = ''
  #stopped = false

  constructor(
    private readonly decode: (tokens: Row) => string,
    private readonly stop: readonly string[] = [],
  ) {}

  push(token: number): Piece {
    if (this.#stopped) return { text: '', stopped: true }
    this.#tokens.push(token)
    return this.#release(this.#fresh(false), false)
  }

  /** What was held back. */
  end(): Piece {
    if (this.#stopped) return { text: '', stopped: true }
    return this.#release(this.#fresh(true), true)
  }

  /** Whole characters that the tokens have added. */
  #fresh(last: boolean): string {
    const text = this.decode(this.#tokens.slice(this.#window))
    const patient = !last && this.#tokens.length - this.#window <= longestHeld
    // A decoder that sees more bytes may read the ones before differently; then it is better to wait than to contradict what has been said.
    if (!text.startsWith(this.#taken)) return patient ? '' : this.#restart(text.slice(this.#taken.length))
    if (!patient || !text.endsWith(replacement)) return this.#restart(text.slice(this.#taken.length))
    const whole = text.replace(/\uFFFD+$/, '')
    const fresh = whole.slice(this.#taken.length)
    if (fresh !== '') this.#taken = whole
    return fresh
  }

  #restart(fresh: string): string {
    this.#window = this.#next
    this.#next = this.#tokens.length
    this.#taken = this.decode(this.#tokens.slice(this.#window))
    return fresh
  }

  #release(fresh: string, last: boolean): Piece {
    const text = this.#pending + fresh
    const found = this.stop.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) {
      this.#stopped = true
      return { text: text.slice(0, Math.min(...found)), stopped: true }
    }
    const held = last ? 0 : this.#beginning(text)
    this.#pending = text.slice(text.length - held)
    return { text: text.slice(0, text.length - held), stopped: false }
  }

  /** How many of the last characters are the beginning of a stop string. */
  #beginning(text: string): number {
    const longest = Math.max(0, ...this.stop.map((stop) => stop.length - 1))
    for (let held = Math.min(longest, text.length); held > 0; held--)
      if (this.stop.some((stop) => stop.startsWith(text.slice(text.length - held)))) return held
    return 0
  }
}

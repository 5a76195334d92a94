import { printable, quoted } from './checkpoint-error.js'

/** Objects and lists inside one another; safetensors needs two levels, an index's free-form metadata rarely more than three. */
const deepest = 64
/** Digits, sign, point and exponent of any number that a checkpoint can mean. */
const longestNumber = 40

/**
 * A pull parser for JSON from strangers. `JSON.parse` keeps the last of two equal keys, rounds integers and builds whatever it
 * meets; here the caller asks for what it expects, so that a hostile text costs one pass, no stack and no memory of its own.
 *
 * `problem` makes the error to throw, from what was expected and what stands there instead.
 */
export class JsonReader {
  #position = 0
  #depth = 0

  constructor(
    private readonly text: string,
    private readonly problem: (expected: string, found: string) => Error,
  ) {}

  /** Reads an object and calls `visit` with each key, which must read the value. Two equal keys, however escaped, are an error. */
  object(what: string, visit: (key: string) => void): void {
    const seen = new Set<string>()
    this.#sequence('{', '}', what, () => {
      const key = this.string('a key in double quotes')
      if (seen.has(key)) throw this.problem('each key once', `${quoted(key)} twice`)
      seen.add(key)
      this.#punctuation(':')
      visit(key)
    })
  }

  /** Reads a list and calls `visit` before each item, which must read it. */
  list(what: string, visit: (index: number) => void): void {
    let index = 0
    this.#sequence('[', ']', what, () => visit(index++))
  }

  string(what: string): string {
    if (this.#peek() !== '"') throw this.expected(what)
    const start = this.#position
    let plain = true
    for (let at = start + 1; at < this.text.length; at++) {
      const unit = this.text.charCodeAt(at)
      if (unit === 0x22) {
        this.#position = at + 1
        return plain ? this.text.slice(start + 1, at) : this.#decode(start, at + 1, what)
      }
      if (unit === 0x5c) at++
      if (unit === 0x5c || unit < 0x20) plain = false
    }
    throw this.problem(what, `text that begins at character ${start} and has no closing quote`)
  }

  /** A number spelled as digits only, at most 2^53 − 1. `tooLarge` makes the error for a larger one, where that is another error. */
  wholeNumber(what: string, tooLarge: (found: string) => Error = (found) => this.problem(what, found)): number {
    if (!/[-0-9]/.test(this.#peek())) throw this.expected(what)
    const spelled = this.#number()
    if (!/^(?:0|[1-9][0-9]*)$/.test(spelled)) throw this.problem(what, spelled)
    const value = Number(spelled)
    if (!Number.isSafeInteger(value)) throw tooLarge(spelled)
    this.#position += spelled.length
    return value
  }

  /** Passes over one value of any kind, checking its grammar and its keys. */
  skip(): void {
    const next = this.#peek()
    if (next === '{') this.object('an object', () => this.skip())
    else if (next === '[') this.list('a list', () => this.skip())
    else if (next === '"') this.string('text')
    else {
      const literal = ['true', 'false', 'null'].find((word) => this.text.startsWith(word, this.#position)) ?? this.#number()
      if (!/^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)$/.test(literal)) throw this.expected('a value')
      this.#position += literal.length
    }
  }

  /** Asserts that nothing but white space is left. */
  end(): void {
    if (this.#peek() !== '') throw this.expected('nothing after the closing brace')
  }

  /** The error for something else than `what` standing at this position. */
  expected(what: string): Error {
    const next = this.#peek()
    const kinds: Record<string, string> = { '': 'the end', '{': 'an object', '[': 'a list', '"': 'text' }
    const found = kinds[next] ?? (/[-0-9]/.test(next) ? this.#number() : printable(this.text.slice(this.#position, this.#position + 12)))
    return this.problem(what, `${found} at character ${this.#position}`)
  }

  #sequence(open: string, close: string, what: string, item: () => void): void {
    if (this.#peek() !== open) throw this.expected(what)
    if (++this.#depth > deepest) throw this.problem(`at most ${deepest} levels of nesting`, `more at character ${this.#position}`)
    this.#position++
    if (this.#peek() === close) this.#position++
    else
      for (;;) {
        item()
        const next = this.#peek()
        if (next !== ',' && next !== close) throw this.expected(`"," or "${close}"`)
        this.#position++
        if (next === close) break
      }
    this.#depth--
  }

  #punctuation(character: string): void {
    if (this.#peek() !== character) throw this.expected(`"${character}"`)
    this.#position++
  }

  /** The next character that is not white space, or '' at the end. */
  #peek(): string {
    for (; this.#position < this.text.length; this.#position++) {
      const unit = this.text.charCodeAt(this.#position)
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) break
    }
    return this.text.charAt(this.#position)
  }

  /** The number at this position as it is spelled, right or wrong, cut to a length, and not yet passed over. */
  #number(): string {
    let end = this.#position
    while (end < this.#position + longestNumber && '0123456789-+.eE'.includes(this.text[end] ?? ' ')) end++
    return this.text.slice(this.#position, end)
  }

  #decode(start: number, end: number, what: string): string {
    let decoded: string
    try {
      decoded = JSON.parse(this.text.slice(start, end)) as string
    } catch {
      throw this.problem(what, `text with a bad escape or a control character at character ${start}`)
    }
    // Half a surrogate pair can only come from an escape; it has no UTF-8 and no other reader accepts it.
    if (/\p{Surrogate}/u.test(decoded)) throw this.problem(what, `half a surrogate pair in ${quoted(decoded)}`)
    return decoded
  }
}

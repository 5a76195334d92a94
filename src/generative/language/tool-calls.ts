import type { CallForm } from '../../tokenizers/index.js'

/** A function that a model asks for. */
export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** What a model wrote where a call should have been. */
export interface UnreadCall {
  readonly written: string
  readonly problem: string
}

export interface ReadText {
  /** Text that is no call. */
  readonly text: string
  readonly calls: readonly (ToolCall | UnreadCall)[]
}

const [opening, closing] = ['<tool_call>', '</tool_call>']
/** What an answer begins with that is nothing but calls; Mistral's mark before it is there only where a tokenizer has it as text. */
const alone = { bare: /^\s*(\{|$)/, listed: /^\s*(\[|$)/ } as const
const mark = /^\s*\[TOOL_CALLS\]/
/** A call longer than this is read no further. */
const longestCall = 2 ** 20

/** Parts an answer, as it comes, into text and calls. What may yet become a call is held back. */
export class CallReader {
  #held = ''
  #inside = false
  /** Something has been said that is no call: then a bare call cannot come any more. */
  #spoken = false

  constructor(private readonly form: CallForm | undefined) {}

  push(piece: string): ReadText {
    if (this.form === undefined) return { text: piece, calls: [] }
    this.#held += piece
    return this.form === 'tagged' ? this.#tagged() : this.#alone(this.form)
  }

  /** What was held back. */
  end(): ReadText {
    const rest = this.#held
    this.#held = ''
    if (this.#inside) return { text: '', calls: [readCall(rest)] } // the model ended without the closing tag
    if (this.form === undefined || this.form === 'tagged' || this.#spoken) return { text: rest, calls: [] }
    const calls = this.form === 'bare' ? [readCall(rest)] : readList(rest.replace(mark, ''))
    return calls.every((call) => 'name' in call) ? { text: '', calls } : { text: rest, calls: [] } // an answer may be some other JSON
  }

  #tagged(): ReadText {
    let text = ''
    const calls: (ToolCall | UnreadCall)[] = []
    for (;;) {
      const tag = this.#inside ? closing : opening
      const at = this.#held.indexOf(tag)
      if (at < 0) break
      const before = this.#held.slice(0, at)
      if (this.#inside) calls.push(readCall(before))
      else text += before
      this.#held = this.#held.slice(at + tag.length)
      this.#inside = !this.#inside
    }
    if (!this.#inside) {
      // Line breaks before a call are no text of their own.
      const kept = beginningOf(opening, this.#held)
      const open = /\n*$/.exec(this.#held.slice(0, this.#held.length - kept))?.[0].length ?? 0
      text += this.#held.slice(0, this.#held.length - kept - open)
      this.#held = this.#held.slice(this.#held.length - kept - open)
    }
    return { text: this.#inside ? text.replace(/\n+$/, '') : text, calls }
  }

  #alone(form: keyof typeof alone): ReadText {
    if (!this.#spoken && alone[form].test(this.#held)) return { text: '', calls: [] }
    this.#spoken = true
    const text = this.#held
    this.#held = ''
    return { text, calls: [] }
  }
}

/** How many of the last characters may be the beginning of a tag. */
function beginningOf(tag: string, text: string): number {
  for (let count = Math.min(tag.length - 1, text.length); count > 0; count--) if (text.endsWith(tag.slice(0, count))) return count
  return 0
}

/** Several calls as one JSON list. What is none counts as one call that cannot be read. */
function readList(written: string): (ToolCall | UnreadCall)[] {
  const told = parsed(written)
  return Array.isArray(told) && told.length > 0 ? told.map((one) => callOf(one, JSON.stringify(one))) : [readCall(written)]
}

function readCall(written: string): ToolCall | UnreadCall {
  if (written.length > longestCall) return { written: written.trim(), problem: `the call is longer than ${longestCall} characters` }
  const told = parsed(written)
  return told === undefined ? { written: written.trim(), problem: 'the call is no JSON' } : callOf(told, written)
}

/** Models write arguments as an object, or as the text of one, under either name. */
function callOf(told: unknown, written: string): ToolCall | UnreadCall {
  const unread = (problem: string): UnreadCall => ({ written: written.trim(), problem })
  if (!isObject(told) || typeof told.name !== 'string') return unread('the call has no "name"')
  const given = told.arguments ?? told.parameters ?? {}
  const args = typeof given === 'string' ? parsed(given) : given
  if (args === undefined) return unread('the arguments are no JSON')
  return isObject(args) ? { name: told.name, arguments: args } : unread('the arguments are no object')
}

function parsed(text: string): unknown {
  if (text.length > longestCall) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

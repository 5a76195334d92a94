import { numberState } from './json-number.js'
import type { SchemaNode } from './json-schema.js'
import { LanguageError } from './language-error.js'

/** A part of what must still come. Either it takes a byte, or it stands for one of several sequences of parts. */
interface Frame {
  readonly id: number
  /** The parts that stand in its place after the byte, the next first; undefined if the byte cannot come. */
  readonly take?: (byte: number) => readonly Frame[] | undefined
  readonly either?: () => readonly (readonly Frame[])[]
}

/** Parts that must come one after another. Equal stacks are one object, so that sets of them stay small. */
interface Stack {
  readonly id: number
  readonly top: Frame
  readonly below: Stack | undefined
  readonly height: number
}

/** All that may come next. */
export interface JsonState {
  readonly id: number
  /** The text may end here. */
  readonly complete: boolean
  /** Something may follow. */
  readonly open: boolean
}

interface State extends JsonState {
  readonly stacks: readonly Stack[]
  /** By byte, as far as known; null where nothing can come. */
  readonly next: (State | null | undefined)[]
}

/** Parts on one stack; values that are nested deeper have to close. */
const highest = 400
const mostStacks = 4096

const encoder = new TextEncoder()
const quote = 0x22

/**
 * Reads JSON byte by byte and knows at each byte what may follow. Between parts stands no space, or one behind a comma and a colon, as models write it;
 * numbers have no exponents.
 */
export class JsonAutomaton {
  readonly #frames = new Map<string, Frame>()
  readonly #stacks = new Map<string, Stack>()
  readonly #states = new Map<string, State>()
  readonly #nodes = new Map<SchemaNode, number>()
  readonly start: JsonState

  constructor(schema: SchemaNode) {
    this.start = this.#stateOf([this.#push([this.#space(), this.#value(schema)], undefined)])
  }

  /** The state after a byte; undefined if it cannot come. */
  step(from: JsonState, byte: number): JsonState | undefined {
    const state = from as State
    const known = state.next[byte]
    if (known !== undefined) return known ?? undefined
    const after: (Stack | undefined)[] = []
    for (const { top, below } of state.stacks) {
      const frames = top.take?.(byte)
      if (frames) after.push(this.#push(frames, below))
    }
    const found = after.length === 0 ? undefined : this.#stateOf(after)
    const next = found && (found.open || found.complete) ? found : undefined
    state.next[byte] = next ?? null
    return next
  }

  #push(frames: readonly Frame[], below: Stack | undefined): Stack | undefined {
    let stack = below
    for (let i = frames.length - 1; i >= 0; i--) {
      const top = frames[i] as Frame
      const key = `${top.id},${stack?.id ?? ''}`
      const known = this.#stacks.get(key) ?? { id: this.#stacks.size, top, below: stack, height: (stack?.height ?? 0) + 1 }
      this.#stacks.set(key, known)
      stack = known
    }
    return stack
  }

  /** The stacks that begin with parts which take a byte. */
  #stateOf(given: readonly (Stack | undefined)[]): State {
    const open = new Map<number, Stack>()
    const seen = new Set<number>()
    const waiting = [...given]
    let complete = false
    while (waiting.length > 0) {
      const stack = waiting.pop()
      if (stack === undefined) complete = true
      if (stack === undefined || seen.has(stack.id) || stack.height > highest) continue
      seen.add(stack.id)
      if (seen.size > mostStacks)
        throw new LanguageError('InvalidSchema', `Cannot keep to the JSON schema: more than ${mostStacks} ways lead on at one place of it`)
      if (stack.top.either) for (const frames of stack.top.either()) waiting.push(this.#push(frames, stack.below))
      else open.set(stack.id, stack)
    }
    const key = `${[...open.keys()].sort((a, b) => a - b).join()}${complete ? '.' : ''}`
    const known = this.#states.get(key) ?? { id: this.#states.size, complete, open: open.size > 0, stacks: [...open.values()], next: [] }
    this.#states.set(key, known)
    return known
  }

  #frame(key: string, make: () => Omit<Frame, 'id'>): Frame {
    const known = this.#frames.get(key) ?? { id: this.#frames.size, ...make() }
    this.#frames.set(key, known)
    return known
  }

  #text(text: string): Frame {
    return this.#bytes(encoder.encode(text), text, 0)
  }

  #bytes(bytes: Uint8Array, text: string, at: number): Frame {
    return this.#frame(`t${at}:${text}`, () => ({
      take: (byte) => (byte !== bytes[at] ? undefined : at + 1 === bytes.length ? [] : [this.#bytes(bytes, text, at + 1)]),
    }))
  }

  /** One space, or none. */
  #space(): Frame {
    return this.#frame(' ', () => ({ either: () => [[], [this.#text(' ')]] }))
  }

  #value(node: SchemaNode): Frame {
    const known = this.#nodes.get(node) ?? this.#nodes.size
    this.#nodes.set(node, known)
    return this.#frame(`v${known}`, () => ({ either: () => this.#ways(node) }))
  }

  #ways(node: SchemaNode): readonly (readonly Frame[])[] {
    switch (node.kind) {
      case 'any':
        return anything.map((each) => [this.#value(each)])
      case 'choice':
        return node.options.map((option) => [this.#value(option)])
      case 'reference':
        return [[this.#value(node.target())]]
      case 'literals':
        return node.values.map((value) => [this.#text(JSON.stringify(value))])
      case 'string':
        return [[this.#text('"'), this.#letters(node, 0, '')]]
      case 'number':
        return [[this.#digits(node, '')]]
      case 'array':
        return [[this.#text('['), this.#items(node, 0)]]
      case 'table':
        return [[this.#text('{'), this.#entries(node, true)]]
      case 'object':
        return [[this.#text('{'), this.#properties(node, 0, true)]]
    }
  }

  #separator(first: boolean): readonly Frame[] {
    return first ? [] : [this.#text(','), this.#space()]
  }

  #items(node: SchemaNode & { kind: 'array' }, count: number): Frame {
    const { items, least, most } = node
    const counted = most === Number.POSITIVE_INFINITY ? Math.min(count, Math.max(least, 1)) : count
    return this.#frame(`a${this.#value(node).id},${counted}`, () => ({
      either: () => [
        ...(count >= least ? [[this.#text(']')]] : []),
        ...(count < most ? [[...this.#separator(count === 0), this.#value(items), this.#items(node, count + 1)]] : []),
      ],
    }))
  }

  #entries(node: SchemaNode & { kind: 'table' }, first: boolean): Frame {
    return this.#frame(`m${this.#value(node).id},${first}`, () => ({
      either: () => [
        [this.#text('}')],
        [
          ...this.#separator(first),
          this.#value(anyText),
          this.#text(':'),
          this.#space(),
          this.#value(node.values),
          this.#entries(node, false),
        ],
      ],
    }))
  }

  /** The properties from a place on: one of the next ones up to the first that is required, or the end. */
  #properties(node: SchemaNode & { kind: 'object' }, from: number, first: boolean): Frame {
    return this.#frame(`o${this.#value(node).id},${from},${first}`, () => ({
      either: () => {
        const ways: (readonly Frame[])[] = []
        for (const [i, { name, value, required }] of node.properties.entries()) {
          if (i < from) continue
          const key = this.#text(`${JSON.stringify(name)}:`)
          ways.push([...this.#separator(first), key, this.#space(), this.#value(value), this.#properties(node, i + 1, false)])
          if (required) return ways
        }
        return [...ways, [this.#text('}')]]
      },
    }))
  }

  #digits(node: SchemaNode & { kind: 'number' }, text: string): Frame {
    const more = this.#frame(`d${this.#value(node).id},${text}`, () => ({
      take: (byte) => {
        const longer = text + String.fromCharCode(byte)
        return numberState(longer, node.whole, node).open ? [this.#digits(node, longer)] : undefined
      },
    }))
    return this.#frame(`n${this.#value(node).id},${text}`, () => ({
      either: () => (numberState(text, node.whole, node).complete ? [[], [more]] : [[more]]),
    }))
  }

  /** The inside of a text. `within` says what of a character is still to come: e an escape, u and what of it has come, or the next byte's range. */
  #letters(node: { readonly least: number; readonly most: number }, count: number, within: string): Frame {
    const { least, most } = node
    const counted = most === Number.POSITIVE_INFINITY ? Math.min(count, least) : count
    const goOn = (add: number, next: string): readonly Frame[] => [this.#letters(node, count + add, next)]
    return this.#frame(`s${least},${most},${counted},${within}`, () => ({
      take: (byte) => {
        if (within === '') {
          if (byte === quote) return count >= least ? [] : undefined
          if (count >= most || byte < 0x20) return undefined
          if (byte === 0x5c) return goOn(0, 'e')
          if (byte < 0x80) return goOn(1, '')
          const rest = continuation(byte)
          return rest === undefined ? undefined : goOn(0, rest)
        }
        if (within === 'e') {
          if (byte === 0x75) return goOn(0, 'u')
          return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? goOn(1, '') : undefined
        }
        if (within.startsWith('u')) {
          const come = within + String.fromCharCode(byte)
          if (!/^u(?:[0-9a-ce-f]|d[0-7]|d$)[0-9a-f]*$/i.test(come)) return undefined // half a surrogate pair is no character
          return come.length === 5 ? goOn(1, '') : goOn(0, come)
        }
        const [low, high, left] = within.split(',').map(Number) as [number, number, number]
        if (byte < low || byte > high) return undefined
        return left === 1 ? goOn(1, '') : goOn(0, `128,191,${left - 1}`)
      },
    }))
  }
}

/** What must follow the first byte of a character of UTF-8 (RFC 3629, section 4): the next byte's range, and how many bytes in all. */
function continuation(byte: number): string | undefined {
  if (byte >= 0xc2 && byte <= 0xdf) return '128,191,1'
  if (byte >= 0xe0 && byte <= 0xef) return `${byte === 0xe0 ? 0xa0 : 0x80},${byte === 0xed ? 0x9f : 0xbf},2`
  if (byte >= 0xf0 && byte <= 0xf4) return `${byte === 0xf0 ? 0x90 : 0x80},${byte === 0xf4 ? 0x8f : 0xbf},3`
  return undefined
}

const endless = { least: 0, most: Number.POSITIVE_INFINITY } as const
const anyText: SchemaNode = { kind: 'string', ...endless }
const any: SchemaNode = { kind: 'any' }
const anything: readonly SchemaNode[] = [
  { kind: 'literals', values: [null, true, false] },
  anyText,
  { kind: 'number', whole: false, least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY, aboveLeast: false, belowMost: false },
  { kind: 'array', items: any, ...endless },
  { kind: 'table', values: any },
]

import { JsonAutomaton, type JsonState } from './json-automaton.js'
import { type JsonSchema, readSchema } from './json-schema.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'

/** The bytes of every token, undefined for those that add none. */
export type TokenTable = readonly (Uint8Array | undefined)[]

/** Keeps answers to a grammar: to be asked before each token, and told of each. */
export interface Constraint {
  /** Rules out what cannot come next, by setting logits to −Infinity. */
  constrain(logits: Float32Array, said: { readonly row: number; readonly tokens: Row; readonly prompt: number }): void
  /** Whether the answer is whole, and nothing can follow. */
  ended(generated: Row, row: number): boolean
}

/** Masks by state: a text's inside is one state, so most tokens cost one look. A mask has as many bytes as there are tokens. */
const mostMasks = 256

/**
 * Keeps answers to a JSON schema: of each next token every byte must be one that may come.
 *
 * @throws LanguageError for a schema that is none, or has a keyword that is not built; while answers are made, for a vocabulary that cannot
 * write what must come
 */
export function schemaConstraint(schema: JsonSchema, tokens: TokenTable, endTokens: readonly number[]): Constraint {
  const automaton = new JsonAutomaton(readSchema(schema))
  const sorted = sortedTokens(tokens)
  const masks = new Map<number, Uint8Array>()
  const rows = new Map<number, { state: JsonState; count: number }>()

  /** Where a row stands after the tokens that it has generated. */
  function stateOf(generated: Row, row: number): JsonState {
    let { state, count } = rows.get(row) ?? { state: automaton.start, count: 0 }
    if (count > generated.length) [state, count] = [automaton.start, 0]
    for (; count < generated.length; count++)
      for (const byte of tokens[generated[count] as number] ?? [])
        state = automaton.step(state, byte) ?? fail('the answer does not fit the schema')
    rows.set(row, { state, count })
    return state
  }

  function maskOf(state: JsonState): Uint8Array {
    const known = masks.get(state.id)
    if (known) return known
    if (masks.size >= mostMasks) masks.clear()
    const mask = sorted.allowed(automaton, state)
    masks.set(state.id, mask)
    return mask
  }

  return {
    constrain(logits, { row, tokens: all, prompt }) {
      const state = stateOf(all.slice(prompt), row)
      const mask = maskOf(state)
      let any = false
      for (let token = 0; token < logits.length; token++) {
        const allowed = mask[token] === 1 || (state.complete && endTokens.includes(token))
        if (!allowed) logits[token] = Number.NEGATIVE_INFINITY
        else if (logits[token] !== Number.NEGATIVE_INFINITY) any = true
      }
      if (!any) fail("no token of the model's vocabulary can come next")
    },
    ended(generated, row) {
      const state = stateOf(generated, row)
      return state.complete && !state.open
    },
  }
}

const fail = (problem: string): never => {
  throw new LanguageError('InvalidSchema', `Cannot keep to the JSON schema: ${problem}`)
}

const sortedTables = new WeakMap<TokenTable, SortedTokens>()
const sortedTokens = (tokens: TokenTable): SortedTokens => {
  const known = sortedTables.get(tokens) ?? new SortedTokens(tokens)
  sortedTables.set(tokens, known)
  return known
}

/** Tokens in the order of their bytes, so that what they begin with is looked at once for all that begin alike. */
class SortedTokens {
  readonly #size: number
  readonly #order: Int32Array
  /** The bytes of all tokens in that order, and where each token's begin. */
  readonly #bytes: Uint8Array
  readonly #starts: Int32Array
  /** How many first bytes each token shares with the one before it. */
  readonly #shared: Int32Array

  constructor(tokens: TokenTable) {
    const bytesOf = (token: number): Uint8Array => tokens[token] as Uint8Array
    const order = [...tokens.keys()].filter((token) => (tokens[token]?.length ?? 0) > 0).sort((a, b) => compare(bytesOf(a), bytesOf(b)))
    this.#size = tokens.length
    this.#order = Int32Array.from(order)
    this.#starts = new Int32Array(order.length + 1)
    for (const [i, token] of order.entries()) this.#starts[i + 1] = (this.#starts[i] as number) + bytesOf(token).length
    this.#bytes = new Uint8Array(this.#starts.at(-1) as number)
    for (const [i, token] of order.entries()) this.#bytes.set(bytesOf(token), this.#starts[i])
    this.#shared = Int32Array.from(order, (token, i) => (i === 0 ? 0 : commonStart(bytesOf(order[i - 1] as number), bytesOf(token))))
  }

  /** 1 for every token all of whose bytes can follow. */
  allowed(automaton: JsonAutomaton, from: JsonState): Uint8Array {
    const mask = new Uint8Array(this.#size)
    /** The states after the first bytes of the token that was looked at last; so many of them are known. */
    const path: JsonState[] = [from]
    let known = 1
    let dead = Number.POSITIVE_INFINITY // so many first bytes of it lead nowhere
    for (let i = 0; i < this.#order.length; i++) {
      const shared = this.#shared[i] as number
      if (shared >= dead) continue
      dead = Number.POSITIVE_INFINITY
      known = Math.min(known, shared + 1)
      const start = this.#starts[i] as number
      const length = (this.#starts[i + 1] as number) - start
      while (known <= length) {
        const next = automaton.step(path[known - 1] as JsonState, this.#bytes[start + known - 1] as number)
        if (next === undefined) break
        path[known++] = next
      }
      if (known <= length) dead = known
      else mask[this.#order[i] as number] = 1
    }
    return mask
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = commonStart(a, b)
  return shared === a.length || shared === b.length ? a.length - b.length : (a[shared] as number) - (b[shared] as number)
}

function commonStart(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a[at] === b[at]) at++
  return at
}

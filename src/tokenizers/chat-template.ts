import * as jinja from '@huggingface/jinja'
import { printable } from '../weights/checkpoint-error.js'
import { TokenizerError } from './tokenizer-error.js'

interface Evaluated {
  readonly value: unknown
}
interface Variables {
  set(name: string, value: unknown): unknown
}
interface Running {
  run(program: unknown): Evaluated
  evaluate(statement: unknown, variables: unknown): Evaluated
}

// The package's types name their files without endings, which Node's way of resolving does not find.
const { Environment, Interpreter, parse, tokenize } = jinja as unknown as {
  readonly Environment: new () => Variables
  readonly Interpreter: new (variables: Variables) => Running
  readonly parse: (tokens: unknown) => unknown
  readonly tokenize: (source: string, options: { readonly lstrip_blocks: boolean; readonly trim_blocks: boolean }) => unknown
}

/** One turn of a dialogue. Templates may read more than role and content, such as tool calls. */
export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly [key: string]: unknown
}

export interface ChatOptions {
  /** Ends with the beginning of the model's turn. Default true. */
  readonly addGenerationPrompt?: boolean
  /** Functions that the model may call, as JSON schemas; only some templates know them. */
  readonly tools?: readonly unknown[] | undefined
  /** Further variables that a template reads, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined
  /** What a template takes for today. */
  readonly now?: Date | undefined
}

/** How a model's dialogues are written as text. Tokens of that text need no further beginning: encode it with `special: false`. */
export interface ChatTemplate {
  /** @throws TokenizerError for a dialogue that the template refuses, and for a template that takes too long or writes too much */
  render(messages: readonly ChatMessage[], options?: ChatOptions): string
  /** How a model that was told of tools writes its calls; undefined for a template that knows no tools, or calls of another kind. */
  readonly calls: CallForm | undefined
}

/**
 * `tagged`: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, several in one answer (Hermes, Qwen). `bare`: the answer is
 * `{"name": …, "parameters": {…}}` (Llama 3.1 and later). `listed`: the answer is `[TOOL_CALLS][{"name": …, "arguments": {…}}, …]`, of which
 * the mark is a special token that texts leave out (Mistral up to its third tokenizer).
 */
export type CallForm = 'tagged' | 'bare' | 'listed'

function callForm(templates: Iterable<string>): CallForm | undefined {
  const all = [...templates].join('\n')
  if (!/\btools\b/.test(all)) return undefined
  if (all.includes('<tool_call>')) return 'tagged'
  if (all.includes('[TOOL_CALLS]')) return all.includes('[ARGS]') ? undefined : 'listed' // later ones write no JSON around the name
  return /["']parameters\\?["']/.test(all) ? 'bare' : undefined
}

/** Real templates take some thousand steps for a long dialogue. */
const mostSteps = 300_000
const longestText = 2 ** 24
const longestList = 2 ** 16
const longestTemplate = 2 ** 18
const deepest = 200

/**
 * The template of a tokenizer_config.json: text, or a list of named ones. Templates come from strangers: they run in an interpreter that knows
 * nothing but their variables, and for a bounded time.
 */
export function chatTemplate(source: unknown, config: Readonly<Record<string, unknown>>, file: string): ChatTemplate | undefined {
  if (source === undefined || source === null) return undefined
  const fault = (expected: string, found: string, hint?: string): TokenizerError =>
    new TokenizerError({ code: 'InvalidTemplate', action: 'read', file: `the chat template of ${file}`, expected, found, hint })
  const named = namedTemplates(source)
  if (!named) throw fault('text, or a list of names and templates', typeof source)
  const parsed = new Map<string, unknown>()
  const programOf = (name: string): unknown => {
    const known = parsed.get(name)
    if (known) return known
    const text = named.get(name) as string
    if (text.length > longestTemplate) throw fault(`at most ${longestTemplate} characters`, `${text.length}`)
    try {
      const program = parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }))
      parsed.set(name, program)
      return program
    } catch (cause) {
      throw fault('a Jinja template', reason(cause))
    }
  }
  const plain = named.has('default') ? 'default' : (named.keys().next().value as string)
  return {
    calls: callForm(named.values()),
    render(messages, { addGenerationPrompt = true, tools, variables = {}, now = new Date() } = {}) {
      const environment = new Environment()
      const given: Record<string, unknown> = {
        ...specialTokens(config),
        ...variables,
        messages,
        tools: tools ?? null,
        add_generation_prompt: addGenerationPrompt,
        true: true,
        True: true,
        false: false,
        False: false,
        none: null,
        None: null,
        range: boundedRange,
        strftime_now: (format: string) => dated(now, format),
        raise_exception: (message: unknown) => {
          throw new Refusal(String(message))
        },
      }
      const program = programOf(tools && named.has('tool_use') ? 'tool_use' : plain)
      try {
        for (const [name, value] of Object.entries(given)) environment.set(name, value)
        return String(new BoundedInterpreter(environment).run(program).value)
      } catch (cause) {
        if (cause instanceof Refusal)
          throw new TokenizerError({
            code: 'InvalidDialogue',
            action: 'write',
            file: 'the dialogue',
            expected: 'one that the chat template takes',
            found: printable(cause.message),
          })
        throw fault('a template that can be run', reason(cause))
      }
    },
  }
}

/** What a template says of a dialogue that it does not take. */
class Refusal extends Error {}

const reason = (cause: unknown): string => printable(cause instanceof Error ? cause.message : String(cause))

function namedTemplates(source: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof source === 'string') return new Map([['default', source]])
  if (!Array.isArray(source) || source.length === 0 || source.length > 64) return undefined
  const named = new Map<string, string>()
  for (const item of source as readonly unknown[]) {
    const { name, template } = (item ?? {}) as { readonly name?: unknown; readonly template?: unknown }
    if (typeof name !== 'string' || typeof template !== 'string') return undefined
    named.set(name, template)
  }
  return named
}

/** `bos_token` and the like, as text or, in older files, as an object with the text. */
function specialTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const value = config[name]
    const text = typeof value === 'object' && value !== null ? (value as { readonly content?: unknown }).content : value
    if (typeof text === 'string') found[name] = text
  }
  return found
}

/** Counts what a template does and what it makes, because both may be without end. */
class BoundedInterpreter extends Interpreter {
  #steps = 0
  #depth = 0

  override evaluate(statement: unknown, variables: unknown): Evaluated {
    if (++this.#steps > mostSteps) throw new Error(`a template that takes more than ${mostSteps.toLocaleString('en')} steps`)
    if (++this.#depth > deepest) throw new Error(`a template nested more than ${deepest} deep`)
    try {
      const result = super.evaluate(statement, variables)
      const { value } = result
      if (typeof value === 'string' && value.length > longestText)
        throw new Error(`a template that writes more than ${longestText} characters`)
      if (Array.isArray(value) && value.length > longestList) throw new Error(`a template that makes a list of more than ${longestList}`)
      return result
    } finally {
      this.#depth--
    }
  }
}

/** Python's range, up to a length. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, end] = typeof second === 'number' ? [first, second] : [0, first]
  const length = Math.max(0, Math.ceil((end - start) / step))
  if (!Number.isInteger(step) || step === 0 || !(length <= longestList))
    throw new Error(`range(${start}, ${end}, ${step}), which has more than ${longestList} numbers`)
  return Array.from({ length }, (_, i) => start + i * step)
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The directives of strftime that templates use. */
function dated(now: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const [month, day] = [months[now.getMonth()] as string, days[now.getDay()] as string]
  const directives: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    y: two(now.getFullYear() % 100),
    m: two(now.getMonth() + 1),
    B: month,
    b: month.slice(0, 3),
    d: two(now.getDate()),
    A: day,
    a: day.slice(0, 3),
    H: two(now.getHours()),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    '%': '%',
  }
  return String(format).replace(/%(.)/g, (whole, directive: string) => directives[directive] ?? whole)
}

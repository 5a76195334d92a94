import type { CallForm } from '../../tokenizers/index.js'
import { LanguageError } from './language-error.js'
import type { ToolCall, UnreadCall } from './tool-calls.js'

/** A function that a model may call. */
export interface Tool {
  readonly name: string
  /** When to call it, for the model to read. */
  readonly description?: string | undefined
  /** A JSON schema of an object: the arguments by name. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Does it. What it gives is told to the model, text as it is and anything else as JSON; so is what it throws. Without it, the caller answers. */
  readonly call?: ((args: Readonly<Record<string, unknown>>, context: { readonly signal?: AbortSignal | undefined }) => unknown) | undefined
}

const mostTools = 128

/**
 * Tools by name.
 *
 * @throws LanguageError for a model whose template knows none, for two of one name, and for what is no schema of an object
 */
export function checkedTools(tools: readonly Tool[] | undefined, form: CallForm | undefined): ReadonlyMap<string, Tool> {
  const known = new Map<string, Tool>()
  if (tools === undefined || tools.length === 0) return known
  const fault = (sentence: string, hint?: string) => new LanguageError('InvalidTool', `Cannot offer tools: ${sentence}`, hint)
  if (form === undefined)
    throw fault(
      "the model's chat template tells it of none, or has them called in a way that is not read here",
      'Leave them out, or take another model',
    )
  if (tools.length > mostTools) throw fault(`expected at most ${mostTools}, found ${tools.length}`)
  for (const tool of tools) {
    if (!/^[\w.-]{1,64}$/.test(tool.name))
      throw fault(`expected a name of 1 to 64 letters, digits, _ - and ., found ${JSON.stringify(tool.name)}`)
    if (known.has(tool.name)) throw fault(`two are called "${tool.name}"`)
    if (tool.parameters?.type !== 'object')
      throw fault(
        `the parameters of "${tool.name}" are no schema of an object`,
        'A function without arguments takes { type: "object", properties: {} }',
      )
    known.set(tool.name, tool)
  }
  return known
}

/** What a call gave, for the model to read. Whatever goes wrong is told to it, too, so that it can try again. */
export async function toolResult(
  call: ToolCall | UnreadCall,
  known: ReadonlyMap<string, Tool>,
  signal: AbortSignal | undefined,
): Promise<{ readonly name: string; readonly content: string }> {
  const failed = (problem: string) => JSON.stringify({ error: problem })
  if (!('name' in call)) return { name: 'unknown', content: failed(call.problem) }
  const { name } = call
  const tool = known.get(name)
  if (!tool?.call) return { name, content: failed(`there is no function "${name}", there are ${[...known.keys()].join(', ')}`) }
  const problem = argumentProblem(call.arguments, tool.parameters)
  if (problem) return { name, content: failed(problem) }
  signal?.throwIfAborted()
  try {
    const value = await tool.call(call.arguments, { signal })
    return { name, content: typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null') }
  } catch (error) {
    signal?.throwIfAborted()
    return { name, content: failed(error instanceof Error ? error.message : String(error)) }
  }
}

/** The first thing that is wrong with arguments: one that is missing, or of another type than the schema's. */
function argumentProblem(given: Readonly<Record<string, unknown>>, schema: Tool['parameters']): string | undefined {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, { readonly type?: unknown; readonly enum?: unknown }>>
  for (const name of Array.isArray(schema.required) ? (schema.required as unknown[]) : [])
    if (typeof name === 'string' && !Object.hasOwn(given, name)) return `the argument "${name}" is missing`
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(properties, name)) {
      if (schema.additionalProperties === false) return `there is no argument "${name}"`
      continue
    }
    const { type, enum: choices } = properties[name] ?? {}
    const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as readonly unknown[]
    if (types.length > 0 && !types.some((each) => isOfType(value, each)))
      return `the argument "${name}" must be of type ${types.join(' or ')}`
    if (Array.isArray(choices) && !choices.includes(value)) return `the argument "${name}" must be one of ${JSON.stringify(choices)}`
  }
  return undefined
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

import { LanguageError } from './language-error.js'

/** A JSON schema as its author wrote it. */
export type JsonSchema = Readonly<Record<string, unknown>> | boolean

/** Both ends of the numbers that are allowed. */
export interface NumberRange {
  readonly least: number
  readonly most: number
  /** The ends themselves are not allowed. */
  readonly aboveLeast: boolean
  readonly belowMost: boolean
}

export interface Property {
  readonly name: string
  readonly value: SchemaNode
  readonly required: boolean
}

/** What a value must be. Objects have the properties of their schema in its order; those that are not required may be left out. */
export type SchemaNode =
  | { readonly kind: 'any' }
  | { readonly kind: 'literals'; readonly values: readonly unknown[] }
  | { readonly kind: 'string'; readonly least: number; readonly most: number }
  | ({ readonly kind: 'number'; readonly whole: boolean } & NumberRange)
  | { readonly kind: 'array'; readonly items: SchemaNode; readonly least: number; readonly most: number }
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  /** An object of any names. */
  | { readonly kind: 'table'; readonly values: SchemaNode }
  | { readonly kind: 'choice'; readonly options: readonly SchemaNode[] }
  | { readonly kind: 'reference'; readonly target: () => SchemaNode }

const annotations = ['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$schema', '$id', '$comment']
const everywhere = ['type', 'enum', 'const', 'anyOf', '$ref', '$defs', 'definitions', ...annotations]
const byType = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
} as const satisfies Record<string, readonly string[]>
type TypeName = keyof typeof byType
const typeNames = Object.keys(byType) as TypeName[]

const hints: Readonly<Record<string, string>> = {
  oneOf: 'Say anyOf',
  pattern: 'Leave it out and check the answer, or list the texts with enum',
  format: 'Leave it out and check the answer',
  prefixItems: 'Make it an object with a property for each item',
}
const [mostNodes, deepest, mostChoices] = [10_000, 64, 4096]

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What a schema asks for, as far as answers can be made to keep to it.
 *
 * @throws LanguageError that names the place in the schema, for what is no schema and for keywords that are not built
 */
export function readSchema(schema: JsonSchema): SchemaNode {
  const references = new Map<string, SchemaNode>()
  let nodes = 0

  function read(given: unknown, path: string, depth: number): SchemaNode {
    if (++nodes > mostNodes) throw fault(path, `the schema has more than ${mostNodes} parts`)
    if (depth > deepest) throw fault(path, `the schema is nested more than ${deepest} deep`)
    if (given === true) return { kind: 'any' }
    if (!isPlain(given)) throw fault(path, given === false ? 'nothing satisfies the schema false' : 'expected an object')
    if (typeof given.$ref === 'string') return referred(given, path)
    const types = typesOf(given, path)
    const known: readonly string[] = [...everywhere, ...types.flatMap((type) => byType[type])]
    for (const key of Object.keys(given))
      if (!known.includes(key))
        throw fault(path, `the keyword "${key}" is not built${types.length > 0 ? ` for the type ${types.join(' or ')}` : ''}`, hints[key])
    if ('const' in given) return { kind: 'literals', values: [given.const] }
    if ('enum' in given) return { kind: 'literals', values: list(given.enum, `${path}/enum`, mostChoices) }
    if ('anyOf' in given) {
      const options = list(given.anyOf, `${path}/anyOf`, 256)
      if (types.length > 0) throw fault(path, 'type beside anyOf is not built', 'Put the type into each option')
      return { kind: 'choice', options: options.map((option, i) => read(option, `${path}/anyOf/${i}`, depth + 1)) }
    }
    if (types.length === 0) return { kind: 'any' }
    const options = types.map((type) => ofType(type, given, path, depth))
    return options.length === 1 ? (options[0] as SchemaNode) : { kind: 'choice', options }
  }

  function referred({ $ref, ...rest }: Plain, path: string): SchemaNode {
    const odd = Object.keys(rest).find((key) => !['$defs', 'definitions', ...annotations].includes(key))
    if (odd !== undefined) throw fault(path, `the keyword "${odd}" beside $ref is not built`)
    const name = String($ref)
    const known = references.get(name)
    if (known) return known
    const parts = name.split('/')
    if (parts[0] !== '#') throw fault(path, `expected a reference inside the schema, found "${name}"`, 'Put the schema into $defs')
    const target = parts.slice(1).reduce<unknown>((at, part) => {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      return isPlain(at) && Object.hasOwn(at, key) ? at[key] : undefined
    }, schema)
    if (target === undefined) throw fault(path, `there is nothing at "${name}"`)
    let found: SchemaNode | undefined
    const node: SchemaNode = { kind: 'reference', target: () => found as SchemaNode }
    references.set(name, node) // a schema may refer to itself
    found = read(target, name, 1)
    return node
  }

  function ofType(type: TypeName, given: Plain, path: string, depth: number): SchemaNode {
    switch (type) {
      case 'object':
        return object(given, path, depth)
      case 'array': {
        const [least, most] = counts(given, 'minItems', 'maxItems', path)
        return { kind: 'array', items: 'items' in given ? read(given.items, `${path}/items`, depth + 1) : { kind: 'any' }, least, most }
      }
      case 'string': {
        const [least, most] = counts(given, 'minLength', 'maxLength', path)
        return { kind: 'string', least, most }
      }
      case 'boolean':
        return { kind: 'literals', values: [true, false] }
      case 'null':
        return { kind: 'literals', values: [null] }
      default:
        return { kind: 'number', whole: type === 'integer', ...rangeOf(given, path) }
    }
  }

  function object(given: Plain, path: string, depth: number): SchemaNode {
    const { properties, required = [], additionalProperties = true } = given
    const names = list(required, `${path}/required`, 512, 0)
    if (properties === undefined) {
      if (names.length > 0) throw fault(path, `"${String(names[0])}" is required and there are no properties`)
      if (additionalProperties === false) return { kind: 'object', properties: [] }
      return { kind: 'table', values: read(additionalProperties, `${path}/additionalProperties`, depth + 1) }
    }
    if (!isPlain(properties)) throw fault(`${path}/properties`, 'expected an object')
    const lost = names.find((name) => typeof name !== 'string' || !Object.hasOwn(properties, name))
    if (lost !== undefined) throw fault(`${path}/required`, `${JSON.stringify(lost)} is not among the properties`)
    // Whatever else the schema allows, what it names is enough.
    return {
      kind: 'object',
      properties: Object.entries(properties).map(([name, value]) => ({
        name,
        value: read(value, `${path}/properties/${name}`, depth + 1),
        required: names.includes(name),
      })),
    }
  }

  return read(schema, '#', 0)
}

const fault = (path: string, problem: string, hint?: string): LanguageError =>
  new LanguageError('InvalidSchema', `Cannot keep to the JSON schema: at "${path.slice(0, 200)}" ${problem}`, hint)

function typesOf({ type }: Plain, path: string): readonly TypeName[] {
  if (type === undefined) return []
  return list(Array.isArray(type) ? type : [type], `${path}/type`, 7).map((each) => {
    const found = typeNames.find((name) => name === each)
    if (found === undefined) throw fault(path, `expected a type among ${typeNames.join(', ')}, found ${JSON.stringify(each)}`)
    return found
  })
}

function list(value: unknown, path: string, most: number, least = 1): readonly unknown[] {
  if (Array.isArray(value) && value.length >= least && value.length <= most) return value
  throw fault(path, `expected a list of ${least} to ${most}, found ${Array.isArray(value) ? value.length : typeof value}`)
}

function counts(given: Plain, low: string, high: string, path: string): [least: number, most: number] {
  const count = (key: string, otherwise: number): number => {
    const value = given[key] ?? otherwise
    if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 20))
      return value as number
    throw fault(path, `expected ${key} from 0 to ${2 ** 20}, found ${JSON.stringify(value)}`)
  }
  const [least, most] = [count(low, 0), count(high, Number.POSITIVE_INFINITY)]
  if (least > most) throw fault(path, `${low} is ${least} and ${high} is ${most}`)
  return [least, most]
}

function rangeOf(given: Plain, path: string): NumberRange {
  const end = (key: string, otherwise: number): number => {
    const value = given[key] ?? otherwise
    if (typeof value === 'number' && !Number.isNaN(value)) return value
    throw fault(path, `expected ${key} as a number, found ${JSON.stringify(value)}`)
  }
  const [least, above] = [end('minimum', Number.NEGATIVE_INFINITY), end('exclusiveMinimum', Number.NEGATIVE_INFINITY)]
  const [most, below] = [end('maximum', Number.POSITIVE_INFINITY), end('exclusiveMaximum', Number.POSITIVE_INFINITY)]
  const range = { least: Math.max(least, above), aboveLeast: above >= least && Number.isFinite(above) }
  const whole = { ...range, most: Math.min(most, below), belowMost: below <= most && Number.isFinite(below) }
  if (whole.least > whole.most) throw fault(path, `no number is between ${whole.least} and ${whole.most}`)
  return whole
}

import { z } from 'zod'
import type { Json } from '../media/provenance.js'
import { InputError, type InputProblem } from './errors.js'
import { type Modalities, type Modality, modalities, modalityNames } from './modalities.js'
import { listed, suggestion } from './words.js'

/** A field that holds a value of a modality. Like every schema it can be made optional, described, or put in a list. */
const medium = <M extends Modality>(modality: M) =>
  z.custom<Modalities[M]>((value) => modalities[modality].holds(value), modalities[modality].title).meta({ modality })

/** Words to work on, such as a prompt; plain options are `z.string()`. */
export const text = () => z.string().meta({ modality: 'text' })
export const code = () => z.string().meta({ modality: 'code' })
export const image = () => medium('image')
export const audio = () => medium('audio')
export const video = () => medium('video')
export const mesh = () => medium('mesh')
export const motion = () => medium('motion')
export const signal = () => medium('signal')
export const deck = () => medium('deck')
export const tensor = () => medium('tensor')
export const algorithm = () => medium('algorithm')
export const actions = () => medium('actions')

const oneSeed = z.int().min(0)

/** The field `seed`: a whole number, or one for each result. */
export const seed = () =>
  z
    .union([oneSeed, z.array(oneSeed).min(1).max(64)])
    .optional()
    .describe('What chance begins with, or one for each result; drawn if it is not given')

/** The field `count`: how many results. Where there are seeds, there are as many. */
export const count = (most: number) => z.int().min(1).max(most).optional().describe('How many results; each has a seed of its own')

/** What can be said of one field of a system's input: enough for a flag, a form, or a line of help. */
export interface Field {
  /** As in the library: `guidanceScale`. */
  readonly name: string
  /** As on the command line, without its dashes: `guidance-scale`. */
  readonly flag: string
  /** `medium` is a value that comes from a file; text is typed or comes from one. `json` is anything more involved. */
  readonly kind: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'medium' | 'json'
  readonly modality?: Modality
  /** Whether its texts are places of files on this machine: nobody else may fill it in. */
  readonly location?: boolean
  /** Whether it takes several values, and whether one may also stand alone. */
  readonly list: boolean
  readonly single: boolean
  readonly required: boolean
  readonly default?: Json
  readonly description?: string
  readonly choices?: readonly (string | number | boolean)[]
  readonly minimum?: number
  readonly maximum?: number
  /** Bounds that are not themselves allowed. */
  readonly above?: number
  readonly below?: number
  /** Of text in characters, of a list in values. */
  readonly shortest?: number
  readonly longest?: number
  readonly fewest?: number
  readonly most?: number
}

export interface JsonSchema {
  readonly [key: string]: unknown
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly required?: readonly string[]
  readonly modality?: Modality
}

/** JSON Schema (draft 2020-12) of what a face is sent: media as base64, marked by the keyword `modality`. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): JsonSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const modality = jsonSchema.modality as Modality | undefined
      if (modality && jsonSchema.type === undefined)
        Object.assign(jsonSchema, {
          type: 'string',
          contentEncoding: 'base64',
          contentMediaType: modalities[modality].formats[0].mediaType,
        })
    },
  }) as JsonSchema
}

/** The fields of a system's input, in the order of their declaration. */
export function fieldsOf(input: z.ZodObject): readonly Field[] {
  const { properties = {}, required = [] } = jsonSchemaOf(input)
  return Object.entries(properties).map(([name, schema]) => fieldOf(name, schema, required.includes(name)))
}

function fieldOf(name: string, schema: JsonSchema, required: boolean): Field {
  const branches = (schema.anyOf ?? [schema]).filter(({ type }) => type !== 'null')
  const many = branches.find(({ type, items }) => type === 'array' && items !== undefined)
  const alone = branches.find((branch) => branch !== many)
  const item = { ...(alone ?? many?.items ?? {}) }
  const number = (value: unknown) => (typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined)
  const { modality } = item
  return withoutUndefined({
    name,
    flag: (schema.flag as string | undefined) ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    kind: kindOf(item),
    modality,
    location: schema.location === true ? true : undefined,
    list: many !== undefined,
    single: alone !== undefined,
    required,
    default: schema.default as Json | undefined,
    description: (schema.description ?? item.description) as string | undefined,
    choices: item.enum as Field['choices'],
    minimum: number(item.minimum),
    maximum: number(item.maximum),
    above: number(item.exclusiveMinimum),
    below: number(item.exclusiveMaximum),
    shortest: number(item.minLength),
    longest: number(item.maxLength),
    fewest: number(many?.minItems),
    most: number(many?.maxItems),
  })
}

function kindOf({ modality, enum: choices, type, anyOf }: JsonSchema): Field['kind'] {
  if (modality && modality !== 'text' && modality !== 'code') return 'medium'
  if (choices) return 'choice'
  const plain = anyOf ? undefined : [type].flat().find((each) => each !== 'null')
  return plain === 'string' ? 'text' : plain === 'integer' || plain === 'number' || plain === 'boolean' ? plain : 'json'
}

/** What a field wants to be, for errors and help: "a whole number from 1 to 1,000". */
export function expectation(field: Field, one = false): string {
  if (field.list && !one) {
    const { fewest = 0, most } = field
    const size = most === undefined ? (fewest > 1 ? `${fewest} or more` : '') : fewest === most ? `${most}` : `${fewest} to ${most}`
    const list = `a list${size && ` of ${size}`}, each ${expectation(field, true)}`
    return field.single ? `${expectation(field, true)}, or ${list}` : list
  }
  const { kind, modality, choices = [] } = field
  if (kind === 'choice') return choices.length === 1 ? show(choices[0]) : listed(choices.map(show))
  if (kind === 'boolean') return 'true or false'
  if (kind === 'text') return `${modality === 'code' ? 'code' : 'text'}${span(field.shortest || undefined, field.longest, ' characters')}`
  if (kind === 'medium' && modality) return modalities[modality].title
  if (kind === 'json') return 'JSON of the form that the schema describes'
  const { above, below } = field
  const open = [above !== undefined && `above ${amount(above)}`, below !== undefined && `below ${amount(below)}`]
    .filter(Boolean)
    .join(' and ')
  return `${kind === 'integer' ? 'a whole number' : 'a number'}${span(field.minimum, field.maximum)}${open && ` ${open}`}`
}

function span(least: number | undefined, most: number | undefined, unit = ''): string {
  if (least === undefined) return most === undefined ? '' : ` of at most ${amount(most)}${unit}`
  if (most === undefined) return ` of at least ${amount(least)}${unit}`
  return `${unit ? ' of' : ' from'} ${amount(least)} to ${amount(most)}${unit}`
}

/**
 * What stands in a flag as the value that the schema reads: numbers and booleans are recognised, JSON is parsed. Nothing is checked
 * here, so that what cannot be read comes through as it is and meets the schema's own error.
 */
export function valueFromText({ kind, choices }: Field, written: string): unknown {
  if (kind === 'boolean') return written === 'true' ? true : written === 'false' ? false : written
  if (kind === 'choice') return choices?.find((choice) => String(choice) === written) ?? written
  if (kind === 'text' || kind === 'medium') return written
  try {
    return JSON.parse(written)
  } catch {
    return written
  }
}

/**
 * The input with its defaults, or every problem with it at once.
 *
 * @throws InputError
 */
export function parseInput<Input extends z.ZodObject>(system: string, schema: Input, input: unknown): z.output<Input> {
  const { data, error } = schema.strict().safeParse(input, { reportInput: true })
  if (!error) return data as z.output<Input>
  const fields = fieldsOf(schema)
  const problems = error.issues.flatMap((issue) => problemsOf(issue, fields, input))
  throw new InputError(system, problems as [InputProblem, ...InputProblem[]])
}

function problemsOf(issue: z.core.$ZodIssue, fields: readonly Field[], input: unknown): InputProblem[] {
  const names = fields.map(({ name }) => name)
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0)
    return issue.keys.map((key) => ({
      field: 'every option',
      expected: `one of ${listed(names)}`,
      found: show(key),
      allowed: names,
      hint: suggestion(key, names),
    }))
  const field = fields.find(({ name }) => name === issue.path[0])
  const at = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input)
  const title = field?.modality && modalities[field.modality].title
  const own = issue.code === 'custom' && issue.message !== title ? issue.message : undefined // a rule of the schema's own, in its words
  const deep = field !== undefined && issue.path.length > (field.list ? 2 : 1)
  const choices = field?.kind === 'choice' && typeof at === 'string' ? (field.choices ?? []).filter((each) => typeof each === 'string') : []
  return [
    {
      field:
        issue.path.map((key, i) => (typeof key === 'number' ? `[${key + 1}]` : `${i ? '.' : ''}${String(key)}`)).join('') || 'the input',
      expected: own ?? (field && !deep ? expectation(field, issue.path.length > 1) : issue.message),
      found: describeValue(at),
      allowed: field?.choices,
      hint: suggestion(String(at), choices),
    },
  ]
}

/** A value as a sentence mentions it: media by their kind and size, everything else as JSON. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value instanceof Uint8Array) return `${value.length.toLocaleString('en')} bytes`
  if (typeof value !== 'object' || value === null) return typeof value === 'string' && value.length > 80 ? longText(value) : show(value)
  if (modalities.image.holds(value)) return `a picture of ${value.width} × ${value.height}`
  const other = modalityNames.find((name) => !['tensor', 'algorithm', 'actions'].includes(name) && modalities[name].holds(value))
  if (other) return modalities[other].title
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object'
}

const longText = (value: string): string => `${value.length.toLocaleString('en')} characters`
const show = (value: unknown): string => (typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)))
const amount = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 6 })

/** Optional properties are left out rather than set to undefined. */
function withoutUndefined<T extends object>(value: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T
}

import { printable } from '../weights/checkpoint-error.js'
import { JsonReader } from '../weights/json-reader.js'
import { MediaError } from './media-error.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** How a file was made; it travels inside the file, and is enough to make it again. */
export interface Provenance {
  readonly generator: 'genera'
  /** Of genera. */
  readonly version: string
  /** The id of the system that made it ("stable-diffusion"), or of the tool ("diorama"). */
  readonly system: string
  /** `sha256` in 64 hexadecimal digits. */
  readonly checkpoint?: { readonly name: string; readonly sha256: string }
  /** What the system was asked for, under the names of its options. */
  readonly options: { readonly [key: string]: Json }
  /** A whole number from 0 to 2^53 − 1. */
  readonly seed: number
  /** The command line that made it. */
  readonly command?: string
  /** Of the file's content, as an SPDX identifier. */
  readonly licence?: string
}

/** Longest provenance that is written or read, in characters of JSON: far more than a prompt, far less than a model. */
export const longestProvenance = 256 * 1024

/** Keys that reach an object's prototype when careless code copies them. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * The provenance as JSON in plain ASCII, so that it survives every container's idea of text. Throws `MediaInvalid` or `MediaTooLarge`
 * for what `parseProvenance` would not read back.
 */
export function provenanceText(provenance: Provenance, file = 'the provenance'): string {
  const text = asciiJson(provenance)
  parseProvenance(text, file, 'write')
  return text
}

/** JSON with every character outside printable ASCII as an escape. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Reads the JSON of a stranger as a `Provenance`, strictly: known fields of the right kinds, no key twice, no key that reaches
 * a prototype, nothing deeper than 64 levels or longer than `longestProvenance`. `file` is what errors call the place.
 */
export function parseProvenance(text: string, file = 'the provenance', action: 'read' | 'write' = 'read'): Provenance {
  const fail = (expected: string, found: string) => new MediaError({ code: 'MediaInvalid', action, file, expected, found })
  const value = parseForeignJson(text, file, action)
  const record = objectOf(value, 'provenance as an object', fail)
  const known = ['generator', 'version', 'system', 'checkpoint', 'options', 'seed', 'command', 'licence']
  const stranger = Object.keys(record).find((key) => !known.includes(key))
  if (stranger !== undefined) throw fail(`provenance of the fields ${known.join(', ')}`, `"${printable(stranger)}"`)
  if (record.generator !== 'genera') throw fail('provenance with the generator "genera"', shown(record.generator))
  const string = (from: Record<string, Json>, key: string): string => {
    const found = from[key]
    if (typeof found === 'string' && found !== '') return found
    throw fail(`text as the ${key} of the provenance`, shown(found))
  }
  const optional = (key: 'command' | 'licence') => (record[key] === undefined ? {} : { [key]: string(record, key) })
  const { seed } = record
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed) || seed < 0) throw fail('a whole number from 0 as the seed', shown(seed))
  const checkpoint = record.checkpoint === undefined ? undefined : objectOf(record.checkpoint, 'a checkpoint as an object', fail)
  if (checkpoint && !/^[0-9a-f]{64}$/.test(string(checkpoint, 'sha256')))
    throw fail('64 hexadecimal digits as the sha256 of the checkpoint', shown(checkpoint.sha256))
  return {
    generator: 'genera',
    version: string(record, 'version'),
    system: string(record, 'system'),
    ...(checkpoint && { checkpoint: { name: string(checkpoint, 'name'), sha256: string(checkpoint, 'sha256') } }),
    options: objectOf(record.options, 'options as an object', fail),
    seed,
    ...optional('command'),
    ...optional('licence'),
  }
}

/** Any JSON from a foreign file of at most `longest` characters, with the same care and without a shape. */
export function parseForeignJson(text: string, file: string, action: 'read' | 'write' = 'read', longest = longestProvenance): Json {
  if (text.length > longest)
    throw new MediaError({
      code: 'MediaTooLarge',
      action,
      file,
      expected: `at most ${longest.toLocaleString('en')} characters of JSON`,
      found: text.length.toLocaleString('en'),
      hint:
        action === 'write' ? 'Leave long texts and data out of the options' : 'It is data rather than a record of how the file was made',
    })
  const fail = (expected: string, found: string) => new MediaError({ code: 'MediaInvalid', action, file, expected, found })
  // The reader checks grammar, depth and doubled keys in one pass without building anything; JSON.parse then cannot be surprised.
  const reader = new JsonReader(text, fail)
  reader.skip()
  reader.end()
  return JSON.parse(text, (key, value: Json) => {
    if (forbiddenKeys.has(key)) throw fail('JSON without keys that reach prototypes', `"${key}"`)
    return value
  }) as Json
}

function objectOf(value: Json | undefined, expected: string, fail: (expected: string, found: string) => Error): Record<string, Json> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, Json>
  throw fail(expected, shown(value))
}

const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : printable(JSON.stringify(value), 60))

import type { Field } from '../../contract/fields.js'
import { suggestion } from '../../contract/words.js'
import { UsageError } from '../usage-error.js'

/** What stands behind a flag, as it was typed. */
export interface Flag {
  readonly field: Field
  readonly written: string
}

export interface Sorted {
  readonly flags: readonly Flag[]
  /** Everything that belongs to no flag, in its order. */
  readonly loose: readonly string[]
}

export interface SortOptions {
  /** As errors call the command: "genera run muse". */
  readonly command: string
  /** Of the command itself, for suggestions. */
  readonly others?: readonly string[]
  /** How many of the last words stood behind "--", and so are no flags. */
  readonly literal?: number
}

/** The words that look like flags, without their dashes and values. */
export const flagNames = (words: readonly string[], literal = 0): string[] =>
  words.slice(0, words.length - literal).flatMap((word) => /^--([^=]+)/.exec(word)?.[1] ?? [])

/**
 * Sorts words into the flags of a system's fields and everything else: `--steps 20`, `--steps=20`, `--bright`, `--no-bright`.
 *
 * @throws UsageError for a flag that nobody has, with the one that was meant, and for one that lacks its value
 */
export function sortWords(words: readonly string[], fields: readonly Field[], { command, others = [], literal = 0 }: SortOptions): Sorted {
  const flags: Flag[] = []
  const loose: string[] = []
  const end = words.length - literal
  for (let at = 0; at < end; at++) {
    const [, name, value] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(words[at] as string) ?? []
    if (name === undefined) {
      loose.push(words[at] as string)
      continue
    }
    const field = fields.find(({ flag }) => flag === name)
    const denied = fields.find(({ flag, kind }) => kind === 'boolean' && `no-${flag}` === name)
    if (denied && value === undefined) flags.push({ field: denied, written: 'false' })
    else if (!field) throw unknown(name, fields, command, others)
    else if (value !== undefined) flags.push({ field, written: value })
    else if (field.kind === 'boolean') flags.push({ field, written: 'true' })
    else if (at + 1 < end) flags.push({ field, written: words[++at] as string })
    else throw new UsageError(`Cannot run ${command}: --${name} needs a value`)
  }
  assertOnce(flags, command)
  return { flags, loose: [...loose, ...words.slice(end)] }
}

function unknown(name: string, fields: readonly Field[], command: string, others: readonly string[]): UsageError {
  const meant = suggestion(`--${name}`, [...fields.map(({ flag }) => `--${flag}`), ...others])
  return new UsageError(`Cannot run ${command}: unknown option --${name}`, meant ?? 'See the options of a system: genera show SYSTEM')
}

function assertOnce(flags: readonly Flag[], command: string): void {
  const twice = flags.find(({ field }, i) => !field.list && flags.some((other, j) => j < i && other.field === field))
  if (twice) throw new UsageError(`Cannot run ${command}: --${twice.field.flag} stands there twice, and takes one value`)
}

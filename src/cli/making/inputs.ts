import { stat } from 'node:fs/promises'
import { decodeValue, endingOf, endingsOf, type Modality, modalitiesOfEnding, valueFromText } from '../../contract/index.js'
import { GeneraError } from '../../graph/errors.js'
import { mediaFormats, sniffMedia } from '../../media/sniff.js'
import type { Given } from '../../taxonomy/index.js'
import { readInput } from '../input.js'
import type { Flag } from './flags.js'

/** Something to make from whose field is not said: what it can be, likeliest first, and its value as one of them. */
export interface Loose {
  readonly modalities: readonly [Modality, ...Modality[]]
  as(modality: Modality): Promise<Given>
}

const readable: ReadonlySet<string> = new Set(endingsOf(undefined, 'read'))

/**
 * The words that stand alone: those that end like a file are files, "-" is standard input, and all others are one text.
 *
 *     genera make a red cube -o cube.png            // "a red cube"
 *     genera make photo.png "as a sketch" -o s.png  // a picture and a text
 */
export async function looseInputs(words: readonly string[], stdin: AsyncIterable<Uint8Array>): Promise<Loose[]> {
  const inputs: Loose[] = []
  const said: string[] = []
  for (const word of words) {
    if (word === '-') inputs.push(await fromStdin(stdin))
    else if (!/\s/.test(word) && readable.has(endingOf(word))) inputs.push(await fromFile(word, stdin))
    else said.push(word)
  }
  if (said.length > 0) inputs.unshift(fromText(said.join(' ')))
  return inputs
}

const fromText = (text: string): Loose => ({
  modalities: ['text', 'code'],
  as: async (modality) => ({ modality, value: text }) as Given,
})

async function fromFile(path: string, stdin: AsyncIterable<Uint8Array>): Promise<Loose> {
  if (!(await stat(path).catch(() => undefined)))
    throw new GeneraError(
      'input',
      `Cannot read ${path}: there is no such file`,
      'If it is a word of the text, put the whole text in quotes',
    )
  return fromBytes(await readInput(path, stdin), path)
}

async function fromStdin(stdin: AsyncIterable<Uint8Array>): Promise<Loose> {
  const bytes = await readInput('-', stdin)
  const format = sniffMedia(bytes)
  return fromBytes(bytes, `standard input.${format ? mediaFormats[format].endings[0] : 'txt'}`)
}

const fromBytes = (bytes: Uint8Array, name: string): Loose => ({
  modalities: modalitiesOfEnding(endingOf(name), 'read'),
  as: async (modality) => ({ modality, value: await decodeValue(modality, bytes, { name }) }) as Given,
})

/** The values of flags by the names of their fields; those of media are read from the files that they name. */
export async function flagValues(flags: readonly Flag[], stdin: AsyncIterable<Uint8Array>): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const { field, written } of flags) {
    const value = await flagValue({ field, written }, stdin)
    const repeated = flags.filter((other) => other.field === field).length > 1
    // One value of a list that cannot stand alone is a list of one; JSON may be the whole list.
    const several = field.list && (repeated || !(field.single || Array.isArray(value)))
    values[field.name] = several ? [...((values[field.name] as unknown[] | undefined) ?? []), value] : value
  }
  return values
}

async function flagValue({ field, written }: Flag, stdin: AsyncIterable<Uint8Array>): Promise<unknown> {
  const { kind, modality } = field
  const fromOutside = kind === 'medium' || (modality !== undefined && written === '-')
  if (!fromOutside || modality === undefined) return valueFromText(field, written)
  const source = written === '-' ? await fromStdin(stdin) : fromBytes(await readInput(written, stdin), written)
  return (await source.as(modality)).value
}

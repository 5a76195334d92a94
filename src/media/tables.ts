import { files } from '#files'
import { GeneraError } from '../graph/errors.js'
import { type Dataset, dataset } from '../training/dataset.js'
import { printable } from '../weights/checkpoint-error.js'
import { blobFile, memoryFile, type OpenFile } from '../weights/files.js'
import type { Json } from './provenance.js'

/** The user's own data is not what it should be. `line` counts from 1. */
export class DataError extends GeneraError {
  override readonly name: string = 'DataError'
  constructor(
    readonly file: string,
    readonly line: number | undefined,
    problem: string,
    hint?: string,
    cause?: unknown,
  ) {
    super('data', `Cannot read ${printable(file)}${line === undefined ? '' : `, line ${line}`}: ${problem}`, hint, { cause })
  }
}

/** A path or a `file:` URL in Node, an address of the same origin in browsers, or the file itself. */
export type TableSource = string | URL | Blob | Uint8Array

/** Longest line or row, in bytes. */
const longestRow = 16 * 2 ** 20
const blockSize = 2 ** 20
const newline = 0x0a
const carriageReturn = 0x0d
const quote = 0x22

/**
 * JSON Lines: one value per line, empty lines left out. The file is scanned once for its lines; each is read and parsed when its
 * record is asked for.
 *
 * @throws DataError with file and line for what is not JSON or not UTF-8
 */
export async function jsonLines(source: TableSource): Promise<Dataset<Json>> {
  return (await numberedJsonLines(source)).map(({ value }) => value)
}

/** A record with the line on which it begins, for errors about what it says. */
export interface Numbered<T> {
  readonly line: number
  readonly value: T
}

export async function numberedJsonLines(source: TableSource): Promise<Dataset<Numbered<Json>>> {
  const rows = await Rows.of(await open(source), false)
  return dataset({
    length: rows.length,
    record: async (index) => {
      const line = rows.line(index)
      return { line, value: parseLine(await rows.read(index), rows.file.name, line) }
    },
  })
}

/**
 * CSV as RFC 4180 has it, strictly: a header with distinct names, every row with as many fields, quotes around whole fields only.
 * Lines end in LF or CRLF; empty ones are left out. Fields are texts; what they mean, `map` says.
 *
 * @throws DataError with file and line
 */
export async function csv(source: TableSource, options: CsvOptions = {}): Promise<Dataset<Readonly<Record<string, string>>>> {
  return (await numberedCsv(source, options)).map(({ value }) => value)
}

export interface CsvOptions {
  /** One character; a comma if it is not said. */
  readonly separator?: string
}

export async function numberedCsv(
  source: TableSource,
  { separator = ',' }: CsvOptions = {},
): Promise<Dataset<Numbered<Readonly<Record<string, string>>>>> {
  const rows = await Rows.of(await open(source), true)
  const { name } = rows.file
  if (rows.length === 0) throw new DataError(name, undefined, 'expected a header, found an empty file')
  const header = parseRow(await rows.read(0), separator, name, rows.line(0))
  const twice = header.find((column, i) => header.indexOf(column) < i)
  if (twice !== undefined) throw new DataError(name, rows.line(0), `expected distinct column names, found "${printable(twice)}" twice`)
  return dataset({
    length: rows.length - 1,
    record: async (index) => {
      const line = rows.line(index + 1)
      const fields = parseRow(await rows.read(index + 1), separator, name, line)
      if (fields.length !== header.length)
        throw new DataError(name, line, `expected ${header.length} fields, as in the header, found ${fields.length}`)
      return { line, value: Object.fromEntries(header.map((column, i) => [column, fields[i] as string])) }
    },
  })
}

function parseLine(text: string, file: string, line: number): Json {
  try {
    return JSON.parse(text, (key, value: Json) => {
      if (key === '__proto__') throw new SyntaxError('the key "__proto__" has no business in data')
      return value
    }) as Json
  } catch (cause) {
    throw new DataError(file, line, `expected JSON, found ${printable((cause as Error).message)}`, undefined, cause)
  }
}

/** The fields of one row. `line` is where it begins. */
function parseRow(text: string, separator: string, file: string, line: number): string[] {
  const fields: string[] = []
  const fail = (at: number, problem: string, hint?: string): never => {
    throw new DataError(file, line + (text.slice(0, at).match(/\n/g)?.length ?? 0), problem, hint)
  }
  for (let at = 0; ; ) {
    if (text[at] === '"') {
      const { value, end } = quotedField(text, at, fail)
      if (end < text.length && text[end] !== separator)
        fail(end, `expected "${separator}" or the end of the line after a closing quote, found "${printable(text[end] as string)}"`)
      fields.push(value)
      at = end
    } else {
      const comma = text.indexOf(separator, at)
      const value = text.slice(at, comma < 0 ? text.length : comma)
      if (value.includes('"'))
        fail(
          at + value.indexOf('"'),
          'a quote stands inside a field without quotes',
          'Put the field in quotes and double the quote: "a ""b"" c"',
        )
      fields.push(value)
      at += value.length
    }
    if (at >= text.length) return fields
    at += 1
  }
}

function quotedField(text: string, start: number, fail: (at: number, problem: string) => never): { value: string; end: number } {
  let value = ''
  for (let at = start + 1; ; ) {
    const end = text.indexOf('"', at)
    if (end < 0) return fail(start, 'a quoted field has no closing quote')
    value += text.slice(at, end)
    if (text[end + 1] !== '"') return { value, end: end + 1 }
    value += '"'
    at = end + 2
  }
}

/** Where the rows of a file stand, so that any of them can be read alone. */
class Rows {
  #block: { readonly start: number; readonly bytes: Uint8Array } | undefined
  private constructor(
    readonly file: OpenFile,
    /** First byte, byte behind the last, and line of each row. */
    readonly places: { readonly starts: number[]; readonly ends: number[]; readonly lines: number[] },
  ) {}

  /** With `quotes`, a line break between quotes belongs to the row. */
  static async of(file: OpenFile, quotes: boolean): Promise<Rows> {
    const starts: number[] = []
    const ends: number[] = []
    const lines: number[] = []
    let start = 0
    let line = 1
    let rowLine = 1
    let inside = false
    let last = 0
    const close = (end: number): void => {
      const trimmed = last === carriageReturn ? end - 1 : end
      if (trimmed > start) {
        starts.push(start)
        ends.push(trimmed)
        lines.push(rowLine)
      }
    }
    for (let offset = 0; offset < file.size; offset += blockSize) {
      const bytes = await file.read(offset, Math.min(blockSize, file.size - offset))
      if (offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) start = 3 // a byte order mark
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes[i] as number
        if (byte === quote) inside = quotes && !inside
        else if (byte === newline) {
          line++
          if (!inside) {
            close(offset + i)
            start = offset + i + 1
            rowLine = line
          }
        }
        last = byte
      }
      if (offset + bytes.length - start > longestRow)
        throw new DataError(
          file.name,
          rowLine,
          `expected at most ${longestRow.toLocaleString('en')} bytes in a ${quotes ? 'row' : 'line'}, found more`,
          quotes ? 'A quote may be missing there' : undefined,
        )
    }
    close(file.size)
    return new Rows(file, { starts, ends, lines })
  }

  get length(): number {
    return this.places.starts.length
  }

  line(row: number): number {
    return this.places.lines[row] as number
  }

  /** The text of a row. Neighbours are read along with it, because most readers want them next. */
  async read(row: number): Promise<string> {
    const start = this.places.starts[row] as number
    const end = this.places.ends[row] as number
    let block = this.#block
    if (!block || start < block.start || end > block.start + block.bytes.length) {
      const length = Math.min(Math.max(blockSize, end - start), this.file.size - start)
      block = { start, bytes: await this.file.read(start, length) }
      this.#block = block
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(block.bytes.subarray(start - block.start, end - block.start))
    } catch (cause) {
      throw new DataError(this.file.name, this.line(row), 'expected text in UTF-8, found other bytes', 'Save it as UTF-8', cause)
    }
  }
}

async function open(source: TableSource): Promise<OpenFile> {
  if (source instanceof Uint8Array) return memoryFile(source, 'the table')
  if (source instanceof Blob) return blobFile(source, 'name' in source ? String(source.name) : 'the table')
  return files.open(source)
}

import { formatShape } from '../../graph/errors.js'
import { byteCount, CheckpointError, type CheckpointErrorCode, quoted } from '../checkpoint-error.js'
import type { OpenFile } from '../files.js'
import { type GgufType, ggufTypeFacts, ggufTypeOf } from './gguf-types.js'

/** What a file says about itself. Whole numbers beyond 2^53 stay bigints. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[]

/** One tensor of a file: `length` bytes from `offset`, both in bytes and counted from the start of the file. */
export interface GgufTensor {
  readonly type: GgufType
  /** As in other formats, the last axis is the one whose elements are neighbours: [out, in]. */
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
}

export interface GgufHeader {
  readonly version: number
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: ReadonlyMap<string, GgufTensor>
}

/** In bytes. The largest published vocabularies, with a quarter of a million tokens and their merges, take 15 MB. */
const largestHeader = 2 ** 26
/** In bytes; what is read first, more only where the header goes on. */
const firstWindow = 2 ** 20
const mostTensors = 2 ** 16
const mostEntries = 2 ** 16
/** Of all arrays together. */
const mostElements = 2 ** 22
const deepestArray = 4
const longestName = 2 ** 10
const mostAxes = 4
const largestAlignment = 2 ** 20
const defaultAlignment = 32

const damaged = 'The file is damaged: download or save it again'

/** How a GGUF file begins. */
export const looksLikeGguf = (head: Uint8Array): boolean => head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46

/**
 * What stands in front of the data of a GGUF file of version 2 or 3, checked in full: every count against what is left of the file before
 * anything is made of it, every tensor against the file's end and the other tensors.
 *
 * @throws CheckpointError naming the tensor or key and the rule that is broken
 */
export async function readGgufHeader(file: OpenFile): Promise<GgufHeader> {
  for (let window = firstWindow; ; window *= 4) {
    const length = Math.min(window, file.size, largestHeader)
    try {
      return parseGgufHeader(await file.read(0, length), file.size, file.name)
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
      if (length === file.size) throw error.atEnd()
      if (length === largestHeader)
        throw new CheckpointError({
          code: 'HeaderTooLarge',
          file: file.name,
          expected: `a header of at most ${byteCount(largestHeader)}`,
          found: 'a longer one',
        })
    }
  }
}

/** The bytes at hand end before the header does. */
class Exhausted extends Error {
  constructor(readonly atEnd: () => CheckpointError) {
    super('more bytes are needed')
  }
}

/**
 * As `readGgufHeader`, from the first bytes of a file.
 *
 * @param fileSize in bytes
 */
function parseGgufHeader(bytes: Uint8Array, fileSize: number, file: string): GgufHeader {
  const reader = new Reader(bytes, fileSize, file)
  const version = readVersion(reader)
  const tensorCount = reader.count(`at most ${mostTensors} tensors`, mostTensors, 24)
  const entryCount = reader.count(`at most ${mostEntries} entries of metadata`, mostEntries, 13)
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < entryCount; i++) {
    const key = reader.name('a key')
    if (metadata.has(key)) throw reader.problem('InvalidHeader', 'each key once', `${quoted(key)} twice`)
    reader.where = `the value of ${quoted(key)}`
    metadata.set(key, reader.value(reader.u32(), 0))
    reader.where = undefined
  }
  const alignment = alignmentOf(metadata, reader)
  const found: { name: string; type: GgufType; shape: number[]; begin: number }[] = []
  const names = new Set<string>()
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.name('a name of a tensor')
    if (names.has(name)) throw reader.problem('InvalidHeader', 'each tensor once', `${quoted(name)} twice`)
    names.add(name)
    reader.tensor = name
    found.push({ name, ...readTensor(reader, alignment) })
    reader.tensor = undefined
  }
  const start = Math.ceil(reader.position / alignment) * alignment
  return { version, metadata, tensors: placed(found, start, fileSize, file) }
}

function readVersion(reader: Reader): number {
  reader.u32() // "GGUF"
  const version = reader.u32()
  if (version === 2 || version === 3) return version
  const swapped = version > 0 && version % 2 ** 24 === 0
  throw reader.problem(
    'NotSupported',
    'GGUF of version 2 or 3, little-endian',
    swapped ? 'big-endian numbers' : `version ${version}`,
    version === 1 ? 'Convert the model again with a current version of llama.cpp' : undefined,
  )
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, reader: Reader): number {
  const alignment = metadata.get('general.alignment') ?? defaultAlignment
  if (typeof alignment === 'number' && alignment > 0 && alignment <= largestAlignment && Number.isInteger(Math.log2(alignment)))
    return alignment
  throw reader.problem('InvalidHeader', `a power of two up to ${largestAlignment} as general.alignment`, String(alignment).slice(0, 40))
}

/** A tensor's description; `begin` counts from the start of the data. */
function readTensor(reader: Reader, alignment: number): { type: GgufType; shape: number[]; begin: number } {
  const axes = reader.u32()
  if (axes < 1 || axes > mostAxes) throw reader.problem('TensorInvalidInfo', `1 to ${mostAxes} axes`, `${axes}`)
  const sizes = Array.from({ length: axes }, () => reader.u64())
  const id = reader.u32()
  const begin = reader.u64()
  const type = ggufTypeOf(id)
  const text = `[${sizes.toReversed().join(', ')}]`
  if (type === undefined) throw reader.problem('UnsupportedDType', 'a known element type', `number ${id}`)
  if (sizes.some((size) => size === 0n)) throw reader.problem('TensorInvalidInfo', 'sizes of 1 or more', text)
  const { block, bytes } = ggufTypeFacts(type)
  // Exact, whatever the sizes: bigints cannot overflow.
  const elements = sizes.reduce((product, size) => product * size, 1n)
  if (elements * BigInt(bytes) > Number.MAX_SAFE_INTEGER || begin > Number.MAX_SAFE_INTEGER)
    throw reader.problem('ValidationOverflow', `at most ${Number.MAX_SAFE_INTEGER} bytes`, `${type} ${text} at offset ${begin}`)
  if ((sizes[0] as bigint) % BigInt(block) !== 0n)
    throw reader.problem('MisalignedSlice', `rows of whole blocks of ${block} for ${type}`, `rows of ${sizes[0]}`)
  if (begin % BigInt(alignment) !== 0n) throw reader.problem('InvalidOffset', `an offset that is a multiple of ${alignment}`, `${begin}`)
  return { type, shape: sizes.map(Number).reverse(), begin: Number(begin) }
}

/** Asserts that every tensor lies within the file and that no two overlap; between them may stand padding. */
function placed(
  found: readonly { name: string; type: GgufType; shape: number[]; begin: number }[],
  start: number,
  fileSize: number,
  file: string,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>()
  for (const { name, type, shape, begin } of found) {
    const { block, bytes } = ggufTypeFacts(type)
    const length = (shape.reduce((product, size) => product * size, 1) / block) * bytes
    const offset = start + begin
    if (offset + length > fileSize)
      throw new CheckpointError({
        code: 'MetadataIncompleteBuffer',
        file,
        tensor: name,
        expected: `${byteCount(length)} for ${type} ${formatShape(shape)} from byte ${offset}`,
        found: `a file of ${byteCount(fileSize)}`,
        hint: 'The file is incomplete: finish the download or save it again',
      })
    tensors.set(name, { type, shape, offset, length })
  }
  let [end, previous] = [start, '']
  for (const [tensor, { offset, length }] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset)) {
    if (offset < end)
      throw new CheckpointError({
        code: 'InvalidOffset',
        file,
        tensor,
        expected: `data from byte ${end}, where ${quoted(previous)} ends`,
        found: `an overlap from byte ${offset}`,
        hint: damaged,
      })
    end = offset + length
    previous = tensor
  }
  return tensors
}

/** Names of the kinds of metadata, by their numbers. */
const kinds = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'string', 'array', 'u64', 'i64', 'f64'] as const
type Kind = (typeof kinds)[number]
/** What the shortest value of a kind takes, in bytes. */
const leastBytes: Readonly<Record<Kind, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  array: 12,
  u64: 8,
  i64: 8,
  f64: 8,
}

/** Takes numbers and text off the front of a file, as far as its bytes are at hand. */
class Reader {
  position = 0
  /** Said in errors. */
  where: string | undefined
  tensor: string | undefined
  readonly #view: DataView
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #elements = 0

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fileSize: number,
    private readonly file: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  problem(code: CheckpointErrorCode, expected: string, found: string, hint: string | undefined = damaged): CheckpointError {
    const what = this.where === undefined ? expected : `${expected} as ${this.where}`
    return new CheckpointError({ code, file: this.file, tensor: this.tensor, expected: what, found, hint })
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4, 'a number'), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8, 'a number'), true)
  }

  /** A number of things of which each takes `least` bytes: there cannot be more than the rest of the file holds. */
  count(expected: string, most: number, least: number): number {
    const count = this.u64()
    if (count > most) throw this.problem('ValidationOverflow', expected, `${count}`)
    if (Number(count) * least > this.fileSize - this.position)
      throw this.problem('InvalidHeaderLength', `room for ${count} of ${byteCount(least)} or more`, this.#rest())
    return Number(count)
  }

  name(what: string): string {
    const length = this.count(`${what} of at most ${byteCount(longestName)}`, longestName, 1)
    const start = this.#take(length, what)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(start, start + length))
    } catch {
      throw this.problem('InvalidHeader', `${what} in UTF-8`, 'bytes that are not')
    }
  }

  value(kindNumber: number, depth: number): GgufValue {
    const kind = this.#kind(kindNumber)
    if (kind === 'array') return this.#array(depth + 1)
    if (kind === 'string') return this.#text()
    if (kind === 'bool') return this.#boolean()
    const at = this.#take(leastBytes[kind], 'a number')
    const view = this.#view
    if (kind === 'u8') return view.getUint8(at)
    if (kind === 'i8') return view.getInt8(at)
    if (kind === 'u16') return view.getUint16(at, true)
    if (kind === 'i16') return view.getInt16(at, true)
    if (kind === 'u32') return view.getUint32(at, true)
    if (kind === 'i32') return view.getInt32(at, true)
    if (kind === 'f32') return view.getFloat32(at, true)
    if (kind === 'f64') return view.getFloat64(at, true)
    return narrowed(kind === 'u64' ? view.getBigUint64(at, true) : view.getBigInt64(at, true))
  }

  #kind(number: number): Kind {
    const kind = kinds[number]
    if (kind === undefined) throw this.problem('InvalidHeader', `a kind of value from 0 to ${kinds.length - 1}`, `${number}`)
    return kind
  }

  #boolean(): boolean {
    const byte = this.#view.getUint8(this.#take(1, 'bool'))
    if (byte > 1) throw this.problem('InvalidHeader', '0 or 1', `${byte}`)
    return byte === 1
  }

  /** Tokens may be halves of characters: what is no UTF-8 becomes U+FFFD. */
  #text(): string {
    const length = this.count(`text of at most ${byteCount(largestHeader)}`, largestHeader, 1)
    const start = this.#take(length, 'text')
    return this.#decoder.decode(this.bytes.subarray(start, start + length))
  }

  #array(depth: number): GgufValue[] {
    if (depth > deepestArray) throw this.problem('InvalidHeader', `arrays at most ${deepestArray} deep`, 'a deeper one')
    const kind = this.u32()
    const length = this.count(`at most ${mostElements} elements`, mostElements, leastBytes[this.#kind(kind)])
    this.#elements += length
    if (this.#elements > mostElements) throw this.problem('ValidationOverflow', `at most ${mostElements} elements in all arrays`, 'more')
    const out: GgufValue[] = []
    for (let i = 0; i < length; i++) out.push(this.value(kind, depth))
    return out
  }

  /** Where the next `length` bytes begin. */
  #take(length: number, what: string): number {
    const start = this.position
    if (start + length > this.bytes.length)
      throw new Exhausted(() => this.problem('HeaderTooSmall', `${what} of ${byteCount(length)} at byte ${start}`, this.#rest()))
    this.position = start + length
    return start
  }

  #rest = (): string => `a file that ends ${byteCount(this.fileSize - this.position)} later`
}

const narrowed = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value

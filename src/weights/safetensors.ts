import { formatShape } from '../graph/errors.js'
import { byteCount, CheckpointError, type CheckpointErrorCode, quoted } from './checkpoint-error.js'
import { JsonReader } from './json-reader.js'
import { recognise, recognisedBytes } from './recognise.js'
import { isStorageDType, type StorageDType, storageFacts } from './storage-dtype.js'

/** The largest header that is read, in bytes: the reference implementation's limit. */
export const largestHeader = 100_000_000
/** The header's length stands in front of it as 8 bytes, little-endian. */
export const prefixBytes = 8
/** The most axes of a tensor: the limit of NumPy and PyTorch. */
const mostAxes = 64

/** One tensor of a file: `length` bytes from `offset`, both in bytes and counted from the start of the file. */
export interface TensorEntry {
  readonly storage: StorageDType
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
  /** In elements for each axis, where the elements do not lie in their order: only in files of PyTorch. */
  readonly strides?: readonly number[]
  /** What its whole numbers are to be multiplied by; see `eight-bits.ts`. */
  readonly scales?: TensorEntry
}

/** What stands in front of the data. Maps, because a tensor may be called `__proto__`; in the order of the file. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>
  readonly tensors: ReadonlyMap<string, TensorEntry>
}

const openingBrace = 0x7b
const downloadAgain = 'The file is damaged: download or save it again'

/**
 * The header of a whole file in memory, checked against the file's size.
 *
 * @throws CheckpointError for anything that is not exactly a safetensors file
 */
export function parseSafetensors(bytes: Uint8Array, file = 'bytes'): SafetensorsHeader {
  const length = parseHeaderLength(bytes.subarray(0, recognisedBytes), bytes.length, file)
  return parseHeader(bytes.subarray(prefixBytes, prefixBytes + length), bytes.length, file)
}

/**
 * The length in bytes of the header that follows the first 8 bytes.
 *
 * @param head the first bytes of the file: 8 of them, or more to recognise a file of another kind
 * @param fileSize in bytes
 * @throws CheckpointError if no safetensors file of this size begins like this
 */
export function parseHeaderLength(head: Uint8Array, fileSize: number, file: string): number {
  const fail = (code: CheckpointErrorCode, expected: string, found: string): never => {
    // A header that begins with "{" is safetensors cut short, whatever its length looks like.
    const other = head.length > prefixBytes && (head[prefixBytes] !== openingBrace || code === 'HeaderTooLarge') && recognise(head)
    if (other) throw new CheckpointError({ code: 'NotSafetensors', file, expected: 'a safetensors file', ...other })
    throw new CheckpointError({ code, file, expected, found, hint: downloadAgain })
  }
  if (fileSize < prefixBytes || head.length < prefixBytes)
    return fail('HeaderTooSmall', `at least ${prefixBytes} bytes`, fileSize ? `only ${byteCount(fileSize)}` : 'an empty file')
  const length = new DataView(head.buffer, head.byteOffset, prefixBytes).getBigUint64(0, true)
  if (length > largestHeader)
    return fail('HeaderTooLarge', `a header of at most ${byteCount(largestHeader)}`, `a length of ${byteCount(length)}`)
  const missing = Number(length) + prefixBytes - fileSize
  if (missing > 0)
    return fail(
      'InvalidHeaderLength',
      `a header of ${byteCount(length)}`,
      `a file of ${byteCount(fileSize)}: ${byteCount(missing)} of the header missing`,
    )
  if (head.length > prefixBytes && head[prefixBytes] !== openingBrace)
    return fail('InvalidHeaderStart', '"{" as byte 8', `byte ${head[prefixBytes]}`)
  return Number(length)
}

/**
 * The header, checked in full: strict JSON, known element types, every byte of the file described exactly once.
 *
 * @param header the bytes after the first 8, without the data
 * @param fileSize in bytes
 * @throws CheckpointError naming the tensor and the rule that is broken
 */
export function parseHeader(header: Uint8Array, fileSize: number, file = 'bytes'): SafetensorsHeader {
  if (header[0] !== openingBrace) {
    const found = header.length ? `byte ${header[0]}` : 'an empty header'
    throw new CheckpointError({
      code: 'InvalidHeaderStart',
      file,
      expected: '"{" as the first byte of the header',
      found,
      hint: downloadAgain,
    })
  }
  let tensor: string | undefined
  const problem = (code: CheckpointErrorCode) => (expected: string, found: string) =>
    new CheckpointError({ code, file, tensor, expected, found, hint: downloadAgain })

  const metadata = new Map<string, string>()
  const tensors = new Map<string, TensorEntry>()
  const reader = new JsonReader(decodeUtf8(header, problem('InvalidHeader')), problem('InvalidHeaderDeserialization'))
  reader.object('an object', (name) => {
    tensor = name
    if (name === '__metadata__') reader.object('an object of text', (key) => metadata.set(key, reader.string(`text as ${quoted(key)}`)))
    else tensors.set(name, parseTensor(reader, prefixBytes + header.length, problem))
    tensor = undefined
  })
  reader.end()
  checkCoverage(tensors, prefixBytes + header.length, fileSize, file)
  return { metadata, tensors }
}

type Problem = (code: CheckpointErrorCode) => (expected: string, found: string) => CheckpointError

function decodeUtf8(header: Uint8Array, problem: (expected: string, found: string) => CheckpointError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header)
  } catch {
    throw problem('a header in UTF-8', 'bytes that are not')
  }
}

/** One tensor's description; `dataStart` is where offset 0 lies in the file, in bytes. */
function parseTensor(reader: JsonReader, dataStart: number, problem: Problem): TensorEntry {
  const tooLarge = (found: string) => problem('ValidationOverflow')(`numbers up to ${Number.MAX_SAFE_INTEGER}`, found)
  let storage: StorageDType | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  reader.object('an object with dtype, shape and data_offsets', (key) => {
    if (key === 'dtype') {
      const name = reader.string('an element type')
      if (!isStorageDType(name)) throw problem('InvalidHeaderDeserialization')('a known element type', quoted(name))
      storage = name
    } else if (key === 'shape') shape = numbers(reader, 'shape', mostAxes, tooLarge, problem)
    else if (key === 'data_offsets') offsets = numbers(reader, 'data_offsets', 2, tooLarge, problem)
    else throw problem('InvalidHeaderDeserialization')('dtype, shape and data_offsets only', quoted(key))
  })
  const [begin, end] = offsets ?? []
  if (storage === undefined || shape === undefined || begin === undefined || end === undefined) {
    const missing =
      storage === undefined ? 'no dtype' : shape === undefined ? 'no shape' : offsets ? 'data_offsets without an end' : 'no data_offsets'
    throw problem('InvalidHeaderDeserialization')('dtype, shape and two data_offsets', missing)
  }
  if (end < begin) throw problem('InvalidOffset')('data_offsets that end after they begin', formatShape([begin, end]))
  if (!Number.isSafeInteger(dataStart + end)) throw tooLarge(`${end}`)
  const length = lengthInBytes(storage, shape, problem)
  if (length !== end - begin)
    throw problem('TensorInvalidInfo')(
      `${byteCount(length)} for ${storage} ${formatShape(shape)}`,
      `data_offsets ${formatShape([begin, end])}, which are ${byteCount(end - begin)}`,
    )
  return { storage, shape, offset: dataStart + begin, length }
}

function numbers(reader: JsonReader, key: string, most: number, tooLarge: (found: string) => Error, problem: Problem): number[] {
  const out: number[] = []
  reader.list(`a list of whole numbers as ${key}`, (index) => {
    if (index === most) throw problem('TensorInvalidInfo')(`at most ${most} numbers in ${key}`, 'more')
    out.push(reader.wholeNumber(`a whole number of 0 or more in ${key}`, tooLarge))
  })
  return out
}

/** Multiplies from left to right and stops at the first product above 2^53 − 1, like the reference does at 2^64 − 1. */
function lengthInBytes(storage: StorageDType, shape: readonly number[], problem: Problem): number {
  const { bits } = storageFacts(storage)
  let product = 1
  for (const factor of [...shape, bits]) {
    product *= factor
    if (!Number.isSafeInteger(product))
      throw problem('ValidationOverflow')(`a size of at most ${Number.MAX_SAFE_INTEGER} bits`, `${storage} ${formatShape(shape)}`)
  }
  if (product % 8 !== 0)
    throw problem('MisalignedSlice')('a whole number of bytes', `${storage} ${formatShape(shape)}, which is ${product} bits`)
  return product / 8
}

/** Asserts that the tensors, in the order of their offsets, follow one another without a hole or an overlap to the end of the file. */
function checkCoverage(tensors: ReadonlyMap<string, TensorEntry>, dataStart: number, fileSize: number, file: string): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  let end = dataStart
  let previous: string | undefined
  for (const [tensor, { offset, length }] of sorted) {
    if (offset !== end) {
      const expected = `data from offset ${end - dataStart}, where ${previous === undefined ? 'the header' : quoted(previous)} ends`
      const found = `${offset > end ? 'a hole up to' : 'an overlap from'} offset ${offset - dataStart}`
      throw new CheckpointError({ code: 'InvalidOffset', file, tensor, expected, found, hint: downloadAgain })
    }
    end = offset + length
    previous = tensor
  }
  if (end === fileSize) return
  const difference = Math.abs(fileSize - end)
  const found = `${byteCount(fileSize)}: ${byteCount(difference)} ${fileSize < end ? 'missing' : 'too many'}`
  const hint = fileSize < end ? 'The file is incomplete: finish the download or save it again' : downloadAgain
  throw new CheckpointError({ code: 'MetadataIncompleteBuffer', file, expected: `a file of ${byteCount(end)}`, found, hint })
}

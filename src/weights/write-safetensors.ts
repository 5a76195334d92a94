import { files } from '#files'
import { type DType, isFloat } from '../graph/dtype.js'
import { byteSize, type NDArray } from '../graph/ndarray.js'
import { byteCount, CheckpointError, quoted } from './checkpoint-error.js'
import type { FileContent } from './files.js'
import { largestHeader, prefixBytes } from './safetensors.js'
import { isPlainFileName } from './shard-index.js'
import { compareStorage, storageOf } from './storage-dtype.js'

export interface EncodeOptions {
  /** Free text that travels with the tensors. The default says that PyTorch's layout is meant, which transformers asks for. */
  readonly metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>
  /** Stores floating-point tensors as this type and leaves the others alone. */
  readonly dtype?: 'float32' | 'float16' | 'bfloat16'
}

export interface WriteOptions extends EncodeOptions {
  /** Splits a larger checkpoint into files of at most this much data, in bytes, with an index; a larger tensor gets a file of its own. */
  readonly maxShardBytes?: number
}

type Entries = Iterable<readonly [name: string, array: NDArray]>

/** A tensor that is going to be written. */
export interface DescribedTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** One whose size is known and whose bytes are made when they are needed. */
interface Outgoing extends DescribedTensor {
  readonly array: NDArray
  readonly length: number
}

/**
 * The bytes of a safetensors file, the same ones that the reference implementation writes for these tensors.
 *
 * @throws CheckpointError for a name that cannot be stored, for two equal names, or for a number too large for `dtype`
 */
export function encodeSafetensors(entries: Entries, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const file = 'bytes'
  const tensors = inFileOrder(outgoing(entries, options, file))
  const header = encodeHeader(tensors, options, file)
  const out = new Uint8Array(header.length + total(tensors))
  let at = 0
  for (const chunk of encodeFile(header, tensors, file)) {
    out.set(chunk, at)
    at += chunk.length
  }
  return out
}

/**
 * Writes a safetensors file, or several and their index where `maxShardBytes` asks for it: into temporary files beside the final
 * ones, through to the disk, and only then under their names. Whatever goes wrong before that, an older checkpoint is as it was;
 * a single file is then replaced in one step, several files one after the other with the index last.
 *
 *     await writeSafetensors('model.safetensors', parameters, { dtype: 'float16', metadata: { steps: '2000' } })
 *
 * @returns the files that were written, an index last
 * @throws CheckpointError as `encodeSafetensors` does, or if the disk is full or refuses
 */
export async function writeSafetensors(path: string, entries: Entries, options: WriteOptions = {}): Promise<readonly string[]> {
  const tensors = outgoing(entries, options, path)
  const shards = split(tensors, options.maxShardBytes ?? Number.POSITIVE_INFINITY)
  const content = (file: string, shard: readonly Outgoing[]): FileContent => {
    const sorted = inFileOrder(shard)
    return { location: file, chunks: encodeFile(encodeHeader(sorted, options, file), sorted, file) }
  }
  if (shards.length === 1) {
    await files.write([content(path, tensors)])
    return [path]
  }
  const named = shards.map((shard, i) => ({ name: shardName(path, i + 1, shards.length), shard }))
  const contents = named.map(({ name, shard }) => content(files.beside(path, name), shard))
  const index = { location: `${path}.index.json`, chunks: [encodeIndex(named)] }
  // A single file of this name would be an older checkpoint, which readers would prefer to the index.
  await files.write([...contents, index], [path])
  return [...contents, index].map(({ location }) => location)
}

/**
 * Writes a safetensors file whose tensors come one after the other, in the order in which they are described, so that no more than one of them is
 * in memory. Whole or not at all, like `writeSafetensors`.
 *
 * @param data the bytes of all tensors, in pieces of any size
 */
export async function streamSafetensors(
  path: string,
  tensors: readonly DescribedTensor[],
  data: AsyncIterable<Uint8Array>,
  options: Pick<EncodeOptions, 'metadata'> = {},
): Promise<void> {
  const described = tensors.map((tensor) => ({ ...tensor, length: byteSize(tensor.dtype, tensor.shape) }))
  const header = encodeHeader(described, options, path)
  const wanted = described.reduce((sum, { length }) => sum + length, 0)
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield header
    let written = 0
    for await (const chunk of data) {
      written += chunk.length
      yield chunk
    }
    if (written !== wanted)
      throw new CheckpointError({
        code: 'MetadataIncompleteBuffer',
        action: 'write',
        file: path,
        expected: byteCount(wanted),
        found: byteCount(written),
      })
  }
  await files.write([{ location: path, chunks: chunks() }])
}

const total = (tensors: readonly Outgoing[]): number => tensors.reduce((sum, { length }) => sum + length, 0)

/** The tensors in the order of the entries, each name checked. */
function outgoing(entries: Entries, { dtype: wanted }: EncodeOptions, file: string): Outgoing[] {
  const tensors = new Map<string, Outgoing>()
  for (const [name, array] of entries) {
    const found = tensors.has(name) ? 'one that is taken' : name === '__metadata__' ? 'the key of the metadata' : undefined
    if (found) throw new CheckpointError({ code: 'InvalidName', action: 'write', file, tensor: name, expected: 'a name of its own', found })
    checkText(name, 'a name', file)
    const dtype = wanted && isFloat(array.dtype) ? wanted : array.dtype
    tensors.set(name, { name, array, dtype, shape: array.shape, length: byteSize(dtype, array.shape) })
  }
  return [...tensors.values()]
}

/** The largest elements first, then by name; both as the reference does it. */
const inFileOrder = (tensors: readonly Outgoing[]): Outgoing[] =>
  [...tensors].sort((a, b) => compareStorage(storageOf[a.dtype], storageOf[b.dtype]) || compareCodePoints(a.name, b.name))

/** The length, the header, and spaces up to a multiple of 8 bytes. */
function encodeHeader(
  tensors: readonly (DescribedTensor & { readonly length: number })[],
  { metadata = { format: 'pt' } }: EncodeOptions,
  file: string,
): Uint8Array<ArrayBuffer> {
  const parts: string[] = []
  const free = [...(metadata instanceof Map ? metadata : Object.entries(metadata))]
  for (const text of free.flat()) checkText(text, 'metadata', file)
  if (free.length) parts.push(`"__metadata__":{${free.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`)
  let end = 0
  for (const { name, dtype, shape, length } of tensors) {
    const entry = { dtype: storageOf[dtype], shape, data_offsets: [end, end + length] }
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`)
    end += length
  }
  const text = new TextEncoder().encode(`{${parts.join(',')}}`)
  const length = Math.ceil(text.length / 8) * 8
  if (length > largestHeader) {
    const expected = `names and metadata of at most ${byteCount(largestHeader)}`
    throw new CheckpointError({ code: 'HeaderTooLarge', action: 'write', file, expected, found: byteCount(length) })
  }
  const header = new Uint8Array(prefixBytes + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(text, prefixBytes)
  return header
}

function* encodeFile(header: Uint8Array, tensors: readonly Outgoing[], file: string): Generator<Uint8Array> {
  yield header
  for (const { name, array, dtype } of tensors) {
    const stored = array.cast(dtype)
    if (dtype === 'float16' && array.dtype !== 'float16') checkOverflow(array, stored as NDArray<'float16'>, name, file)
    yield stored.bytes
  }
}

/** Half precision ends at 65504: a larger number would be stored as infinity, and the model would be lost without a word. */
function checkOverflow(array: NDArray, stored: NDArray<'float16'>, tensor: string, file: string): void {
  const index = stored.data.findIndex((bits, i) => (bits & 0x7fff) === 0x7c00 && Number.isFinite(array.at(i)))
  if (index < 0) return
  const found = `${array.at(index)} as element ${index}`
  const hint = "Store it as 'bfloat16' or 'float32'"
  throw new CheckpointError({
    code: 'NumberOverflow',
    action: 'write',
    file,
    tensor,
    expected: 'numbers up to 65504 for float16',
    found,
    hint,
  })
}

/** Fills one shard after the other in the order of the entries. */
function split(tensors: readonly Outgoing[], maxShardBytes: number): Outgoing[][] {
  if (!(maxShardBytes > 0)) throw new RangeError(`maxShardBytes is a number of bytes above 0, found ${maxShardBytes}`)
  let current: Outgoing[] = []
  let size = 0
  const shards = [current]
  for (const tensor of tensors) {
    if (current.length && size + tensor.length > maxShardBytes) {
      current = []
      shards.push(current)
      size = 0
    }
    current.push(tensor)
    size += tensor.length
  }
  return shards
}

/** The name of a shard as transformers spells it. It must be one that we would read again. */
function shardName(path: string, number: number, count: number): string {
  const digits = (value: number) => String(value).padStart(5, '0')
  const base = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).replace(/\.safetensors$/, '')
  const name = `${base}-${digits(number)}-of-${digits(count)}.safetensors`
  if (isPlainFileName(name)) return name
  const expected = 'a plain file name of letters, digits and ._- for shards'
  throw new CheckpointError({ code: 'InvalidShardName', action: 'write', file: path, expected, found: quoted(name) })
}

function encodeIndex(named: readonly { readonly name: string; readonly shard: readonly Outgoing[] }[]): Uint8Array {
  const totalSize = named.reduce((sum, { shard }) => sum + total(shard), 0)
  const lines = named.flatMap(({ name, shard }) => shard.map((tensor) => `    ${JSON.stringify(tensor.name)}: ${JSON.stringify(name)}`))
  return new TextEncoder().encode(
    `{\n  "metadata": {\n    "total_size": ${totalSize}\n  },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`,
  )
}

/** Half a surrogate pair has no UTF-8. */
function checkText(text: string, what: string, file: string): void {
  if (!/\p{Surrogate}/u.test(text)) return
  throw new CheckpointError({
    code: 'InvalidName',
    action: 'write',
    file,
    expected: `${what} in well-formed Unicode`,
    found: 'half a surrogate pair',
  })
}

/** Orders by code point, which is the order of the UTF-8 bytes; `<` compares UTF-16 units and puts surrogates too early. */
function compareCodePoints(a: string, b: string): number {
  const place = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = place(a.charCodeAt(i)) - place(b.charCodeAt(i))
    if (difference) return difference
  }
  return a.length - b.length
}

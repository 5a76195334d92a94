import { files } from '#files'
import type { DType } from '../graph/dtype.js'
import type { NDArray } from '../graph/ndarray.js'
import type { BlockFormat, QuantisedWeight } from '../graph/ops/quantised.js'
import type { ByteRegion } from '../graph/region.js'
import { CheckpointError, quoted } from './checkpoint-error.js'
import { scaledBack, withScales } from './eight-bits.js'
import { type ByteSource, blobFile, copied, memoryFile, type OpenFile } from './files.js'
import type { GgufType } from './gguf/gguf-types.js'
import { recognisedBytes } from './recognise.js'
import { parseHeader, parseHeaderLength, prefixBytes, type SafetensorsHeader, type TensorEntry } from './safetensors.js'
import { decodeTensor, readableStorage, type StorageDType, storageFacts } from './storage-dtype.js'

/** A tensor as a file describes it; none of its data has been read. */
export interface TensorInfo {
  /** The element type of the array that `read` gives; undefined where genera has none. */
  readonly dtype: DType | undefined
  /**
   * The element type in the file. Where it differs from `dtype`, `read` converts: F64 rounds to float32, I16, U16 and U32 widen, I8 with scales
   * of its own gives float32.
   */
  readonly storage: StorageDType | GgufType
  readonly shape: readonly number[]
  /** The file that holds it, as the caller or the index names it. */
  readonly file: string
  /** Where its bytes begin, from the start of the file. */
  readonly offset: number
  /** In bytes. */
  readonly length: number
  /**
   * Where the elements of `read` lie as they are, to point at without reading them. Undefined where nothing can be pointed at: in
   * a Blob or behind an address, and where `read` converts (BOOL included, whose bytes may hold more than 0 and 1) or reorders. A checkpoint
   * opened with `inMemory`, or from bytes, has a region for every tensor that has a `dtype`; the converted ones get bytes of their own.
   */
  readonly region: ByteRegion | undefined
}

export interface PackedFormat extends BlockFormat {
  /** Whether its blocks have floating-point zero points. */
  readonly lopsided: boolean
}

/** A matrix [out, in] in blocks of small whole numbers, as the fused kernel reads it. */
export interface PackedMatrix extends QuantisedWeight<NDArray>, BlockFormat {
  readonly shape: readonly [rows: number, columns: number]
}

/** Named tensors in a file or in several. Opening one reads the descriptions only. */
export interface Checkpoint {
  /** As the caller named it. */
  readonly file: string
  /** In the order of the file. */
  readonly names: readonly string[]
  readonly metadata: ReadonlyMap<string, string>
  has(name: string): boolean
  /** @throws CheckpointError if there is no tensor of this name */
  info(name: string): TensorInfo
  /**
   * Reads the bytes of this tensor and no others.
   *
   * @throws CheckpointError if there is no such tensor, if genera has no such element type, or if the file cannot be read
   */
  read(name: string): Promise<NDArray>
  /** How `packed` gives a matrix; undefined for what it gives nothing of. */
  packedFormat?(name: string): PackedFormat | undefined
  /** A matrix that the file holds in blocks, without making floating-point numbers of it; undefined for every other tensor. */
  packed?(name: string): Promise<PackedMatrix | undefined>
  /** Ends the reading. Nothing is held open between reads, so a checkpoint that is merely forgotten costs nothing. */
  close(): Promise<void>
}

export interface OpenOptions {
  /** What errors call a source without a name of its own. */
  readonly name?: string
  /** Reads the whole file now, so that every tensor that can be read has a region to point at. */
  readonly inMemory?: boolean
}

/**
 * Opens one safetensors file and checks its header in full.
 *
 *     const checkpoint = await openSafetensors('model.safetensors')
 *     checkpoint.names                        // ['wte.weight', …]
 *     await checkpoint.read('wte.weight')     // float16[50257, 768]
 *
 * @param source a path or a `file:` URL in Node, an address of the page's origin in browsers, a Blob, or the bytes
 * @throws CheckpointError for a file that is missing, damaged or of another kind
 */
export async function openSafetensors(source: ByteSource, options: OpenOptions = {}): Promise<Checkpoint> {
  const file = await openBytes(source, options)
  return checkpointOf(file, await readHeader(file))
}

/** An open file over any kind of source. */
export async function openBytes(source: ByteSource, { name, inMemory = false }: OpenOptions = {}): Promise<OpenFile> {
  if (source instanceof Uint8Array) return memoryFile(source, name ?? 'bytes')
  if (source instanceof ArrayBuffer) return memoryFile(new Uint8Array(source), name ?? 'bytes')
  const file = source instanceof Blob ? blobFile(source, name ?? blobName(source)) : await files.open(source)
  return inMemory ? memoryFile(await file.read(0, file.size), file.name) : file
}

const blobName = (blob: Blob): string => (blob instanceof globalThis.File ? blob.name : 'blob')

/** Reads and checks the header; never asks for more bytes than the file has, whatever the header says. */
export async function readHeader(file: OpenFile): Promise<SafetensorsHeader> {
  const head = await file.read(0, Math.min(file.size, recognisedBytes))
  const length = parseHeaderLength(head, file.size, file.name)
  return parseHeader(await file.read(prefixBytes, length), file.size, file.name)
}

/** The tensors that a header describes, in whatever format it was written. */
export function checkpointOf(file: OpenFile, { metadata, tensors: stored }: SafetensorsHeader): Checkpoint {
  const tensors = withScales(stored)
  const names = [...tensors.keys()]
  const copies = new Map<string, Uint8Array>()
  let closed = false

  function entryOf(name: string): TensorEntry {
    const entry = tensors.get(name)
    if (!entry) throw tensorNotFound(name, file.name, names)
    return entry
  }

  function info(name: string): TensorInfo {
    const entry = entryOf(name)
    const { storage, shape, offset, length, strides, scales } = entry
    const { dtype, convert } = storageFacts(storage)
    const asItIs = dtype && !convert && !strides && !scales
    const region = file.source && asItIs ? { source: file.source, offset, length } : dtype && converted(name, entry)
    return { dtype: scales ? 'float32' : dtype, storage, shape, file: file.name, offset, length, region }
  }

  /** Points at a converted copy, made when it is first asked for. */
  function converted(name: string, entry: TensorEntry): ByteRegion | undefined {
    if (!file.source || !('bytes' in file.source)) return undefined
    const whole = file.source.bytes
    const bytesOf = ({ offset, length }: TensorEntry) => copied(whole, offset, length)
    const bytes = copies.get(name) ?? decoded(entry, bytesOf(entry), entry.scales && bytesOf(entry.scales)).bytes
    copies.set(name, bytes)
    return { source: { bytes, name: `${quoted(name)} of ${file.name}` }, offset: 0, length: bytes.length }
  }

  return {
    file: file.name,
    names,
    metadata,
    has: (name) => tensors.has(name),
    info,

    async read(name) {
      const entry = entryOf(name)
      const { storage, offset, length, scales } = entry
      if (closed) throw alreadyClosed(file.name, name)
      if (!storageFacts(storage).dtype) throw unsupported(file.name, name, storage)
      const bytes = await file.read(offset, length)
      return decoded(entry, bytes, scales && (await file.read(scales.offset, scales.length)))
    },

    async close() {
      closed = true
    },
  }
}

/** The array that a tensor of a known element type stands for. */
function decoded(entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>, scaleBytes?: Uint8Array<ArrayBuffer>): NDArray {
  const { storage, shape, scales } = entry
  const { dtype } = storageFacts(storage)
  const values = decodeTensor(dtype as DType, storage, shape, inOrder(bytes, entry).buffer)
  return scales && scaleBytes ? scaledBack(values, decoded(scales, scaleBytes)) : values
}

/** The elements one after the other, the last axis first: as an array holds them. */
function inOrder(bytes: Uint8Array<ArrayBuffer>, { storage, shape, strides }: TensorEntry): Uint8Array<ArrayBuffer> {
  if (!strides) return bytes
  const size = storageFacts(storage).bits / 8
  const out = new Uint8Array(shape.reduce((a, b) => a * b, size))
  const place = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < out.length; to += size) {
    for (let i = 0; i < size; i++) out[to + i] = bytes[from + i] as number
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (strides[axis] as number) * size
      if (++(place[axis] as number) < (shape[axis] as number)) break
      from -= (strides[axis] as number) * size * (shape[axis] as number)
      place[axis] = 0
    }
  }
  return out
}

/** The error for a name that no tensor has; it offers the name that ends alike, since prefixes are what usually differs. */
export function tensorNotFound(tensor: string, file: string, names: readonly string[]): CheckpointError {
  const last = tensor.slice(tensor.lastIndexOf('.') + 1)
  let [closest, longest] = ['', Math.max(last.length - 1, 0)]
  for (const name of names) {
    let common = 0
    while (common < Math.min(name.length, tensor.length) && name.at(-1 - common) === tensor.at(-1 - common)) common++
    if (common > longest) [closest, longest] = [name, common]
  }
  const found = names.length ? `${names.length} others (first ${quoted(names[0] ?? '')})` : 'a file without tensors'
  const hint = closest ? `The closest name is ${quoted(closest)}` : undefined
  return new CheckpointError({ code: 'TensorNotFound', file, tensor, expected: 'a tensor of this name', found, hint })
}

const alreadyClosed = (file: string, tensor: string): CheckpointError =>
  new CheckpointError({
    code: 'Closed',
    file,
    tensor,
    expected: 'an open checkpoint',
    found: 'one that was closed',
    hint: 'Read every tensor before close()',
  })

const unsupported = (file: string, tensor: string, storage: StorageDType): CheckpointError =>
  new CheckpointError({
    code: 'UnsupportedDType',
    file,
    tensor,
    expected: `one of ${readableStorage()}`,
    found: storage,
    hint: 'Convert the file to one of these first, for example to F16',
  })

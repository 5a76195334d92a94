import { array, type NDArray } from '../../graph/ndarray.js'
import type { ByteRegion } from '../../graph/region.js'
import { type Checkpoint, type PackedFormat, type PackedMatrix, type TensorInfo, tensorNotFound } from '../checkpoint.js'
import { CheckpointError, quoted } from '../checkpoint-error.js'
import type { OpenFile } from '../files.js'
import { decodeTensor, storageFacts } from '../storage-dtype.js'
import { decodeBlocks, isBlockType, packBlocks, packedFormats } from './gguf-blocks.js'
import { configurationOf } from './gguf-config.js'
import { type GgufHeader, type GgufTensor, readGgufHeader } from './gguf-header.js'
import { type GgufNames, namesOf } from './gguf-names.js'
import { ggufTypeFacts, isPlain, readableGgufTypes } from './gguf-types.js'

/** A checkpoint out of a GGUF file, with what else the file says: how its texts are split, how its dialogues are written. */
export interface GgufCheckpoint extends Checkpoint {
  readonly gguf: GgufHeader
}

export const isGguf = (file: Checkpoint): file is GgufCheckpoint => 'gguf' in file

/**
 * A GGUF file as a checkpoint. Tensors of the families of Llama and Qwen have the names that the transformers library gives them, with rows in its
 * order, and `metadata` has their `config`, in the words of a config.json; other tensors keep the names of the file.
 *
 * @throws CheckpointError for a file that is damaged, or made to harm
 */
export async function ggufCheckpoint(file: OpenFile): Promise<GgufCheckpoint> {
  const gguf = await readGgufHeader(file)
  const tensors = namesOf(gguf, file.name)
  const names = [...tensors.keys()]
  const copies = new Map<string, Uint8Array>()
  let closed = false

  const entryOf = (name: string): GgufNames extends ReadonlyMap<string, infer Entry> ? Entry : never => {
    const entry = tensors.get(name)
    if (!entry) throw tensorNotFound(name, file.name, names)
    return entry
  }

  /** The bytes of a tensor, its rows in the order of the transformers library. */
  async function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
    if (closed) throw alreadyClosed(file.name, name)
    const { tensor, turned } = entryOf(name)
    const bytes = await file.read(tensor.offset, tensor.length)
    return turned === undefined ? bytes : unturned(bytes, tensor, turned)
  }

  function info(name: string): TensorInfo {
    const { tensor, turned } = entryOf(name)
    const { type, shape, offset, length } = tensor
    const { dtype } = ggufTypeFacts(type)
    const asStored = isPlain(type) && !('convert' in storageFacts(type)) && turned === undefined
    const region = file.source && asStored ? { source: file.source, offset, length } : dtype && converted(name)
    return { dtype, storage: type, shape, file: file.name, offset, length, region }
  }

  /** Points at a converted copy, made when it is first asked for; only of bytes that are in memory. */
  function converted(name: string): ByteRegion | undefined {
    if (!file.source || !('bytes' in file.source)) return undefined
    const { tensor, turned } = entryOf(name)
    const stored = new Uint8Array(file.source.bytes.subarray(tensor.offset, tensor.offset + tensor.length))
    const bytes = copies.get(name) ?? decoded(turned === undefined ? stored : unturned(stored, tensor, turned), tensor, name).bytes
    copies.set(name, bytes)
    return { source: { bytes, name: `${quoted(name)} of ${file.name}` }, offset: 0, length: bytes.length }
  }

  const decoded = (bytes: Uint8Array<ArrayBuffer>, { type, shape }: GgufTensor, name: string): NDArray => {
    const { dtype } = ggufTypeFacts(type)
    if (dtype && isPlain(type)) return decodeTensor(dtype, type, shape, bytes.buffer)
    if (isBlockType(type)) return array(decodeBlocks(type, bytes), { shape })
    throw unsupported(file.name, name, type)
  }

  return {
    file: file.name,
    names,
    metadata: await textOf(gguf, file),
    gguf,
    has: (name) => tensors.has(name),
    info,
    read: async (name) => decoded(await bytesOf(name), entryOf(name).tensor, name),
    packedFormat,
    packed: async (name) => packedOf(name),
    close: async () => {
      closed = true
    },
  }

  function packedFormat(name: string): PackedFormat | undefined {
    const { type, shape } = entryOf(name).tensor
    return isBlockType(type) && shape.length === 2 ? packedFormats[type] : undefined
  }

  async function packedOf(name: string): Promise<PackedMatrix | undefined> {
    const { type, shape } = entryOf(name).tensor
    const [rows, columns] = shape
    if (!isBlockType(type) || shape.length !== 2 || rows === undefined || columns === undefined) return undefined
    return packBlocks(type, await bytesOf(name), [rows, columns])
  }
}

/** The texts and numbers of a file, without its lists, under its own keys. */
async function textOf(gguf: GgufHeader, file: OpenFile): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>([['format', 'gguf']])
  for (const [key, value] of gguf.metadata) if (typeof value !== 'object') texts.set(key, String(value))
  const configuration = await configurationOf(gguf, file)
  if (configuration) texts.set('config', JSON.stringify(configuration))
  return texts
}

/**
 * Rotary positions turn neighbours in files of Llama and halves of heads in the transformers library: row 2·i + j of a head goes to j·width/2 + i.
 *
 * @param heads whose rows these are
 */
function unturned(bytes: Uint8Array<ArrayBuffer>, { shape }: GgufTensor, heads: number): Uint8Array<ArrayBuffer> {
  const rows = shape[0] as number
  const [rowBytes, width] = [bytes.length / rows, rows / heads]
  const out = new Uint8Array(bytes.length)
  for (let row = 0; row < rows; row++) {
    const within = row % width
    const to = row - within + (within & 1) * (width / 2) + (within >> 1)
    out.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes)
  }
  return out
}

const alreadyClosed = (file: string, tensor: string): CheckpointError =>
  new CheckpointError({ code: 'Closed', file, tensor, expected: 'an open checkpoint', found: 'one that was closed' })

const unsupported = (file: string, tensor: string, type: string): CheckpointError =>
  new CheckpointError({
    code: 'UnsupportedDType',
    file,
    tensor,
    expected: `one of ${readableGgufTypes()}`,
    found: type,
    hint: 'Take the same model in one of these, for example Q4_K_M or Q8_0',
  })

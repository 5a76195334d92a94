import { byteCount, CheckpointError, quoted } from '../checkpoint-error.js'
import type { OpenFile } from '../files.js'
import type { SafetensorsHeader, TensorEntry } from '../safetensors.js'
import { isContiguous, type TorchContent, type TorchTensor, tensorsOf } from './torch-tensors.js'
import { type Unpickled, unpickle } from './unpickler.js'
import { unwelcome } from './welcome.js'
import { readZip, type ZipArchive, type ZipEntry } from './zip.js'

/** A pickle holds descriptions, not weights: a large model's takes a few hundred kilobytes. */
const largestPickle = 32 * 2 ** 20
/** Storages whose places are looked up at the same time. */
const together = 16

/** A safetensors file begins with eight bytes that count its header, and the header with a brace; 128 is also how a pickle begins. */
const countsHeader = (head: Uint8Array): boolean => head[8] === 0x7b && head.subarray(4, 8).every((byte) => byte === 0)

/** Whether a file begins as PyTorch's do: as a zip archive, or before 2020 as a pickle. */
export const looksLikeTorch = (head: Uint8Array): boolean =>
  (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) ||
  (head[0] === 0x80 && (head[1] as number) <= 5 && !countsHeader(head))

/**
 * What a file of PyTorch (`.bin`, `.pt`, `.pth`, `.ckpt`) says of its tensors, in the terms of a safetensors header. The pickle in it is read as
 * data: nothing is imported, nothing is called.
 *
 * @throws CheckpointError for a file that is damaged, or whose pickle refers to code
 */
export async function readTorchHeader(file: OpenFile): Promise<SafetensorsHeader> {
  const head = await file.read(0, Math.min(2, file.size))
  return head[0] === 0x80 ? readSequence(file) : readArchive(file)
}

/** The format of PyTorch since 1.6: a zip archive with a pickle and a file for each storage. */
async function readArchive(file: OpenFile): Promise<SafetensorsHeader> {
  const archive = await readZip(file)
  const pickles = archive.names.filter((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name))
  const [pickle] = pickles
  if (pickle === undefined || pickles.length > 1)
    throw new CheckpointError({
      code: 'InvalidArchive',
      file: file.name,
      expected: 'one data.pkl in the archive, as PyTorch writes it',
      found: pickles.length ? `${pickles.length}` : `${archive.names.length} other files`,
      hint: 'If the archive holds a checkpoint, unpack it and pass that',
    })
  const root = pickle.slice(0, -'data.pkl'.length)
  await checkByteOrder(file, archive, `${root}byteorder`)
  const place = (await archive.locate(pickle)) as ZipEntry
  const content = tensorsOf(unpickled(await file.read(place.offset, checkedSize(place.length, file)), file).value, file.name)
  return headerOf(content, file, await placesOf(content, file, (key) => archive.locate(`${root}data/${key}`)))
}

async function checkByteOrder(file: OpenFile, archive: ZipArchive, name: string): Promise<void> {
  const place = await archive.locate(name)
  if (!place) return
  const order = new TextDecoder().decode(await file.read(place.offset, Math.min(place.length, 16)))
  if (order === 'little') return
  throw new CheckpointError({
    code: 'NotSupported',
    file: file.name,
    expected: 'little-endian weights',
    found: quoted(order),
    hint: 'Save the file again on a common machine',
  })
}

/** Looks each storage up once. */
async function placesOf(
  { tensors }: TorchContent,
  file: OpenFile,
  locate: (key: string) => Promise<ZipEntry | undefined>,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const wanted = [...new Map(tensors.map((tensor) => [tensor.key, tensor.name]))]
  const places = new Map<string, ZipEntry>()
  for (let start = 0; start < wanted.length; start += together)
    await Promise.all(
      wanted.slice(start, start + together).map(async ([key, tensor]) => {
        const place = await locate(key)
        if (!place) throw noStorage(file, tensor, `the data of storage ${quoted(key)}`, 'none')
        places.set(key, place)
      }),
    )
  return places
}

function headerOf({ tensors, metadata }: TorchContent, file: OpenFile, places: ReadonlyMap<string, ZipEntry>): SafetensorsHeader {
  return {
    metadata,
    tensors: new Map(tensors.map((tensor) => [tensor.name, entryOf(tensor, places.get(tensor.key) as ZipEntry, file)])),
  }
}

function entryOf(tensor: TorchTensor, place: ZipEntry, file: OpenFile): TensorEntry {
  const { storage, shape, strides, offset, span } = tensor
  if (offset + span > place.length)
    throw noStorage(file, tensor.name, `${byteCount(offset + span)} in its storage`, byteCount(place.length))
  const entry = { storage, shape, offset: place.offset + offset, length: span }
  return isContiguous(tensor) ? entry : { ...entry, strides }
}

/** The format before PyTorch 1.6: a magic number, a version, facts of the machine, the pickle, the keys of the storages, their data. */
async function readSequence(file: OpenFile): Promise<SafetensorsHeader> {
  const bytes = await file.read(0, Math.min(file.size, largestPickle))
  const magic = unpickled(bytes, file)
  const version = magic.value === oldMagic ? unpickled(bytes, file, magic.end) : undefined
  if (version?.value !== oldVersion)
    throw new CheckpointError({
      code: 'InvalidPickle',
      file: file.name,
      expected: "PyTorch's magic number and version",
      found: 'a pickle of something else',
      hint: 'Save the tensors of the model with torch.save(model.state_dict(), path), or as safetensors',
    })
  const machine = unpickled(bytes, file, version.end)
  const content = unpickled(bytes, file, machine.end)
  const keys = unpickled(bytes, file, content.end)
  const found = tensorsOf(content.value, file.name)
  return headerOf(found, file, await sequencePlaces(found, file, keys))
}

const oldMagic = 0x1950a86a20f9469cfc6cn
const oldVersion = 1001

/** Storages follow one another, each after the number of its elements. */
async function sequencePlaces(content: TorchContent, file: OpenFile, keys: Unpickled): Promise<ReadonlyMap<string, ZipEntry>> {
  const elementBytes = new Map(content.tensors.map(({ key, storedBytes }) => [key, storedBytes]))
  const places = new Map<string, ZipEntry>()
  let at = keys.end
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    if (typeof key !== 'string') continue
    const size = elementBytes.get(key)
    if (size === undefined || at + 8 > file.size) break // of no tensor, so that its size is not known; what comes after it is lost
    const count = new DataView((await file.read(at, 8)).buffer).getBigUint64(0, true)
    const length = Number(count) * size
    if (at + 8 + length > file.size) break
    places.set(key, { offset: at + 8, length })
    at += 8 + length
  }
  return placesOf(content, file, async (key) => places.get(key))
}

function unpickled(bytes: Uint8Array, { name: file }: OpenFile, start = 0): Unpickled {
  return unpickle(
    bytes,
    {
      problem: (expected, found) =>
        new CheckpointError({
          code: 'InvalidPickle',
          file,
          expected: `a pickle with ${expected}`,
          found,
          hint: 'The file is damaged: download or save it again',
        }),
      refuse: (global) => unwelcome(global, file),
    },
    start,
  )
}

function checkedSize(size: number, file: OpenFile): number {
  if (size <= largestPickle) return size
  throw new CheckpointError({
    code: 'InvalidPickle',
    file: file.name,
    expected: `a pickle of at most ${byteCount(largestPickle)}`,
    found: byteCount(size),
    hint: 'Save the tensors alone, as safetensors',
  })
}

const noStorage = (file: OpenFile, tensor: string, expected: string, found: string) =>
  new CheckpointError({
    code: 'InvalidArchive',
    file: file.name,
    tensor,
    expected,
    found,
    hint: 'The file is incomplete: finish the download or save it again',
  })

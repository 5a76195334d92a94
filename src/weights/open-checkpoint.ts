import { files } from '#files'
import { type Checkpoint, checkpointOf, type OpenOptions, openBytes, readHeader } from './checkpoint.js'
import { CheckpointError, quoted } from './checkpoint-error.js'
import type { ByteSource } from './files.js'
import { ggufCheckpoint } from './gguf/gguf-checkpoint.js'
import { looksLikeGguf } from './gguf/gguf-header.js'
import { looksLikeTorch, readTorchHeader } from './pickle/open-torch.js'
import { recognisedBytes } from './recognise.js'
import { checkIndexSize, parseShardIndex } from './shard-index.js'
import { openSharded } from './sharded.js'

/** What a folder's checkpoint may be called, the best first: the names of the transformers and diffusers libraries. */
const usualNames = [
  'model.safetensors',
  'model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'diffusion_pytorch_model.bin',
  'diffusion_pytorch_model.bin.index.json',
] as const

/**
 * Opens a checkpoint from a safetensors file, from a file of PyTorch (`.bin`, `.pt`, `.ckpt`) or of llama.cpp (`.gguf`), from the index of a
 * sharded one (`*.index.json`), or from a folder with one of these. The pickle in a file of PyTorch is read as data, never run.
 *
 *     const checkpoint = await openCheckpoint('stable-diffusion/unet')
 *
 * @throws CheckpointError for a file that is missing, damaged or of another kind
 */
export async function openCheckpoint(source: ByteSource, options: OpenOptions = {}): Promise<Checkpoint> {
  if (typeof source !== 'string' && !(source instanceof URL)) return openSingle(source, options)
  const names = await files.list(source)
  if (names) return openFolder(source, names, options)
  return isIndex(source) ? openIndex(source, options) : openSingle(source, options)
}

/**
 * Whether there is a file or a folder.
 *
 * @throws CheckpointError if the platform cannot tell, for lack of permission or of a connection
 */
export async function exists(location: string | URL): Promise<boolean> {
  try {
    if (!(await files.list(location))) await files.open(location)
    return true
  } catch (error) {
    if (error instanceof CheckpointError && error.code === 'FileNotFound') return false
    throw error
  }
}

/** One file, of the format that it begins as. */
async function openSingle(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const file = await openBytes(source, options)
  const head = await file.read(0, Math.min(file.size, recognisedBytes))
  if (looksLikeGguf(head)) return ggufCheckpoint(file)
  return checkpointOf(file, looksLikeTorch(head) ? await readTorchHeader(file) : await readHeader(file))
}

/** The query of an address says nothing about the file; a path in Node may contain a question mark, but hardly behind `.json`. */
const isIndex = (location: string | URL): boolean => /\.json$/i.test(String(location).replace(/[?#].*$/, ''))

async function openIndex(location: string | URL, options: OpenOptions): Promise<Checkpoint> {
  const file = await openBytes(location)
  checkIndexSize(file.size, file.name)
  const index = parseShardIndex(await file.read(0, file.size), file.name)
  return openSharded(file.name, index, (shard) => openSingle(files.beside(location, shard), options))
}

/** Where the names in the folder are known they decide; in browsers, each usual name is tried. */
async function openFolder(folder: string | URL, names: readonly string[], options: OpenOptions): Promise<Checkpoint> {
  for (const name of usualNames) {
    if (names.length > 0 && !names.includes(name)) continue
    try {
      return await openCheckpoint(files.within(folder, name), options)
    } catch (error) {
      if (!(error instanceof CheckpointError) || error.code !== 'FileNotFound') throw error
    }
  }
  const [gguf, ...more] = names.filter((name) => /\.gguf$/i.test(name))
  if (gguf !== undefined && more.length === 0) return openSingle(files.within(folder, gguf), options)
  const others = names.filter((name) => /\.(?:safetensors|bin|ckpt|pt|pth|gguf)(?:\.index.*\.json)?$/.test(name))
  throw new CheckpointError({
    code: 'FileNotFound',
    file: String(folder),
    expected: `${usualNames.join(', ')} in this folder`,
    found: others.length ? others.map(quoted).slice(0, 5).join(', ') : 'no file of weights',
    hint: others.length ? 'Pass the path of the file that you mean' : undefined,
  })
}

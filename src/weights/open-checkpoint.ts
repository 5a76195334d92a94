import { files } from '#files'
import { type Checkpoint, type OpenOptions, openBytes, openSafetensors } from './checkpoint.js'
import { CheckpointError, quoted } from './checkpoint-error.js'
import type { ByteSource } from './files.js'
import { checkIndexSize, parseShardIndex } from './shard-index.js'
import { openSharded } from './sharded.js'

/** What a folder's checkpoint may be called, the best first: the names of the transformers and diffusers libraries. */
const usualNames = [
  'model.safetensors',
  'model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
] as const

/**
 * Opens a checkpoint from a safetensors file, from the index of a sharded one (`*.index.json`), or from a folder with either.
 *
 *     const checkpoint = await openCheckpoint('stable-diffusion/unet')
 *
 * @throws CheckpointError for a file that is missing, damaged or of another kind
 */
export async function openCheckpoint(source: ByteSource, options: OpenOptions = {}): Promise<Checkpoint> {
  if (typeof source !== 'string' && !(source instanceof URL)) return openSafetensors(source, options)
  const names = await files.list(source)
  if (names) return openFolder(source, names, options)
  return isIndex(source) ? openIndex(source, options) : openSafetensors(source, options)
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

/** The query of an address says nothing about the file; a path in Node may contain a question mark, but hardly behind `.json`. */
const isIndex = (location: string | URL): boolean => /\.json$/i.test(String(location).replace(/[?#].*$/, ''))

async function openIndex(location: string | URL, options: OpenOptions): Promise<Checkpoint> {
  const file = await openBytes(location)
  checkIndexSize(file.size, file.name)
  const index = parseShardIndex(await file.read(0, file.size), file.name)
  return openSharded(file.name, index, (shard) => openSafetensors(files.beside(location, shard), options))
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
  const others = names.filter((name) => /\.safetensors(?:\.index.*\.json)?$/.test(name))
  throw new CheckpointError({
    code: 'FileNotFound',
    file: String(folder),
    expected: `${usualNames.join(', ')} in this folder`,
    found: others.length ? others.map(quoted).slice(0, 5).join(', ') : 'no safetensors file',
    hint: others.length ? 'Pass the path of the file that you mean' : undefined,
  })
}

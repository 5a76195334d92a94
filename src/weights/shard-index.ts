import { byteCount, CheckpointError, type CheckpointErrorCode, quoted } from './checkpoint-error.js'
import { JsonReader } from './json-reader.js'
import { recognise } from './recognise.js'

/** In bytes; like the number of shards, the limit of the hub's own JavaScript client. */
export const largestIndex = 10_000_000
export const mostShards = 10_000

/** Which tensors each shard of a checkpoint holds, in the order of the index. */
export type ShardIndex = ReadonlyMap<string, readonly string[]>

/**
 * Reads a `*.safetensors.index.json` or `*.bin.index.json`. Its metadata (`total_size` and whatever else the writer thought of) is passed over: the
 * shards say themselves how large they are.
 *
 * @throws CheckpointError if it is anything else, or names a shard that is not a plain file name
 */
export function parseShardIndex(bytes: Uint8Array, file = 'index'): ShardIndex {
  const fail = (code: CheckpointErrorCode, expected: string, found: string, tensor?: string): CheckpointError =>
    new CheckpointError({ code, file, tensor, expected, found, hint: 'Download the index again' })
  checkIndexSize(bytes.length, file)

  const shards = new Map<string, string[]>()
  const reader = new JsonReader(decode(bytes, fail), (expected, found) => fail('InvalidIndex', expected, found))
  reader.object('an object with a weight_map', (key) => {
    if (key !== 'weight_map') return reader.skip()
    reader.object('an object from tensors to shards as weight_map', (tensor) => {
      const shard = reader.string('the file name of a shard')
      const names = shards.get(shard)
      if (names) names.push(tensor)
      else if (!isPlainFileName(shard))
        throw fail('InvalidShardName', 'the plain name of a .safetensors or .bin file in the same folder', quoted(shard), tensor)
      else shards.set(shard, [tensor])
      if (shards.size > mostShards) throw fail('InvalidIndex', `at most ${mostShards} shards`, 'more')
    })
  })
  reader.end()
  if (shards.size === 0) throw fail('InvalidIndex', 'a weight_map with at least one tensor', 'none')
  return shards
}

/** @throws CheckpointError if an index of this many bytes is not worth reading */
export function checkIndexSize(size: number, file: string): void {
  if (size <= largestIndex) return
  const found = byteCount(size)
  throw new CheckpointError({ code: 'InvalidIndex', file, expected: `an index of at most ${byteCount(largestIndex)}`, found })
}

/**
 * A name that means the same file on every system: letters, digits and a little punctuation. That leaves out separators, drive
 * letters, NUL, percent signs and every look-alike in Unicode; the devices of Windows need a rule of their own.
 */
export const isPlainFileName = (name: string): boolean =>
  name.length <= 255 &&
  /^[A-Za-z0-9_][A-Za-z0-9_.+=@,() -]*\.(?:safetensors|bin)$/.test(name) &&
  !/^(?:con|prn|aux|nul|com\d|lpt\d) *\./i.test(name)

function decode(bytes: Uint8Array, fail: (code: CheckpointErrorCode, expected: string, found: string) => CheckpointError): string {
  if (!/^[\s]*\{/.test(String.fromCharCode(...bytes.subarray(0, 64))))
    throw fail('InvalidIndex', 'a JSON object', recognise(bytes)?.found ?? (bytes.length ? 'something else' : 'an empty file'))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fail('InvalidIndex', 'an index in UTF-8', 'bytes that are not')
  }
}

import { type Checkpoint, tensorNotFound } from './checkpoint.js'
import { CheckpointError } from './checkpoint-error.js'
import type { ShardIndex } from './shard-index.js'

/** How many shards are opened at the same time. */
const together = 16

/**
 * One checkpoint over several files. The headers of all shards are read and checked at once, so that a missing shard or tensor
 * shows before any weight is in memory; their data is read tensor by tensor. A tensor that the index leaves out is no part of it.
 *
 * @param openShard opens a shard by its name in the index
 * @throws CheckpointError if a shard is missing or damaged, or does not hold a tensor that the index promises
 */
export async function openSharded(file: string, index: ShardIndex, openShard: (shard: string) => Promise<Checkpoint>): Promise<Checkpoint> {
  const shards = await inGroups([...index], together, async ([shard, tensors]) => {
    const checkpoint = await openShard(shard).catch((cause: unknown) => Promise.reject(withShard(cause, file, shard, tensors)))
    const missing = tensors.find((tensor) => !checkpoint.has(tensor))
    if (missing !== undefined) throw notInShard(checkpoint.file, missing, file)
    return { checkpoint, tensors }
  })
  const holders = new Map(shards.flatMap(({ checkpoint, tensors }) => tensors.map((tensor) => [tensor, checkpoint] as const)))
  const names = [...holders.keys()]

  function holder(name: string): Checkpoint {
    const checkpoint = holders.get(name)
    if (!checkpoint) throw tensorNotFound(name, file, names)
    return checkpoint
  }

  return {
    file,
    names,
    // Every shard carries the same metadata as a rule; where they differ, the first one speaks.
    metadata: new Map(shards.toReversed().flatMap(({ checkpoint }) => [...checkpoint.metadata])),
    has: (name) => holders.has(name),
    info: (name) => holder(name).info(name),
    read: async (name) => holder(name).read(name),
    close: async () => {
      for (const { checkpoint } of shards) await checkpoint.close()
    },
  }
}

/** Visits the items, a group at a time, and gives the results in their order. */
async function inGroups<T, R>(items: readonly T[], size: number, visit: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += size) results.push(...(await Promise.all(items.slice(start, start + size).map(visit))))
  return results
}

/** A shard that is not there is reported with what is lost; any other failure speaks for itself. */
function withShard(cause: unknown, file: string, shard: string, tensors: readonly string[]): unknown {
  if (!(cause instanceof CheckpointError) || cause.code !== 'FileNotFound') return cause
  return new CheckpointError({
    code: 'MissingShard',
    file,
    expected: `the shard ${shard} beside it, with ${tensors.length === 1 ? '1 tensor' : `${tensors.length} tensors`}`,
    found: 'no such file',
    hint: 'Download all files of the checkpoint into one folder',
    cause,
  })
}

const notInShard = (file: string, tensor: string, index: string): CheckpointError =>
  new CheckpointError({
    code: 'TensorNotFound',
    file,
    tensor,
    expected: `the tensor that ${index} promises`,
    found: 'a shard without it',
    hint: 'Index and shards belong to different versions: download them together',
  })

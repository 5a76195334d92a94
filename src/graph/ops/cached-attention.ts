import { type Dimension, sameSize } from '../dimension.js'
import { applyAll, failure, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { joinHeads, requireFitting, scaledDotProductAttention, splitHeads } from './attention.js'
import { lift } from './constant.js'
import { range, sizeOf } from './creation.js'
import { where } from './elementwise.js'

export interface KeyValueCache {
  /** [batch, key heads, capacity, width]; rows behind the filled part hold anything. */
  readonly key: Tensor
  readonly value: Tensor
}

export interface CachedAttentionOptions {
  /** What the scores are multiplied by; 1/√width when left out. */
  readonly scale?: number
  /** A query looks at this many keys at most, its own included (sliding window). */
  readonly window?: number
  /**
   * The caches hold nothing yet, or one row or one token comes at a time: lets the fused kernel take whole batches of prompts, and
   * programs whose sizes are named, which cannot see for themselves.
   */
  readonly empty?: boolean
  /** Added to the scores: [batch or 1, heads or 1, tokens, capacity], such as T5's for distances. */
  readonly bias?: Tensor | undefined
}

interface CachedAttention {
  readonly scale: number
  readonly window: number | null
  readonly empty: boolean
}

/**
 * Decoding's attention: new queries, keys and values [batch, heads, tokens, width] behind `lengths` (int32 [batch]) tokens that
 * the cache holds already. Writes the new keys and values into the cache and lets every token look at all before it and
 * itself. As a state of `stateful` the caches are written in place: nothing is copied per token, whatever their capacity.
 */
export function cachedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  cache: KeyValueCache,
  lengths: Tensor,
  { scale, window, empty = false, bias }: CachedAttentionOptions = {},
): { readonly output: Tensor; readonly cache: KeyValueCache } {
  const attributes = { scale: scale ?? 1 / Math.sqrt(q.size(-1)), window: window ?? null, empty }
  if (lengths.dtype !== 'int32' || lengths.rank !== 1) failure(cachedAttentionOp.verb as string, [q])('the lengths must be int32 [batch]')
  const tokens = sizeOf(q.shape[2] as Dimension, 'int32')
  // What the kernel wants to know; computed here, so that all layers share it.
  const [last, total] = [lengths.add(tokens.sub(1)), lengths.max().add(tokens)]
  const inputs = [q, k, v, cache.key, cache.value, lengths, last, total, ...(bias ? [bias] : [])]
  const [output, key, value] = applyAll(cachedAttentionOp, inputs, attributes) as [Tensor, Tensor, Tensor]
  return { output, cache: { key, value } }
}

const cachedAttentionOp: Op<CachedAttention> = {
  name: 'attend with cache',
  verb: 'attend over … with keys … and values … and the caches … and …',
  overwrites: [undefined, 3, 4],
  infer: ([q, k, v, pastKey, pastValue, , , , bias], _, fail) => {
    const [queries, keys, values, key, value] = [q, k, v, pastKey, pastValue] as [Tensor, Tensor, Tensor, Tensor, Tensor]
    requireFitting(queries, keys, values, fail)
    const fits = (cached: Tensor, fresh: Tensor): boolean =>
      cached.rank === 4 && [0, 1, 3].every((axis) => sameSize(cached.shape[axis] as Dimension, fresh.shape[axis] as Dimension))
    if (!fits(key, keys) || !fits(value, values))
      fail('a cache is [batch, key heads, capacity, width], with the sizes of the new keys and values')
    const [batch, heads, tokens] = queries.shape as [Dimension, number, Dimension]
    const capacity = key.shape[2] as Dimension
    const wanted = [[1, batch], [1, heads], [tokens], [capacity]] as const
    if (bias && !(bias.rank === 4 && wanted.every((sizes, axis) => sizes.some((size) => sameSize(size, bias.shape[axis] as Dimension)))))
      fail(`the bias of shape [${bias.shape.join(', ')}] is not [${[batch, heads, tokens, capacity].join(', ')}]`)
    return [queries, key, value]
  },
  // GroupQueryAttention takes several new tokens behind a filled cache for one sequence at a time only, and widths of whole eights.
  supported: ({ device }, { inputs: [q], attributes: { empty } }) =>
    device === 'cpu' && (empty || q?.shape[2] === 1 || q?.shape[0] === 1) && (q as Tensor).size(3) % 8 === 0,
  emit: (emitter, { inputs, outputs: [output], attributes: { scale, window } }) => {
    const [q, k, v] = inputs as readonly [Tensor, Tensor, Tensor]
    const [key, value, , last, total, bias] = inputs.slice(3) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | undefined]
    // The kernel wants a bias for the filled part alone.
    const filled = (): string[] => {
      const end = emitter.node('Cast', emitter.node('Reshape', [total, emitter.sizes([1])]), { to: emitter.elementType('int64') })
      return emitter.node('Slice', [bias as Tensor, emitter.sizes([0]), ...end, emitter.sizes([3])])
    }
    const [joined, ...present] = emitter.node(
      'GroupQueryAttention',
      [
        joinHeads(emitter, q),
        joinHeads(emitter, k),
        joinHeads(emitter, v),
        key,
        value,
        last,
        total,
        ...(bias ? ['', '', '', ...filled()] : []),
      ],
      { num_heads: q.size(1), kv_num_heads: k.size(1), scale, ...(window !== null && { local_window_size: window }) },
      { domain: 'com.microsoft', outputs: 3 },
    )
    return [...splitHeads(emitter, joined as string, output as Tensor), ...present]
  },
  decompose: (inputs, { scale, window }) => {
    const [q, k, v, pastKey, pastValue, lengths] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    const bias = inputs[8]
    const places = lengths
      .cast('int64')
      .unsqueeze(1)
      .add(range(q.shape[2] as Dimension))
      .unsqueeze(1)
      .unsqueeze(3) // [batch, 1, tokens, 1]
    const columns = range(pastKey.shape[2] as Dimension) // [capacity]
    const here = places.equal(columns).cast(q.dtype) // [batch, 1, tokens, capacity]
    const kept = here.sum(2).unsqueeze(3).neg().add(1) // [batch, 1, capacity, 1]
    const write = (past: Tensor, fresh: Tensor): Tensor => past.mul(kept).add(here.matmul(fresh, { transposeA: true }))
    const [key, value] = [write(pastKey, k), write(pastValue, v)]
    const before = columns.lessOrEqual(places)
    const mask = window === null ? before : before.and(columns.greater(places.sub(window)))
    const added = bias?.add(where(mask, lift(0, q.dtype), lift(q.dtype === 'float32' ? -1e38 : -6e4, q.dtype)))
    return [scaledDotProductAttention(q, key, value, { mask: added ?? mask, scale }), key, value]
  },
}

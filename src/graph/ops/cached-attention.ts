import { type Dimension, isStatic, sameSize } from '../dimension.js'
import type { DType } from '../dtype.js'
import { applyAll, failure, type Op } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
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

/** What is added to the scores of rows with one new token each: [batch, 1, queries per key head, capacity], 0 where it looks. */
function seenByOne(q: Tensor, k: Tensor, capacity: Dimension, places: Tensor, window: number | null): Tensor {
  const batch = q.shape[0] as Dimension
  const [columns, here] = [range(capacity), places.reshape([batch, 1, 1, 1])]
  const before = columns.lessOrEqual(here)
  const seen = window === null ? before : before.and(columns.greater(here.sub(window)))
  return added(seen, q.dtype).expand([batch, 1, q.size(1) / k.size(1), capacity])
}

/** What a mask adds to the scores. */
const added = (seen: Tensor, dtype: DType): Tensor => where(seen, lift(0, dtype), lift(dtype === 'float32' ? -1e38 : -6e4, dtype))

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
  // What the kernels want to know; computed here, so that all layers share it.
  const [places, last, total, single] = [lengths.cast('int64'), lengths.add(tokens.sub(1)), lengths.max().add(tokens), tokens.equal(1)]
  const mask = seenByOne(q, k, cache.key.shape[2] as Dimension, places, attributes.window)
  const inputs = [q, k, v, cache.key, cache.value, lengths, places, last, total, single, mask, ...(bias ? [bias] : [])]
  const [output, key, value] = applyAll(cachedAttentionOp, inputs, attributes) as [Tensor, Tensor, Tensor]
  return { output, cache: { key, value } }
}

/** What the operation reads, in this order. */
const names = ['q', 'k', 'v', 'key', 'value', 'lengths', 'places', 'last', 'total', 'single', 'mask', 'bias'] as const
type Call = Readonly<Record<Exclude<(typeof names)[number], 'bias'>, Tensor>> & { readonly bias?: Tensor }
const callOf = (inputs: readonly Tensor[]): Call => Object.fromEntries(inputs.map((input, i) => [names[i], input])) as Call

const cachedAttentionOp: Op<CachedAttention> = {
  name: 'attend with cache',
  verb: 'attend over … with keys … and values … and the caches … and …',
  overwrites: [undefined, 3, 4],
  infer: ([q, k, v, pastKey, pastValue, , , , , , , bias], _, fail) => {
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
  emit: (emitter, { inputs, outputs: [output], attributes }) => {
    const call = callOf(inputs)
    const like = output as Tensor
    const tokens = call.q.shape[2] as Dimension
    if (isStatic(tokens) && tokens > 1) return attendSeveral(emitter, call, [call.key, call.value], like, attributes)
    const write = (past: Tensor, fresh: Tensor): string =>
      emitter.node('TensorScatter', [past, fresh, call.places], { axis: 2 }, { opset: 24 })[0] as string
    const caches = [write(call.key, call.k), write(call.value, call.v)] as const
    const one = (): string[] => attendOne(emitter, call, caches, like, attributes)
    if (isStatic(tokens)) return [...one(), ...caches]
    const more = (): string[] => attendSeveral(emitter, call, caches, like, attributes).slice(0, 1)
    return [...emitter.branch(emitter.name(call.single), one, more, [like]), ...caches]
  },
  decompose: (inputs, { scale, window }) => {
    const { q, k, v, key: pastKey, value: pastValue, lengths, bias } = callOf(inputs)
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
    return [scaledDotProductAttention(q, key, value, { mask: bias?.add(added(mask, q.dtype)) ?? mask, scale }), key, value]
  },
}

type Caches = readonly [key: Tensor | string, value: Tensor | string]

/**
 * One new token in each row, after it was written into the caches: the queries of a group stand below one another, so that every key is read
 * once and not once per query. Behind 2,000 tokens, 14 queries of 64 to 2 key heads take two thirds of GroupQueryAttention's time.
 */
function attendOne(emitter: Emitter, { q, k, mask, bias }: Call, caches: Caches, like: Tensor, { scale }: CachedAttention): string[] {
  const [batch, heads, , width] = q.shape as [Dimension, number, Dimension, number]
  const [shared, capacity] = [k.size(1), mask.shape[3] as Dimension]
  const grouped = [batch, shared, heads / shared, width]
  const rows = emitter.node('Reshape', [q, emitter.shapeFor(grouped)])
  const parted = (bias: Tensor): string[] => {
    const [of, each] = bias.shape as [Dimension, number]
    return emitter.node('Reshape', [bias, emitter.sizes([of, ...(each === 1 ? [1, 1] : [shared, heads / shared]), capacity])])
  }
  const whole = bias ? emitter.node('Add', [mask, ...parted(bias)]) : [mask]
  const attended = emitter.node('Attention', [...rows, ...caches, ...whole], { scale }, { opset: 23 })
  return emitter.node('Reshape', [...attended, emitter.shapeFor(like.shape)])
}

/** Any number of tokens, which the kernel writes into the caches by itself. */
function attendSeveral(
  emitter: Emitter,
  { q, k, v, last, total, bias }: Call,
  caches: Caches,
  like: Tensor,
  { scale, window }: CachedAttention,
): string[] {
  // The kernel wants a bias for the filled part alone.
  const filled = (bias: Tensor): string[] => {
    const end = emitter.node('Cast', emitter.node('Reshape', [total, emitter.sizes([1])]), { to: emitter.elementType('int64') })
    return emitter.node('Slice', [bias, emitter.sizes([0]), ...end, emitter.sizes([3])])
  }
  const [joined, ...present] = emitter.node(
    'GroupQueryAttention',
    [...[q, k, v].map((x) => joinHeads(emitter, x)), ...caches, last, total, ...(bias ? ['', '', '', ...filled(bias)] : [])],
    { num_heads: q.size(1), kv_num_heads: k.size(1), scale, ...(window !== null && { local_window_size: window }) },
    { domain: 'com.microsoft', outputs: 3 },
  )
  return [...splitHeads(emitter, joined as string, like), ...present]
}

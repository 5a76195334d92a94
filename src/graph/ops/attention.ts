import { type Dimension, isStatic, sameSize } from '../dimension.js'
import { isFloat } from '../dtype.js'
import { apply, type Fail, type Node, type Op, type Target } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
import { broadcastShapes, elements, sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { lift } from './constant.js'
import { triangle } from './creation.js'
import { sameDType } from './define.js'
import { where } from './elementwise.js'
import { softmax } from './normalisation.js'

export interface AttentionOptions {
  /** Which keys a query may look at: bool (true: may) or a float that is added to the scores; broadcasts to [batch, heads, queries, keys]. */
  readonly mask?: Tensor | undefined
  /** Query i looks at keys 0 to i. */
  readonly causal?: boolean
  /** What the scores are multiplied by; 1/√width when left out. */
  readonly scale?: number
}

interface Attention {
  readonly causal: boolean
  readonly scale: number
}

/**
 * `softmax(q·kᵀ·scale + mask)·v` on [batch, heads, tokens, width] (Vaswani et al. 2017, section 3.2.1). Keys and values may have
 * fewer heads than the queries, each shared by a group of neighbours. A query that the mask allows no key gives zeros.
 */
export const scaledDotProductAttention = (
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask, causal = false, scale }: AttentionOptions = {},
): Tensor => apply(attentionOp, mask ? [q, k, v, mask] : [q, k, v], { causal, scale: scale ?? 1 / Math.sqrt(q.size(-1)) })

const attentionOp: Op<Attention> = {
  name: 'attend',
  verb: 'attend over … with keys … and values …',
  infer: ([q, k, v, mask], _, fail) => {
    const [queries, keys, values] = [q, k, v] as [Tensor, Tensor, Tensor]
    requireFitting(queries, keys, values, fail)
    const [batch, heads, tokens] = queries.shape as [Dimension, number, Dimension]
    if (mask) {
      const scores = [batch, heads, tokens, keys.shape[2] as Dimension]
      const joined = mask.rank <= 4 ? broadcastShapes([mask.shape, scores], fail) : []
      if (!scores.every((size, i) => sameSize(size, joined[i] ?? -1)))
        fail(`the mask of shape [${mask.shape.join(', ')}] does not broadcast to [${scores.join(', ')}]`)
      if (mask.dtype !== 'bool') sameDType(queries, mask, fail)
    }
    return [{ dtype: queries.dtype, shape: [batch, heads, tokens, values.shape[3] as Dimension] }]
  },
  emit: (emitter, node) => kernels[kernelFor(emitter.target, node) ?? 'attention'](emitter, node),
  supported: (target, node) => kernelFor(target, node) !== undefined,
  decompose: ([q, k, v, mask], attributes) => [plainAttention(q as Tensor, k as Tensor, v as Tensor, mask, attributes)],
}

export function requireFitting(q: Tensor, k: Tensor, v: Tensor, fail: Fail): void {
  sameDType(sameDType(q, k, fail), v, fail)
  if (!isFloat(q.dtype)) fail(`it does not take elements of type ${q.dtype}`)
  if ([q, k, v].some(({ rank }) => rank !== 4)) fail('queries, keys and values are [batch, heads, tokens, width]')
  const same = (a: Tensor, b: Tensor, axis: number): boolean => sameSize(a.shape[axis] as Dimension, b.shape[axis] as Dimension)
  if (!same(q, k, 0) || !same(q, v, 0)) fail('their batches differ')
  if (!same(q, k, 3)) fail(`the queries have width ${q.shape[3]}, the keys ${k.shape[3]}`)
  if (!same(k, v, 2)) fail(`there are ${k.shape[2]} keys and ${v.shape[2]} values`)
  if (!same(k, v, 1) || q.size(1) % k.size(1) !== 0) fail('the heads of the queries must be a multiple of those of the keys and values')
}

/** The lowest finite number: added to a score it rules the key out without making NaN of a query that may look nowhere. */
const lowest = (dtype: Tensor['dtype']): number => (dtype === 'float32' ? -3.4028234663852886e38 : -65504)

/** What a mask adds to the scores: 0 where looking is allowed. */
const bias = (allowed: Tensor, dtype: Tensor['dtype']): Tensor => where(allowed, lift(0, dtype), lift(lowest(dtype), dtype))

/** The same in plain operations. The queries of one group stand below one another, so each key head is read by one product. */
function plainAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | undefined, { causal, scale }: Attention): Tensor {
  const [batch, heads, tokens, width] = q.shape as [Dimension, number, Dimension, number]
  const [shared, keys] = [k.size(1), k.shape[2] as Dimension]
  const group = heads / shared
  const stacked = [batch, shared, elements([group, tokens])]
  const scores = q
    .mul(scale)
    .reshape([...stacked, width])
    .matmul(k, { transposeB: true }) // [batch, key heads, group·queries, keys]
  const attend = (all: Tensor): Tensor =>
    softmax(all)
      .reshape([...stacked, keys])
      .matmul(v)
      .reshape([batch, heads, tokens, v.shape[3] as Dimension])
  if (!mask && !causal) return attend(scores)
  const parted = scores.reshape([batch, shared, group, tokens, keys])
  const before = causal ? triangle(tokens, keys) : undefined
  if (mask && mask.dtype !== 'bool') return attend(parted.add(perGroup(before ? mask.add(bias(before, q.dtype)) : mask, shared, group)))
  const allowed = mask && before ? mask.and(before) : ((mask ?? before) as Tensor)
  const y = attend(parted.add(perGroup(bias(allowed, q.dtype), shared, group)))
  return mask ? y.mul(allowed.cast(q.dtype).max(-1, { keepDims: true })) : y
}

/** A bias over [batch, heads, queries, keys] with its heads parted into [key heads, group]. */
function perGroup(total: Tensor, shared: number, group: number): Tensor {
  const [batch, heads, queries, keys] = [...new Array<Dimension>(4 - total.rank).fill(1), ...total.shape] as [Dimension, ...Dimension[]]
  return total.reshape([batch, ...(heads === 1 ? [1, 1] : [shared, group]), queries as Dimension, keys as Dimension])
}

/**
 * ONNX's Attention is the fastest kernel on two cores up to about a thousand tokens (8 heads × 64: 1.0 ms at 256 tokens, 16 at 1024),
 * but it holds all scores. Beyond, it is given the queries in slices. MultiHeadAttention would work through the keys in blocks by itself, but
 * only in some shapes and on some machines: elsewhere it held 1.1 GB of scores for 2 × 8 heads over 4096 tokens. Causal,
 * GroupQueryAttention is the fastest and holds little: 54 ms at 2048 tokens, against 88.
 */
type Kernel = 'attention' | 'sliced' | 'flash' | 'causalFlash'

/** Scores per head from which not all are held at once. */
const manyScores = 1024 * 1024
/** Scores of all heads that a slice holds: 64 MB. */
const scoresAtOnce = 2 ** 24

function kernelFor({ device }: Target, { inputs: [q, k, v, mask], attributes: { causal } }: Node<Attention>): Kernel | undefined {
  const [queries, keys, values] = [q, k, v] as [Tensor, Tensor, Tensor]
  const [tokens, from, width] = [queries.shape[2], keys.shape[2], queries.size(3)] as [Dimension, Dimension, number]
  const reference = device === 'cpu' || device === 'wasm'
  if ([...queries.shape, ...keys.shape].includes(0)) return undefined // the kernels refuse to do nothing
  const many = isStatic(tokens) && isStatic(from) && tokens * from >= manyScores
  if (!mask && (reference ? many : isStatic(tokens))) {
    if (causal && sameSize(tokens, from) && width % 8 === 0 && values.size(3) === width) return 'causalFlash'
    if (!causal && reference && isStatic(queries.shape[0] as Dimension)) return 'sliced'
    if (!causal && values.size(1) === queries.size(1)) return 'flash'
  }
  return reference ? 'attention' : undefined
}

const kernels: Readonly<Record<Kernel, (emitter: Emitter, node: Node<Attention>) => readonly string[]>> = {
  attention: (emitter, { inputs, attributes: { causal, scale } }) => {
    const [q, k, v, mask] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    const scores = [...(mask?.shape.slice(0, -2) ?? []), q.shape[2] as Dimension, k.shape[2] as Dimension]
    const whole = mask && (sameShape(mask.shape, scores) ? [mask] : emitter.node('Expand', [mask, emitter.sizes(scores)]))
    return emitter.node('Attention', [q, k, v, ...(whole ?? [])], { scale, is_causal: causal ? 1 : 0 }, { opset: 23 })
  },
  sliced: (emitter, { inputs: [q, k, v], attributes: { scale } }) => {
    const [queries, keys, values] = [q, k, v] as [Tensor, Tensor, Tensor]
    const [batch, heads, tokens] = queries.shape as readonly number[] as [number, number, number]
    const count = Math.min(tokens, Math.ceil((batch * heads * tokens * keys.size(2)) / scoresAtOnce))
    const sizes = Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * tokens) / count) - Math.floor((i * tokens) / count))
    const slices = emitter.node('Split', [queries, emitter.sizes(sizes)], { axis: 2 }, { outputs: count })
    const attended = slices.flatMap((slice) => emitter.node('Attention', [slice, keys, values], { scale }, { opset: 23 }))
    return emitter.node('Concat', attended, { axis: 2 })
  },
  flash: (emitter, { inputs: [q, k, v], output, attributes: { scale } }) => {
    const [queries, keys, values] = [q, k, v] as [Tensor, Tensor, Tensor]
    const inputs = [joinHeads(emitter, queries), keys, values]
    const [joined] = emitter.node('MultiHeadAttention', inputs, { num_heads: queries.size(1), scale }, { domain: 'com.microsoft' })
    return splitHeads(emitter, joined as string, output)
  },
  causalFlash: (emitter, { inputs, output, attributes: { scale } }) => {
    const [q, k] = inputs as readonly [Tensor, Tensor, Tensor]
    const tokens = k.size(2)
    const last = emitter.node('Expand', [emitter.number(tokens - 1, 'int32'), emitter.sizes([q.shape[0] as Dimension])])
    const [joined] = emitter.node(
      'GroupQueryAttention',
      [...inputs.map((x) => joinHeads(emitter, x)), '', '', ...last, emitter.number(tokens, 'int32')],
      { num_heads: q.size(1), kv_num_heads: k.size(1), scale },
      { domain: 'com.microsoft', outputs: 3 },
    )
    return splitHeads(emitter, joined as string, output)
  },
}

const swapHeads = (emitter: Emitter, x: Tensor | string): string => emitter.node('Transpose', [x], { perm: [0, 2, 1, 3] })[0] as string

/** [batch, heads, tokens, width] as the [batch, tokens, heads·width] that ONNX Runtime's own kernels read. */
export function joinHeads(emitter: Emitter, x: Tensor): string {
  const [batch, heads, tokens, width] = x.shape as [Dimension, number, Dimension, number]
  return emitter.node('Reshape', [swapHeads(emitter, x), emitter.shapeFor([batch, tokens, heads * width])])[0] as string
}

/** The way back, to the shape of `like`. */
export function splitHeads(emitter: Emitter, joined: string, like: Tensor): string[] {
  const [batch, heads, tokens, width] = like.shape as [Dimension, number, Dimension, number]
  const split = emitter.node('Reshape', [joined, emitter.shapeFor([batch, tokens, heads, width])])
  return [swapHeads(emitter, split[0] as string)]
}

import {
  axes,
  cachedAttention,
  type Dimension,
  gather,
  type KeyValueCache,
  range,
  scaledDotProductAttention,
  sizeOf,
  type Tensor,
  times,
} from '../../graph/index.js'

/** The tokens before those that a network is given. */
export interface Past {
  /** One pair of caches per layer. */
  readonly caches: readonly KeyValueCache[]
  /** How many tokens of each row the caches hold: int32 [batch]. */
  readonly lengths: Tensor
}

/** Several texts in one row. */
export interface Packed {
  /** Which text of its row a token belongs to: int32 [batch, tokens]. A token sees its own text alone. */
  readonly segments: Tensor
  /** Its place in that text, int64 [batch, tokens]. */
  readonly positions: Tensor
}

export interface CausalOptions {
  readonly past?: Past | undefined
  /**
   * How many tokens of each row count, int32 [batch]; what stands behind them is padding. The logits are then those behind the last one that
   * counts, [batch, vocabulary], instead of those behind every token.
   */
  readonly counts?: Tensor | undefined
  /** Without a past: the rows hold several texts each, as in training. */
  readonly packed?: Packed | undefined
}

export interface CausalOutput {
  /** Unnormalised log-probabilities of the next token: [batch, tokens, vocabulary], or [batch, vocabulary] with `counts`. */
  readonly logits: Tensor
  /** What the caches hold now, a pair per layer; none without a past. */
  readonly caches: readonly KeyValueCache[]
}

/** A decoder whose parameters are at hand: token ids [batch, tokens] in, what may come next out. */
export type CausalNetwork = (tokens: Tensor, options?: CausalOptions) => CausalOutput

export interface AttendOptions {
  /** What the scores are multiplied by; 1/√width when left out. */
  readonly scale?: number | undefined
  /** A token looks at this many at most, itself included (sliding window). */
  readonly window?: number | undefined
  /** Added to the scores: [batch or 1, heads, tokens, keys], with a past as many keys as the caches have room for. */
  readonly bias?: Tensor | undefined
}

/** How the layers of a decoder see the tokens before. */
export interface Attending {
  /** The place of every token, int64 [batch, tokens]. */
  readonly positions: Tensor
  /** What the caches hold after the layers that have attended so far. */
  readonly caches: KeyValueCache[]
  /** The next layer's attention over [batch, heads, tokens, width]; keys and values may have fewer heads. */
  attend(q: Tensor, k: Tensor, v: Tensor, options?: AttendOptions): Tensor
}

/** Causal attention for one pass through a decoder, whose layers take turns: over the tokens alone, or over a past as well. */
export function attending(tokens: Tensor, { past, packed }: Pick<CausalOptions, 'past' | 'packed'> = {}): Attending {
  const [batch, count] = tokens.shape as [Dimension, Dimension]
  const own = range(count).unsqueeze(0)
  const positions = packed?.positions ?? (past ? past.lengths.cast('int64').unsqueeze(1).add(own) : own.expand([batch, count]))
  const together = packed?.segments.unsqueeze(1).unsqueeze(3).equal(packed.segments.unsqueeze(1).unsqueeze(1)) // [batch, 1, queries, keys]
  const caches: KeyValueCache[] = []
  return {
    positions,
    caches,
    attend(q, k, v, { scale, window, bias } = {}) {
      const scaled = scale === undefined ? {} : { scale }
      if (together) {
        if (bias) throw new RangeError('Cannot attend over packed rows with a bias: it would count places of the row')
        return scaledDotProductAttention(q, k, v, { mask: band(count, window ?? Number.POSITIVE_INFINITY).and(together), ...scaled })
      }
      if (!past)
        return window === undefined
          ? scaledDotProductAttention(q, k, v, { causal: true, mask: bias, ...scaled })
          : scaledDotProductAttention(q, k, v, { mask: band(count, window), ...scaled })
      const cache = past.caches[caches.length] as KeyValueCache
      const options = { ...scaled, ...(window !== undefined && { window }), bias, empty: true }
      const { output, cache: next } = cachedAttention(q, k, v, cache, past.lengths, options)
      caches.push(next)
      return output
    },
  }
}

/** True where a key stands at most `window` − 1 tokens before the query, and not behind it: [queries, keys]. */
function band(count: Dimension, window: number): Tensor {
  const distance = range(count).unsqueeze(1).sub(range(count).unsqueeze(0))
  const before = distance.greaterOrEqual(0)
  return window === Number.POSITIVE_INFINITY ? before : before.and(distance.less(window))
}

/** [batch, tokens, heads·width] as [batch, heads, tokens, width]. */
export function splitHeads(x: Tensor, heads: number, width: number): Tensor {
  const [batch, tokens] = x.shape as [Dimension, Dimension]
  return x.reshape([batch, tokens, heads, width]).transpose([0, 2, 1, 3])
}

/** [batch, heads, tokens, width] as [batch, tokens, heads·width]. */
export function joinHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, width] = x.shape as [Dimension, number, Dimension, number]
  return x.transpose([0, 2, 1, 3]).reshape([batch, tokens, heads * width])
}

/** The states that logits are asked of: all [batch, tokens, width], or each row's last one that counts [batch, width]. */
export function statesToRead(states: Tensor, counts: Tensor | undefined): Tensor {
  if (!counts) return states
  const [batch, tokens] = states.shape as [Dimension, Dimension]
  const { width } = axes(states, 'batch tokens width')
  const place = range(batch).mul(sizeOf(tokens)).add(counts.cast('int64')).sub(1)
  return gather(states.reshape([times(batch, tokens), width as Dimension]), place)
}

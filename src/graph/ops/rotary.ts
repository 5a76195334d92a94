import { type Dimension, sameSize, times } from '../dimension.js'
import { array, fill, type NDArray } from '../ndarray.js'
import { apply, failure, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { lift } from './constant.js'
import { sameDType } from './define.js'
import { gather } from './gather.js'
import { concat, slice, stack } from './shaping.js'

export interface RotaryOptions {
  /** The place of every token, int64 [tokens] or [batch, tokens]; 0, 1, … when left out. */
  readonly positions?: Tensor | undefined
  /** Pairs are neighbours (GPT-J, RoFormer) instead of the two halves of the width (GPT-NeoX, Llama). */
  readonly interleaved?: boolean
}

/**
 * Rotary position embedding (Su et al. 2021) of [batch, heads, tokens, width]: turns each pair of features by the angle of its
 * position. The tables [positions, turned / 2] hold the cosines and sines, or [batch, tokens, turned / 2] those of the very tokens; features
 * beyond the turned ones stay as they are.
 */
export function rotaryEmbedding(
  x: Tensor,
  { cos, sin }: { readonly cos: Tensor | NDArray; readonly sin: Tensor | NDArray },
  { positions, interleaved = false }: RotaryOptions = {},
): Tensor {
  const rows = (table: Tensor | NDArray): Tensor => {
    const whole = lift(table)
    const tokens = x.shape[2] as Dimension
    if (positions) return gather(whole, positions)
    if (whole.rank === 3) return whole
    if (whole.size(0) < (tokens as number)) failure(rotateOp.verb as string, [x])(`the tables hold ${whole.size(0)} positions`)
    return slice(whole, 0, 0, tokens)
  }
  return apply(rotateOp, [x, rows(cos).cast(x.dtype), rows(sin).cast(x.dtype)], { interleaved })
}

/** Inputs: x, and the cosines and sines of its tokens, [tokens, turned / 2] or [batch, tokens, turned / 2]. */
const rotateOp: Op<{ readonly interleaved: boolean }> = {
  name: 'rotate',
  verb: 'turn the features of',
  infer: ([a, cos, sin], _, fail) => {
    const x = sameDType(sameDType(a as Tensor, cos as Tensor, fail), sin as Tensor, fail)
    if (x.rank !== 4) fail('it must be [batch, heads, tokens, width]')
    const [batch, , tokens, width] = x.shape as [Dimension, Dimension, Dimension, number]
    for (const { shape } of [cos, sin] as [Tensor, Tensor]) {
      const wanted = shape.length === 3 ? [batch, tokens] : [tokens]
      if (shape.length !== wanted.length + 1 || !wanted.every((size, i) => sameSize(size, shape[i] as Dimension)))
        fail(`the angles have shape [${shape.join(', ')}] for [${wanted.join(', ')}] positions`)
      if (2 * (shape.at(-1) as number) > width) fail(`the tables turn ${2 * (shape.at(-1) as number)} features of ${width}`)
    }
    return [x]
  },
  emit: (emitter, { inputs, attributes: { interleaved } }) => {
    const [x, cos, sin] = inputs as readonly [Tensor, Tensor, Tensor]
    const [batch, heads, tokens, width] = x.shape as [Dimension, number, Dimension, number]
    const half = cos.size(-1)
    const flat = (table: Tensor): Tensor | string =>
      table.rank === 2 ? table : (emitter.node('Reshape', [table, emitter.shapeFor([times(batch, tokens), half])])[0] as string)
    const places =
      cos.rank === 2
        ? [emitter.sizes([0])]
        : emitter.node('Reshape', [...emitter.range(times(batch, tokens)), emitter.shapeFor([batch, tokens])])
    const part = 2 * half < width ? { rotary_embedding_dim: 2 * half, num_heads: heads } : {}
    return emitter.node(
      'RotaryEmbedding',
      [x, ...places, flat(cos), flat(sin)],
      { interleaved: interleaved ? 1 : 0, ...part },
      { domain: 'com.microsoft' },
    )
  },
  decompose: ([x, cos, sin], { interleaved }) => {
    const [whole, c, s] = [x as Tensor, perHead(cos as Tensor), perHead(sin as Tensor)]
    const [a, b, rest] = pairs(whole, c.size(-1), interleaved)
    return [unpair(a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s)), rest, interleaved)]
  },
  // A rotation's inverse is its transpose; the slope of an angle's cosine and sine is gathered from all heads.
  gradient: ([g], { inputs, attributes }) => {
    const [upstream, x, cos, sin] = [g, ...inputs] as [Tensor, Tensor, Tensor, Tensor]
    const [a, b] = pairs(x, cos.size(-1), attributes.interleaved)
    const [ga, gb] = pairs(upstream, cos.size(-1), attributes.interleaved)
    return [
      () => apply(rotateOp, [upstream, cos, sin.neg()], attributes),
      () => ga.mul(a).add(gb.mul(b)).sum(1),
      () => gb.mul(a).sub(ga.mul(b)).sum(1),
    ]
  },
}

const perHead = (table: Tensor): Tensor => (table.rank === 3 ? table.unsqueeze(1) : table)

/** The first and the second member of every pair, and the features that are not turned. */
function pairs(x: Tensor, half: number, interleaved: boolean): [Tensor, Tensor, Tensor] {
  const rest = slice(x, 3, 2 * half)
  if (!interleaved) return [slice(x, 3, 0, half), slice(x, 3, half, 2 * half), rest]
  const split = slice(x, 3, 0, 2 * half).reshape([...x.shape.slice(0, 3), half, 2])
  return [split.pick(4, 0), split.pick(4, 1), rest]
}

function unpair(a: Tensor, b: Tensor, rest: Tensor, interleaved: boolean): Tensor {
  const turned = interleaved ? stack([a, b], 4).flatten(3) : concat([a, b], 3)
  return rest.size(3) === 0 ? turned : concat([turned, rest], 3)
}

/** How published models stretch their angles beyond the length that they were trained on. */
export type RotaryScaling =
  /** All positions divided by a factor (Chen et al. 2023). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** A larger base, so that fast pairs hardly change (bloc97 2023, "NTK-aware"). */
  | { readonly kind: 'ntk'; readonly factor: number }
  /** Slow pairs divided, fast pairs kept, a smooth passage between (Llama 3.1). */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly trainedLength: number
    }
  /** The same by the number of turns within the trained length, and a temperature (Peng et al. 2023, YaRN). */
  | {
      readonly kind: 'yarn'
      readonly factor: number
      readonly trainedLength: number
      readonly fastTurns?: number
      readonly slowTurns?: number
    }

export interface RotaryTableOptions {
  /** How many features are turned: an even number. */
  readonly width: number
  /** How many positions the tables hold. */
  readonly length: number
  readonly theta?: number
  readonly scaling?: RotaryScaling
}

/** By how much each pair turns from one position to the next, and what all cosines and sines are multiplied by. */
function rotaryRates({ width, theta = 10_000, scaling }: Omit<RotaryTableOptions, 'length'>): { rates: number[]; gain: number } {
  const rates = Array.from({ length: width / 2 }, (_, pair) => rate(pair, { width, theta, scaling }))
  return { rates, gain: scaling?.kind === 'yarn' && scaling.factor > 1 ? 0.1 * Math.log(scaling.factor) + 1 : 1 }
}

/**
 * The cosines and sines [batch, tokens, width / 2] of positions [batch, tokens] that a program is given: for decoders, whose tables would hold
 * a hundred thousand positions. Angles are float32, as in the reference libraries.
 */
export function rotaryAngles(positions: Tensor, options: Omit<RotaryTableOptions, 'length'>): { cos: Tensor; sin: Tensor } {
  const { rates, gain } = rotaryRates(options)
  const angles = positions.cast('float32').unsqueeze(-1).mul(array(rates))
  const scaled = (x: Tensor): Tensor => (gain === 1 ? x : x.mul(gain))
  return { cos: scaled(angles.cos()), sin: scaled(angles.sin()) }
}

/** Cosines and sines [length, width / 2] of the angles position · theta^(-2i / width). */
export function rotaryTables({ length, ...options }: RotaryTableOptions): { cos: NDArray; sin: NDArray } {
  const { rates, gain } = rotaryRates(options)
  const half = rates.length
  const table = (of: (angle: number) => number): NDArray =>
    fill('float32', [length, half], (i) => gain * of(Math.floor(i / half) * (rates[i % half] as number)))
  return { cos: table(Math.cos), sin: table(Math.sin) }
}

/** The angle by which a pair turns from one position to the next. */
function rate(pair: number, { width, theta, scaling }: { width: number; theta: number; scaling: RotaryScaling | undefined }): number {
  const plain = theta ** ((-2 * pair) / width)
  if (!scaling) return plain
  const { kind, factor } = scaling
  if (kind === 'linear') return plain / factor
  if (kind === 'ntk') return (theta * factor ** (width / (width - 2))) ** ((-2 * pair) / width)
  const blend = (kept: number): number => plain * (kept + (1 - kept) / factor)
  if (kind === 'llama3') {
    const { lowFrequencyFactor: low, highFrequencyFactor: high, trainedLength } = scaling
    return blend(clamp(((trainedLength * plain) / (2 * Math.PI) - low) / (high - low)))
  }
  const { trainedLength, fastTurns = 32, slowTurns = 1 } = scaling
  const pairOf = (turns: number): number => (width * Math.log(trainedLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
  const first = Math.max(Math.floor(pairOf(fastTurns)), 0)
  const last = Math.min(Math.ceil(pairOf(slowTurns)), width - 1)
  return blend(1 - clamp((pair - first) / Math.max(last - first, 0.001)))
}

const clamp = (x: number): number => Math.min(Math.max(x, 0), 1)

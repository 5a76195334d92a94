import {
  array,
  axes,
  batchNormalise,
  batchStatistics,
  type ConvolutionOptions,
  concat,
  convolution,
  fill,
  GeneraError,
  gelu,
  groupNormalise,
  layerNormalise,
  type NDArray,
  rmsNormalise,
  type Tensor,
  transposedConvolution,
} from '../graph/index.js'
import { scaledDotProductAttention } from '../graph/ops/attention.js'
import { biasUniform, type Initialiser, normal, ones, zeros } from './initialisers.js'
import type { MatrixLayout, Scope } from './scope.js'

export interface LinearOptions {
  readonly bias?: boolean
  /** How the checkpoint stores the matrix: 'out-in' as PyTorch's Linear, 'in-out' as GPT-2's Conv1D. */
  readonly stored?: MatrixLayout
  readonly initialiser?: Initialiser
  readonly biasInitialiser?: Initialiser
}

/** `y = x·Wᵀ + b` over the last axis. Parameters: weight [out, in], bias [out]. */
export function linear(
  scope: Scope,
  x: Tensor,
  outFeatures: number,
  { bias = true, stored = 'out-in', initialiser, biasInitialiser }: LinearOptions = {},
): Tensor {
  const y = scope.project(x, 'weight', outFeatures, { layout: stored, ...(initialiser && { initialiser }) })
  return bias ? y.add(scope.param('bias', [outFeatures], { initialiser: biasInitialiser ?? biasUniform(x.size(-1)) })) : y
}

/** Rows of a learned table: indices [...] give [..., width]. Parameter: weight [entries, width], drawn from N(0, 1). */
export function embedding(
  scope: Scope,
  indices: Tensor,
  entries: number,
  width: number,
  { initialiser = normal(1) }: { initialiser?: Initialiser } = {},
): Tensor {
  return scope.lookup(indices, 'weight', [entries, width], { initialiser })
}

/** Layer normalisation over the last axis. Parameters: weight and bias [width]. */
export function layerNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const width = x.size(-1)
  return layerNormalise(
    x,
    scope.param('weight', [width], { initialiser: ones }),
    scope.param('bias', [width], { initialiser: zeros }),
    epsilon,
  )
}

/** Root-mean-square normalisation over the last axis. Parameter: weight [width]. */
export function rmsNorm(scope: Scope, x: Tensor, { epsilon = 1e-6 }: { epsilon?: number } = {}): Tensor {
  return rmsNormalise(x, scope.param('weight', [x.size(-1)], { initialiser: ones }), epsilon)
}

/** Group normalisation of [batch, channels, ...space]. Parameters: weight and bias [channels]. */
export function groupNorm(scope: Scope, x: Tensor, groups: number, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const channels = x.size(1)
  return groupNormalise(
    x,
    groups,
    scope.param('weight', [channels], { initialiser: ones }),
    scope.param('bias', [channels], { initialiser: zeros }),
    epsilon,
  )
}

/** Zeroes elements where `keep` is false and scales the rest, so that the mean stays (Srivastava et al. 2014). The mask is an input: see `bernoulli`. */
export const dropout = (x: Tensor, keep: Tensor, rate: number): Tensor => x.mul(keep.cast(x.dtype).mul(1 / (1 - rate)))

/** One number for all spatial axes, or one per axis. */
type PerAxis = number | readonly number[]

export interface ConvolutionLayerOptions extends Omit<ConvolutionOptions, 'bias'> {
  readonly bias?: boolean
  readonly initialiser?: Initialiser
}

const convolutionLayer =
  (axes: number) =>
  (
    scope: Scope,
    x: Tensor,
    outChannels: number,
    kernel: PerAxis,
    { bias = true, initialiser, groups = 1, ...geometry }: ConvolutionLayerOptions = {},
  ): Tensor => {
    const taps = tapsOf(kernel, axes)
    const perGroup = x.size(1) / groups
    const weight = scope.param('weight', [outChannels, perGroup, ...taps], { ...(initialiser && { initialiser }) })
    const shift = bias ? scope.param('bias', [outChannels], { initialiser: biasUniform(perGroup * product(taps)) }) : undefined
    return convolution(x, weight, { ...geometry, groups, bias: shift })
  }

/** Convolution of [batch, channels, time]. Parameters: weight [out, in / groups, kernel], bias [out]. */
export const conv1d = convolutionLayer(1)
/** Convolution of [batch, channels, height, width]. Parameters: weight [out, in / groups, ...kernel], bias [out]. */
export const conv2d = convolutionLayer(2)
/** Convolution of [batch, channels, depth, height, width]. Parameters: weight [out, in / groups, ...kernel], bias [out]. */
export const conv3d = convolutionLayer(3)

export interface TransposedConvolutionLayerOptions extends Omit<ConvolutionLayerOptions, 'padding'> {
  readonly padding?: Exclude<ConvolutionOptions['padding'], 'same' | undefined>
  readonly outputPadding?: PerAxis
}

const transposedLayer =
  (axes: number) =>
  (
    scope: Scope,
    x: Tensor,
    outChannels: number,
    kernel: PerAxis,
    { bias = true, initialiser, groups = 1, ...geometry }: TransposedConvolutionLayerOptions = {},
  ): Tensor => {
    const taps = tapsOf(kernel, axes)
    const perGroup = outChannels / groups
    const weight = scope.param('weight', [x.size(1), perGroup, ...taps], { ...(initialiser && { initialiser }) })
    const shift = bias ? scope.param('bias', [outChannels], { initialiser: biasUniform(perGroup * product(taps)) }) : undefined // PyTorch's fan-in
    return transposedConvolution(x, weight, { ...geometry, groups, bias: shift })
  }

/** Transposed convolution of [batch, channels, time]. Parameters: weight [in, out / groups, kernel], bias [out]. */
export const convTranspose1d = transposedLayer(1)
/** Transposed convolution of [batch, channels, height, width]. Parameters: weight [in, out / groups, ...kernel], bias [out]. */
export const convTranspose2d = transposedLayer(2)
/** Transposed convolution of [batch, channels, depth, height, width]. Parameters: weight [in, out / groups, ...kernel], bias [out]. */
export const convTranspose3d = transposedLayer(3)

const tapsOf = (kernel: PerAxis, axes: number): readonly number[] =>
  typeof kernel === 'number' ? new Array<number>(axes).fill(kernel) : kernel
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1)

/**
 * Batch normalisation of [batch, channels, ...space]. Parameters: weight, bias, running_mean and running_var [channels]. With
 * `statistics: 'batch'` the batch's own mean and deviation are used, as in training; the running ones never learn by gradient.
 */
export function batchNorm(
  scope: Scope,
  x: Tensor,
  { epsilon = 1e-5, statistics = 'running' }: { epsilon?: number; statistics?: 'running' | 'batch' } = {},
): Tensor {
  const channels = [x.size(1)]
  const scale = scope.param('weight', channels, { initialiser: ones })
  const bias = scope.param('bias', channels, { initialiser: zeros })
  const running = {
    mean: scope.param('running_mean', channels, { initialiser: zeros }).stopGradient(),
    variance: scope.param('running_var', channels, { initialiser: ones }).stopGradient(),
  }
  return batchNormalise(x, { ...(statistics === 'batch' ? batchStatistics(x) : running), scale, bias }, epsilon)
}

type Projection = 'q_proj' | 'k_proj' | 'v_proj' | 'out_proj'

export interface AttentionLayerOptions {
  readonly heads: number
  /** Fewer heads of keys and values, each shared by a group of query heads (Ainslie et al. 2023). */
  readonly keyValueHeads?: number
  /** Query i looks at keys 0 to i. */
  readonly causal?: boolean
  /** Which keys a query may look at: bool, or a float that is added to the scores; broadcasts to [batch, heads, queries, keys]. */
  readonly mask?: Tensor
  /** Which projections have a bias; all of them when left out. */
  readonly biases?: readonly Projection[]
}

/**
 * Multi-head attention (Vaswani et al. 2017) of `x` [batch, queries, width] over `context` [batch, keys, any width]; pass x twice
 * for self-attention. Parameters: q_proj, k_proj, v_proj, out_proj, each a linear layer.
 */
export function attention(
  scope: Scope,
  x: Tensor,
  context: Tensor,
  { heads, keyValueHeads = heads, causal = false, mask, biases }: AttentionLayerOptions,
): Tensor {
  const { width } = axes(x, 'batch queries width')
  if (width % heads !== 0 || heads % keyValueHeads !== 0)
    throw new GeneraError(
      'attention-heads',
      `Cannot divide a width of ${width} into ${heads} heads over ${keyValueHeads} heads of keys and values${scope.path ? ` at "${scope.path}"` : ''}`,
    )
  const headWidth = width / heads
  const project = (from: Tensor, name: Projection, features: number): Tensor =>
    linear(scope.at(name), from, features, { bias: biases?.includes(name) ?? true })
  const split = (y: Tensor, count: number): Tensor => {
    const [batch, tokens] = y.shape as [number, number, number]
    return y.reshape([batch, tokens, count, headWidth]).transpose([0, 2, 1, 3]) // [batch, heads, tokens, width / heads]
  }
  const q = split(project(x, 'q_proj', width), heads)
  const k = split(project(context, 'k_proj', keyValueHeads * headWidth), keyValueHeads)
  const v = split(project(context, 'v_proj', keyValueHeads * headWidth), keyValueHeads)
  const mixed = scaledDotProductAttention(q, k, v, { causal, mask }).transpose([0, 2, 1, 3]).reshape(x.shape)
  return project(mixed, 'out_proj', width)
}

/** Two linear layers with an activation between them. Parameters: fc1 and fc2, each a linear layer. */
export function feedForward(
  scope: Scope,
  x: Tensor,
  hidden: number,
  { activation = gelu, bias = true }: { activation?: (x: Tensor) => Tensor; bias?: boolean } = {},
): Tensor {
  return linear(scope.at('fc2'), activation(linear(scope.at('fc1'), x, hidden, { bias })), x.size(-1), { bias })
}

export interface SinusoidOptions {
  /** The longest wave is 2π times this. */
  readonly period?: number
  /** 1 lets the last wave be exactly the longest, as in Whisper; 0 stops one before it, as in the paper. */
  readonly shift?: 0 | 1
  /** Sines at even and cosines at odd places (the paper), or one half each. */
  readonly order?: 'interleaved' | 'sines-first' | 'cosines-first'
}

const frequencies = (width: number, period: number, shift: number): readonly number[] => {
  const waves = width / 2
  if (!Number.isInteger(waves)) throw new GeneraError('sinusoids', `Cannot make sinusoids of width ${width}: it must be even`)
  return Array.from({ length: waves }, (_, i) => period ** (-i / (waves - shift || 1)))
}

/** Positions 0, 1, … as sines and cosines of falling frequency (Vaswani et al. 2017, section 3.5): [tokens, width]. */
export function sinusoidalPositions(
  tokens: number,
  width: number,
  { period = 10000, shift = 0, order = 'interleaved' }: SinusoidOptions = {},
): NDArray {
  const waves = frequencies(width, period, shift)
  return fill('float32', [tokens, width], (index) => {
    const [position, place] = [Math.floor(index / width), index % width]
    const wave = order === 'interleaved' ? place >> 1 : place % waves.length
    const sine = order === 'interleaved' ? place % 2 === 0 : (order === 'sines-first') === place < waves.length
    const angle = position * (waves[wave] as number)
    return sine ? Math.sin(angle) : Math.cos(angle)
  })
}

/** The same for positions that a program computes or is given, such as the times of a diffusion: [...] to [..., width]. */
export function sinusoids(
  positions: Tensor,
  width: number,
  { period = 10000, shift = 0, order = 'cosines-first' }: SinusoidOptions = {},
): Tensor {
  const angles = positions
    .cast('float32')
    .unsqueeze(-1)
    .mul(array(frequencies(width, period, shift)))
  const [sine, cosine] = [angles.sin(), angles.cos()]
  if (order === 'interleaved') return concat([sine.unsqueeze(-1), cosine.unsqueeze(-1)], -1).flatten(-2)
  return concat(order === 'sines-first' ? [sine, cosine] : [cosine, sine], -1)
}

import { groupNormalise, layerNormalise, embedding as lookup, rmsNormalise, type Tensor } from '../graph/index.js'
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
  return lookup(scope.param('weight', [entries, width], { initialiser }), indices)
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

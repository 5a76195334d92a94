import { argMax, axes, crossEntropy, norm, range, ShapeError, type Tensor } from '../../graph/index.js'
import { initialisers, type Scope } from '../../nn/index.js'

export interface LogitScaleOptions {
  /** Temperature before training. Default 0.07. */
  readonly temperature?: number
  /** The scale never grows beyond. Default 100, or training becomes unstable (Radford et al. 2021, section 2.5). */
  readonly highest?: number
}

/** What cosines are multiplied by before a softmax: a learnt inverse temperature, kept as its logarithm under the published name `logit_scale`. */
export const logitScale = (scope: Scope, { temperature = 0.07, highest = 100 }: LogitScaleOptions = {}): Tensor =>
  scope
    .param('logit_scale', [], { initialiser: initialisers.constantValue(-Math.log(temperature)) })
    .exp()
    .clamp({ max: highest })

/** Cosines between the rows of two matrices [a, width] and [b, width]: [a, b]. A row of zeros is similar to nothing. */
export function similarity(a: Tensor, b: Tensor): Tensor {
  axes(a, 'rows width')
  axes(b, 'rows width')
  return unit(a).matmul(unit(b), { transposeB: true })
}

/** Rows of length 1. The epsilon is far below any embedding's length; it keeps zeros, and their gradient, finite. */
const unit = (x: Tensor): Tensor => x.div(norm(x, -1, { keepDims: true, epsilon: 1e-12 }))

/**
 * The symmetric InfoNCE loss of CLIP (Radford et al. 2021, figure 3): of a batch of pairs, each row should find its own column and each column its own row.
 * `scores` [pairs, pairs] are scaled cosines; the loss is ln(pairs) for embeddings that know nothing.
 */
export function contrastiveLoss(scores: Tensor): Tensor {
  const own = diagonal(scores)
  const rows = crossEntropy(scores, own).mean()
  const columns = crossEntropy(scores.transpose([1, 0]), own).mean()
  return rows.add(columns).mul(0.5)
}

/** The share of rows, and of columns, whose best partner in the batch is their own: how often picture finds text, and text picture. */
export function contrastiveAccuracy(scores: Tensor): { readonly rows: Tensor; readonly columns: Tensor } {
  const own = diagonal(scores)
  const hits = (axis: number): Tensor => argMax(scores, axis).cast('int64').equal(own).cast('float32').mean()
  return { rows: hits(1), columns: hits(0) }
}

/** The column of each row's own partner. */
function diagonal(scores: Tensor): Tensor {
  const { rows, columns } = axes(scores, 'rows columns')
  if (rows !== columns)
    throw new ShapeError({
      operation: 'pair the rows and columns of',
      shapes: [scores.shape],
      where: scores.where,
      problem: 'each row needs one column of its own',
    })
  return range(rows)
}

import { type Dimension, isStatic } from '../dimension.js'
import { fill } from '../ndarray.js'
import { apply, applyAll, type Fail, failure, type Node, type Op, type Target } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
import { elements, isStaticShape, normaliseAxis, sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { sizeOf } from './creation.js'
import { takesFloats } from './define.js'
import { customGradient, exp, rsqrt, square } from './elementwise.js'
import { gatherElements, oneHot } from './gather.js'
import { logSumExp } from './reduce.js'

const softmaxLike = (name: string, verb: string, onnx: string, gradient: (g: Tensor, y: Tensor, axis: number) => Tensor) => {
  const op: Op<{ readonly axis: number }> = {
    name,
    verb,
    infer: ([x], _, fail) => {
      if (!takesFloats((x as Tensor).dtype)) fail(`its elements are of type ${x?.dtype}`)
      return [x as Tensor]
    },
    emit: (emitter, node) => emitter.node(onnx, node.inputs, { axis: node.attributes.axis }),
    gradient: ([g], node) => [() => gradient(g as Tensor, node.output, node.attributes.axis)],
  }
  return (x: Tensor, axis = -1): Tensor => apply(op, [x], { axis: normaliseAxis(axis, x.rank, verb, x.shape, x.where) })
}

export const softmax = softmaxLike('softmax', 'apply softmax to', 'Softmax', (g, y, axis) => {
  const weighted = g.mul(y)
  return weighted.sub(y.mul(weighted.sum(axis, { keepDims: true })))
})
export const logSoftmax = softmaxLike('logSoftmax', 'apply log-softmax to', 'LogSoftmax', (g, y, axis) =>
  g.sub(exp(y).mul(g.sum(axis, { keepDims: true }))),
)

/**
 * The cross entropy between logits [..., classes] and integer labels [...], one number per label. `labelSmoothing` moves that
 * share of the target evenly onto all classes (Szegedy et al. 2016, section 7).
 */
export function crossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing = 0 }: { labelSmoothing?: number } = {}): Tensor {
  if (!sameShape(labels.shape, logits.shape.slice(0, -1)))
    failure('compare the logits … with the labels …', [logits, labels])('there must be one label for each row of logits')
  const classes = logits.size(-1)
  const picked = customGradient(
    [logits],
    (x) => gatherElements(x as Tensor, (labels as Tensor).unsqueeze(-1)).squeeze(-1),
    (g) => [g.unsqueeze(-1).mul(oneHot(labels, classes, logits.dtype))], // denser than a scatter, and several times faster
  )
  const target = labelSmoothing === 0 ? picked : picked.mul(1 - labelSmoothing).add(logits.mean(-1).mul(labelSmoothing))
  return logSumExp(logits, -1).sub(target)
}

interface Normalise {
  readonly epsilon: number
}

function requireLastAxis(x: Tensor, given: readonly Tensor[], fail: Fail): void {
  const [width] = x.shape.slice(-1)
  if (!takesFloats(x.dtype)) fail(`its elements are of type ${x.dtype}`, 'Cast the tensor first')
  if (width === undefined) fail('it has no axis')
  for (const { dtype, shape } of given) {
    if (!sameShape(shape, [width as Dimension])) fail(`the scale and the bias must have the size of the last axis, ${width}`)
    if (dtype !== x.dtype) fail(`the scale or the bias holds ${dtype}, the tensor ${x.dtype}`)
  }
}

/** Normalises over the last axis: (x - mean) / sqrt(variance + epsilon), with the mean and the inverse deviation as results too. */
const standardiseOp: Op<Normalise> = {
  name: 'layerNormalise',
  verb: 'normalise … with the scale … and the bias …',
  infer: ([x, scale, bias], _, fail) => {
    const { dtype, shape } = x as Tensor
    requireLastAxis(x as Tensor, [scale as Tensor, bias as Tensor], fail)
    const kept = [...shape.slice(0, -1), 1]
    return [
      { dtype, shape },
      { dtype: 'float32', shape: kept }, // statistics keep their precision
      { dtype: 'float32', shape: kept },
    ]
  },
  emit: (emitter, node) => emitter.node('LayerNormalization', node.inputs, { axis: -1, epsilon: node.attributes.epsilon }, { outputs: 3 }),
  // With x̂ = (x - μ)·r and d = g·scale: dx = r·(d - mean(d) - x̂·mean(d·x̂)), and the parts for μ and r if they are used.
  gradient: ([g, gMean, gInverse], node) => {
    const [x, scale] = node.inputs as [Tensor, Tensor]
    const [mean, inverse] = node.outputs.slice(1).map((statistic) => statistic.cast(x.dtype)) as [Tensor, Tensor]
    const normal = x.sub(mean).mul(inverse)
    return [
      () => {
        let total: Tensor | undefined
        if (g) {
          const d = g.mul(scale)
          total = d
            .sub(d.mean(-1, { keepDims: true }))
            .sub(normal.mul(d.mul(normal).mean(-1, { keepDims: true })))
            .mul(inverse)
        }
        const share = sizeOf(x.shape.at(-1) as Dimension, x.dtype).reciprocal()
        if (gMean) total = plusMaybe(total, gMean.cast(x.dtype).mul(share).expand(x.shape))
        if (gInverse) total = plusMaybe(total, normal.mul(inverse).mul(inverse).mul(gInverse.cast(x.dtype)).mul(share).neg())
        return total
      },
      () => g?.mul(normal).sum(x.shape.slice(0, -1).map((_, i) => i)),
      () => g?.sum(x.shape.slice(0, -1).map((_, i) => i)),
    ]
  },
}

const plusMaybe = (a: Tensor | undefined, b: Tensor): Tensor => (a ? a.add(b) : b)

/** Layer normalisation over the last axis (Ba et al. 2016). */
export const layerNormalise = (x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor =>
  applyAll(standardiseOp, [x, scale, bias], { epsilon })[0] as Tensor

const rmsOp: Op<Normalise> = {
  name: 'rmsNormalise',
  verb: 'normalise … with the scale …',
  infer: ([x, scale], _, fail) => {
    requireLastAxis(x as Tensor, [scale as Tensor], fail)
    return [x as Tensor]
  },
  emit: (emitter, node) => emitter.node('SimplifiedLayerNormalization', node.inputs, { axis: -1, epsilon: node.attributes.epsilon }),
  supported: ({ device }) => device === 'cpu' || device === 'cuda' || device === 'webgpu' || device === 'wasm',
  decompose: ([x, scale], { epsilon }) => {
    const input = x as Tensor
    return [input.mul(rsqrt(input.mul(input).mean(-1, { keepDims: true }).add(epsilon))).mul(scale as Tensor)]
  },
}

/** Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019). */
export const rmsNormalise = (x: Tensor, scale: Tensor, epsilon = 1e-6): Tensor => apply(rmsOp, [x, scale], { epsilon })

interface GroupNormalise extends Normalise {
  readonly groups: number
}

const groupOp: Op<GroupNormalise> = {
  name: 'groupNormalise',
  verb: 'normalise … with the scale … and the bias …',
  infer: ([x, scale, bias], { groups }, fail) => {
    const channels = x?.shape[1]
    if (!isStatic(channels as Dimension) || (channels as number) % groups !== 0)
      fail(`${channels} channels do not divide into ${groups} groups`)
    for (const given of [scale, bias])
      if (given?.shape.join() !== String(channels)) fail(`the scale and bias must have shape [${channels}]`)
    return [x as Tensor]
  },
  emit: (emitter, node) => (onOneCore(emitter.target, node) ? emitFromRows : emitFromGroups)(emitter, node),
  supported: (_, node) => node.input(0).dtype === 'float32',
  // From sums over the space alone: the large array is read, never reshaped, so any layout of its axes will do.
  decompose: ([input, scale, bias], { groups, epsilon }) => {
    const x = input as Tensor
    const [batch, channels, ...space] = x.shape as [Dimension, number, ...Dimension[]]
    const perChannel = (vector: Tensor): Tensor => vector.reshape([...vector.shape.slice(0, -2), channels, ...space.map(() => 1)])
    const overGroup = (squared: boolean): Tensor =>
      (squared ? square(x) : x)
        .mean(space.map((_, i) => i + 2))
        .reshape([batch, groups, channels / groups])
        .mean(-1, { keepDims: true })
    const mean = overGroup(false)
    const inverse = rsqrt(overGroup(true).sub(square(mean)).add(epsilon)) // [batch, groups, 1]
    const factor = inverse.mul((scale as Tensor).reshape([groups, channels / groups]))
    const shift = (bias as Tensor).reshape([groups, channels / groups]).sub(mean.mul(factor))
    return [x.mul(perChannel(factor)).add(perChannel(shift))]
  },
}

/** Elements of a group from which the statistics are worth taking in parallel. */
const largeGroup = 4096

/** Whether ONNX Runtime's kernel would work through large groups on one core. */
function onOneCore({ device }: Target, { inputs: [x], attributes: { groups } }: Node<GroupNormalise>): boolean {
  const { shape } = x as Tensor
  if (device !== 'cpu' && device !== 'wasm') return false
  return shape.length > 2 && isStaticShape(shape) && (elements(shape.slice(1)) as number) >= groups * largeGroup
}

/** One row per group lets ONNX Runtime's normalisation kernel do the work. */
function emitFromGroups(emitter: Emitter, { inputs, attributes: { groups, epsilon } }: Node<GroupNormalise>): readonly string[] {
  const [x, scale, bias] = inputs as readonly [Tensor, Tensor, Tensor]
  const { shape } = x
  const rows = emitter.node('Reshape', [x, emitter.sizes([0, groups, -1])])
  const ones = emitter.constant(fill('float32', [groups], () => 1))
  const zero = emitter.constant(fill('float32', [groups], () => 0))
  const normal = emitter.node('InstanceNormalization', [...rows, ...ones, ...zero], { epsilon })
  const whole = emitter.node('Reshape', [...normal, emitter.shapeFor(shape)])
  const perChannel = emitter.sizes([shape[1] as number, ...shape.slice(2).map(() => 1)])
  const scaled = emitter.node('Mul', [...whole, ...emitter.node('Reshape', [scale, perChannel])])
  return emitter.node('Add', [...scaled, ...emitter.node('Reshape', [bias, perChannel])])
}

/**
 * That kernel works on one core and reads a group three times: 750 ms for 128×512×512 elements on two cores, where this takes 60. Layer
 * normalisation gives the statistics of every row, on all cores; those of a group follow from them without a loss of digits (Chan et al. 1979):
 * the variance is the mean of the rows' variances plus the variance of their means.
 */
function emitFromRows(emitter: Emitter, { inputs, attributes: { groups, epsilon } }: Node<GroupNormalise>): readonly string[] {
  const [x, scale, bias] = inputs as readonly [Tensor, Tensor, Tensor]
  const [batch, channels, ...space] = x.shape as readonly number[] as [number, number, ...number[]]
  const length = space.at(-1) as number
  const ones = emitter.constant(fill('float32', [length], () => 1))
  const [, rowMean, rowInverse] = emitter.node('LayerNormalization', [x, ...ones], { axis: -1, epsilon }, { outputs: 3 }) as [
    string,
    string,
    string,
  ]
  const grouped = emitter.sizes([batch, groups, -1])
  const lastAxis = emitter.sizes([2])
  const perGroup = (name: string): string => emitter.node('Reshape', [name, grouped])[0] as string
  const averaged = (name: string): string => emitter.node('ReduceMean', [name, lastAxis], { keepdims: 1 })[0] as string
  const binary = (type: string, a: string, b: string): string => emitter.node(type, [a, b])[0] as string

  const means = perGroup(rowMean)
  const mean = averaged(means)
  const apart = binary('Sub', means, mean)
  const inverses = perGroup(rowInverse)
  const variances = emitter.node('Reciprocal', [binary('Mul', inverses, inverses)])[0] as string // each with the epsilon
  const variance = binary('Add', averaged(variances), averaged(binary('Mul', apart, apart)))
  const deviation = emitter.node('Sqrt', [variance])[0] as string // [batch, groups, 1]

  const inGroups = emitter.sizes([groups, channels / groups])
  const factor = binary('Div', emitter.node('Reshape', [scale, inGroups])[0] as string, deviation) // [batch, groups, channels / groups]
  const shift = binary('Sub', emitter.node('Reshape', [bias, inGroups])[0] as string, binary('Mul', mean, factor))
  const perChannel = emitter.sizes([batch, channels, ...space.map(() => 1)])
  const scaled = emitter.node('Mul', [x, ...emitter.node('Reshape', [factor, perChannel])])
  return emitter.node('Add', [...scaled, ...emitter.node('Reshape', [shift, perChannel])])
}

/**
 * Group normalisation (Wu & He 2018) of [batch, channels, ...space]: every group of channels is normalised by its own mean
 * and deviation, then scaled per channel.
 */
export const groupNormalise = (x: Tensor, groups: number, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor =>
  apply(groupOp, [x, scale, bias], { groups, epsilon })

/** Batch normalisation with given statistics, as published networks run it: per channel of [batch, channels, ...space]. */
export function batchNormalise(
  x: Tensor,
  { mean, variance, scale, bias }: { mean: Tensor; variance: Tensor; scale: Tensor; bias: Tensor },
  epsilon = 1e-5,
): Tensor {
  const perChannel = [x.size(1), ...x.shape.slice(2).map(() => 1)]
  const factor = scale.mul(rsqrt(variance.add(epsilon)))
  return x.mul(factor.reshape(perChannel)).add(bias.sub(mean.mul(factor)).reshape(perChannel))
}

/** The statistics of a batch [batch, channels, ...space] per channel, for training batch normalisation. */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  const axes = x.shape.map((_, i) => i).filter((i) => i !== 1)
  return { mean: x.mean(axes), variance: x.variance(axes) }
}

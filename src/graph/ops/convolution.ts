import { type Dimension, dividedBy, isStatic, minus, plus, sameSize, times } from '../dimension.js'
import { apply, type Fail, failure, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { correlatedChannels, flippedConvolution, productsPerTap } from './convolution-lowering.js'
import { sameDType } from './define.js'
import { winograd } from './winograd.js'

/** Where the kernel looks, one entry per spatial axis: the same for a convolution and for both of its gradients. */
export interface Geometry {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly (readonly [before: number, after: number])[]
  readonly groups: number
}

/** One number for all spatial axes, or one per axis. */
export type PerAxis = number | readonly number[]

/** Zeros around the input: one number, one per axis or [before, after] per axis; 'same' keeps ⌈size / stride⌉ positions. */
export type Padding = 'same' | number | readonly (number | readonly [before: number, after: number])[]

export interface ConvolutionOptions {
  /** One number per output channel. */
  readonly bias?: Tensor | undefined
  readonly stride?: PerAxis
  readonly padding?: Padding
  readonly dilation?: PerAxis
  readonly groups?: number
}

/** How far the kernel reaches along an axis, from its first tap to behind its last. */
const reach = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1

const outputSize = (size: Dimension, kernel: number, i: number, { strides, dilations, pads }: Geometry): Dimension => {
  const [before, after] = pads[i] as readonly [number, number]
  const room = plus(size, before + after - reach(kernel, dilations[i] as number))
  return plus(dividedBy(room, strides[i] as number), 1)
}

const space = (x: Tensor): readonly Dimension[] => x.shape.slice(2)
/** The sizes of a kernel, which are always plain numbers. */
export const kernelOf = (weight: Tensor): readonly number[] => weight.shape.slice(2) as readonly number[]

const onnxGeometry = (kernel: readonly number[], { strides, dilations, pads, groups }: Geometry) => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
  group: groups,
})

const convolutionOp: Op<Geometry> = {
  name: 'convolve',
  infer: ([x, weight, bias], geometry, fail) => {
    const { dtype, shape } = sameDType(x as Tensor, weight as Tensor, fail)
    const [outChannels, perGroup, ...kernel] = (weight as Tensor).shape as readonly number[] as [number, number, ...number[]]
    requireRoom(shape.length, kernel, geometry, fail)
    if (!sameSize(shape[1] as Dimension, perGroup * geometry.groups))
      fail(`the input has ${shape[1]} channels, the weight reads ${perGroup * geometry.groups}`)
    if (outChannels % geometry.groups !== 0) fail(`${outChannels} output channels do not divide into ${geometry.groups} groups`)
    if (bias && !(bias.rank === 1 && sameSize(bias.shape[0] as Dimension, outChannels)))
      fail(`the bias has shape [${bias.shape.join(', ')}], not [${outChannels}]`)
    const sizes = kernel.map((size, i) => outputSize(shape[i + 2] as Dimension, size, i, geometry))
    sizes.forEach((size, i) => {
      if (isStatic(size) && size < 1) fail(`the kernel reaches beyond the ${shape[i + 2]} elements of axis ${i + 2}`, 'Pad the input')
    })
    return [{ dtype, shape: [shape[0] as Dimension, outChannels, ...sizes] }]
  },
  emit: (emitter, node) => emitter.node('Conv', node.inputs, onnxGeometry(kernelOf(node.input(1)), node.attributes)),
  gradient: ([g], { inputs, attributes }) => {
    const [upstream, x, weight] = [g, ...inputs] as [Tensor, Tensor, Tensor]
    return [
      () => convolutionInputGradient(upstream, weight, space(x), attributes),
      () => convolutionWeightGradient(x, upstream, kernelOf(weight), attributes),
      () => sumPerChannel(upstream),
    ]
  },
}

function requireRoom(rank: number, kernel: readonly number[], { strides, dilations, pads, groups }: Geometry, fail: Fail): void {
  if (kernel.length < 1 || rank !== kernel.length + 2)
    fail('the input is [batch, channels, ...space], the weight [out, in / groups, ...kernel], of the same number of axes')
  for (const [name, values] of Object.entries({ stride: strides, dilation: dilations, padding: pads }))
    if (values.length !== kernel.length) fail(`the ${name} has ${values.length} entries for ${kernel.length} spatial axes`)
  const whole = (low: number) => (value: number) => Number.isInteger(value) && value >= low
  if (![...strides, ...dilations, ...kernel, groups].every(whole(1)) || !pads.flat().every(whole(0)))
    fail('kernel, stride, dilation and groups are whole numbers from 1 up, paddings from 0')
}

const sumPerChannel = (g: Tensor): Tensor => g.sum(g.shape.map((_, i) => i).filter((i) => i !== 1))

interface InputGradient extends Geometry {
  /** The spatial sizes of the input that is asked for: several sizes can lead to the same output. */
  readonly sizes: readonly Dimension[]
}

/**
 * What arrives at a convolution's input when `g` arrives at its output: linear in g and in the weight, so its own gradients are
 * a convolution and a weight gradient. As an operation of its own it is the transposed convolution.
 */
const inputGradientOp: Op<InputGradient> = {
  name: 'convolve (transposed)',
  infer: ([g, weight], geometry, fail) => {
    const { dtype, shape } = sameDType(g as Tensor, weight as Tensor, fail)
    const [channels, perGroup, ...kernel] = (weight as Tensor).shape as readonly number[] as [number, number, ...number[]]
    requireRoom(shape.length, kernel, geometry, fail)
    if (!sameSize(shape[1] as Dimension, channels)) fail(`the input has ${shape[1]} channels, the weight reads ${channels}`)
    if (channels % geometry.groups !== 0) fail(`${channels} channels do not divide into ${geometry.groups} groups`)
    geometry.sizes.forEach((size, i) => {
      const made = outputSize(size, kernel[i] as number, i, geometry)
      if (!sameSize(made, shape[i + 2] as Dimension))
        fail(`${size} elements on axis ${i + 2} would come from ${made} positions, not ${shape[i + 2]}`)
    })
    return [{ dtype, shape: [shape[0] as Dimension, perGroup * geometry.groups, ...geometry.sizes] }]
  },
  // Strided: ConvTranspose multiplies only where there are elements. Otherwise a convolution with the flipped kernel is faster.
  emit: (emitter, node) =>
    emitter.node('ConvTranspose', node.inputs, {
      ...onnxGeometry(kernelOf(node.input(1)), node.attributes),
      output_padding: trailing(node.input(0), node.input(1), node.attributes) as readonly number[],
    }),
  supported: (_, { inputs: [g, weight], attributes }) =>
    attributes.strides.some((stride) => stride > 1) && trailing(g as Tensor, weight as Tensor, attributes).every(isStatic),
  decompose: ([g, weight], { sizes, ...geometry }) => [flippedConvolution(g as Tensor, weight as Tensor, sizes, geometry)],
  gradient: ([u], { inputs, attributes: { sizes: _, ...geometry } }) => {
    const [upstream, g, weight] = [u, ...inputs] as [Tensor, Tensor, Tensor]
    return [
      () => apply(convolutionOp, [upstream, weight], geometry),
      () => convolutionWeightGradient(upstream, g, kernelOf(weight), geometry),
    ]
  },
}

/** Elements at the end of each axis that no kernel position reaches. */
function trailing(g: Tensor, weight: Tensor, { sizes, strides, dilations, pads }: InputGradient): readonly Dimension[] {
  return sizes.map((size, i) => {
    const [before, after] = pads[i] as readonly [number, number]
    const steps = times(plus(g.shape[i + 2] as Dimension, -1), strides[i] as number)
    return minus(plus(size, before + after), plus(steps, reach(kernelOf(weight)[i] as number, dilations[i] as number)))
  })
}

export const convolutionInputGradient = (g: Tensor, weight: Tensor, sizes: readonly Dimension[], geometry: Geometry): Tensor =>
  apply(inputGradientOp, [g, weight], { ...geometry, sizes })

interface WeightGradient extends Geometry {
  readonly kernel: readonly number[]
}

/** What arrives at a convolution's weight when `g` arrives at its output: linear in x and in g. */
const weightGradientOp: Op<WeightGradient> = {
  name: 'correlate',
  infer: ([x, g], { kernel, groups }, fail) => [
    { dtype: sameDType(x as Tensor, g as Tensor, fail).dtype, shape: [(g as Tensor).size(1), (x as Tensor).size(1) / groups, ...kernel] },
  ],
  decompose: ([a, b], { kernel, ...geometry }) => {
    const [x, g] = [a, b] as [Tensor, Tensor]
    const [batch, channels] = x.shape
    const perChannel = geometry.groups > 1 && channels === geometry.groups && isStatic(batch as Dimension) && batch !== 0
    return [(perChannel ? correlatedChannels : productsPerTap)(x, g, kernel, geometry)]
  },
  gradient: ([u], { inputs, attributes: { kernel: _, ...geometry } }) => {
    const [upstream, x, g] = [u, ...inputs] as [Tensor, Tensor, Tensor]
    return [() => convolutionInputGradient(g, upstream, space(x), geometry), () => apply(convolutionOp, [x, upstream], geometry)]
  },
}

export const convolutionWeightGradient = (x: Tensor, g: Tensor, kernel: readonly number[], geometry: Geometry): Tensor =>
  apply(weightGradientOp, [x, g], { ...geometry, kernel })

/**
 * Convolution of [batch, channels, ...space] with a weight [out, channels / groups, ...kernel], over one, two or three spatial
 * axes: the cross-correlation that the field calls convolution, laid out as PyTorch stores it.
 */
export function convolution(
  x: Tensor,
  weight: Tensor,
  { bias, stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions = {},
): Tensor {
  const axes = weight.rank - 2
  const strides = perAxis(stride, axes)
  const dilations = perAxis(dilation, axes)
  const pads = padsOf(padding, { x, kernel: kernelOf(weight), strides, dilations })
  const geometry = { strides, dilations, pads, groups }
  return apply(runsAsProducts(x, weight, geometry) ? productsOp : convolutionOp, bias ? [x, weight, bias] : [x, weight], geometry)
}

/**
 * The same convolution for training: whole it is ONNX Runtime's kernel, but a gradient goes through matrix products alone (see
 * winograd.ts), which are several times faster than the kernels for a weight's gradient.
 */
const productsOp: Op<Geometry> = {
  name: 'convolve by products',
  verb: 'convolve',
  infer: convolutionOp.infer,
  ...(convolutionOp.emit && { emit: convolutionOp.emit }),
  decompose: ([input, weight, bias], geometry) => {
    const [x, w] = [(input as Tensor).transpose([2, 3, 0, 1]), weight as Tensor] // [height, width, batch, channels]
    const y = kernelOf(w)[0] === 1 ? x.matmul(w.reshape([w.size(0), w.size(1)]), { transposeB: true }) : winograd(x, w, geometry)
    return [(bias ? y.add(bias) : y).transpose([2, 3, 0, 1])]
  },
}

/** Above this the transforms, whose cost grows with the size of the picture, outweigh what they save. */
const largestForWinograd = 48

function runsAsProducts(x: Tensor, weight: Tensor, { strides, dilations, pads, groups }: Geometry): boolean {
  const kernel = kernelOf(weight).join()
  if (weight.rank !== 4 || x.rank !== 4 || groups !== 1 || dilations.some((d) => d !== 1) || x.dtype !== 'float32') return false
  if (kernel === '1,1') return strides.every((stride) => stride === 1) && pads.flat().every((width) => width === 0)
  const sizes = x.shape
  return (
    kernel === '3,3' &&
    sizes.every((size) => isStatic(size) && size > 0) &&
    space(x).every(
      (size, i) =>
        (size as number) <= largestForWinograd &&
        (size as number) + (pads[i] as [number, number])[0] + (pads[i] as [number, number])[1] >= 3,
    ) &&
    strides.every((stride) => stride === 1 || stride === 2)
  )
}

/**
 * Transposed convolution of [batch, in, ...space] with a weight [in, out / groups, ...kernel]: the input gradient of the
 * convolution with the same options. `outputPadding` adds elements at the end, to choose among the sizes that a strided
 * convolution maps to one.
 */
export function transposedConvolution(
  x: Tensor,
  weight: Tensor,
  {
    bias,
    stride = 1,
    padding = 0,
    outputPadding = 0,
    dilation = 1,
    groups = 1,
  }: Omit<ConvolutionOptions, 'padding'> & { readonly padding?: Exclude<Padding, 'same'>; readonly outputPadding?: PerAxis } = {},
): Tensor {
  const axes = weight.rank - 2
  const kernel = kernelOf(weight)
  const strides = perAxis(stride, axes)
  const dilations = perAxis(dilation, axes)
  const pads = padsOf(padding, { x, kernel, strides, dilations })
  const extra = perAxis(outputPadding, axes)
  if (extra.some((size, i) => size >= (strides[i] as number)))
    failure(inputGradientOp.name, [x, weight])('an output padding must be smaller than the stride')
  const sizes = space(x).map((size, i) => {
    const [before, after] = pads[i] ?? [0, 0]
    const made = plus(times(plus(size, -1), strides[i] as number), reach(kernel[i] as number, dilations[i] as number))
    return plus(made, (extra[i] as number) - before - after)
  })
  const y = convolutionInputGradient(x, weight, sizes, { strides, dilations, pads, groups })
  return bias ? y.add(bias.reshape([-1, ...kernel.map(() => 1)])) : y
}

export const perAxis = (value: PerAxis, axes: number): readonly number[] =>
  typeof value === 'number' ? new Array<number>(axes).fill(value) : value

/** The padding of every axis as [before, after]; of 'same' the odd element goes behind, as in PyTorch and ONNX. */
export function padsOf(
  padding: Padding,
  at: { x: Tensor; kernel: readonly number[]; strides: readonly number[]; dilations: readonly number[] },
): readonly (readonly [number, number])[] {
  if (typeof padding === 'number') return at.kernel.map(() => [padding, padding])
  if (padding !== 'same') return padding.map((entry) => (typeof entry === 'number' ? [entry, entry] : entry))
  return at.kernel.map((kernel, i) => {
    const [stride, length] = [at.strides[i] as number, reach(kernel, at.dilations[i] as number)]
    const total = stride === 1 ? length - 1 : Math.max((Math.ceil(at.x.size(i + 2) / stride) - 1) * stride + length - at.x.size(i + 2), 0)
    return [total >> 1, total - (total >> 1)]
  })
}

import { type Dimension, dividedBy, isStatic, plus } from '../dimension.js'
import { scalar } from '../ndarray.js'
import { apply, applyAll, type Fail, type Op, type TensorType } from '../node.js'
import { elements } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { constant } from './constant.js'
import { type PerAxis, perAxis } from './convolution.js'
import { scatterElements } from './gather.js'
import { resize } from './resize.js'
import { mapSpace, meanMap } from './separable.js'
import { expand } from './shaping.js'

export interface PoolOptions {
  /** The kernel's own size when left out. */
  readonly stride?: PerAxis
  readonly padding?: PerAxis
}

interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly (readonly [before: number, after: number])[]
}

const onnxWindow = ({ kernel, strides, pads }: Window) => ({
  kernel_shape: kernel,
  strides,
  pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
})

function pooledType(x: Tensor, { kernel, strides, dilations, pads }: Window, fail: Fail): TensorType {
  if (x.rank !== kernel.length + 2) fail(`the kernel has ${kernel.length} axes; it must be [batch, channels, ...space]`)
  const sizes = kernel.map((size, i) => {
    const [before, after] = pads[i] as readonly [number, number]
    const reach = (dilations[i] as number) * (size - 1) + 1
    if (Math.max(before, after) >= reach) fail(`a padding of ${before} and ${after} leaves windows of ${size} empty`)
    const made = plus(dividedBy(plus(x.shape[i + 2] as Dimension, before + after - reach), strides[i] as number), 1)
    if (isStatic(made) && made < 1) fail(`a window of ${size} does not fit into axis ${i + 2}`)
    return made
  })
  return { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...sizes] }
}

function windowOf(x: Tensor, size: PerAxis, { stride, padding = 0, dilation = 1 }: PoolOptions & { dilation?: PerAxis }): Window {
  const kernel = perAxis(size, x.rank - 2)
  const strides = stride === undefined ? kernel : perAxis(stride, kernel.length)
  const pads = perAxis(padding, kernel.length).map((by) => [by, by] as const)
  return { kernel, strides, dilations: perAxis(dilation, kernel.length), pads }
}

/** Forward, the kernel without indices is five times as fast; a gradient takes the one with them. */
const maxPoolOp: Op<Window> = {
  name: 'max-pool',
  infer: ([x], window, fail) => [pooledType(x as Tensor, window, fail)],
  emit: (emitter, { inputs, attributes }) =>
    emitter.node('MaxPool', inputs, { ...onnxWindow(attributes), dilations: attributes.dilations }),
  decompose: ([x], window) => [applyAll(indexedMaxPoolOp, [x as Tensor], window)[0] as Tensor],
}

/** The largest elements and where they stand in the flattened input: of equals, the first. */
const indexedMaxPoolOp: Op<Window> = {
  name: 'max-pool with indices',
  infer: ([x], window, fail) => {
    const type = pooledType(x as Tensor, window, fail)
    return [type, { dtype: 'int64', shape: type.shape }]
  },
  emit: (emitter, { inputs, attributes }) =>
    emitter.node('MaxPool', inputs, { ...onnxWindow(attributes), dilations: attributes.dilations }, { outputs: 2 }),
  // Windows may overlap, so what arrives is added.
  gradient: ([g], { inputs: [x], outputs: [, places] }) => [
    () => {
      const flat = expand(constant(scalar(0, g?.dtype)), [elements((x as Tensor).shape)])
      return scatterElements(flat, (places as Tensor).flatten(), (g as Tensor).flatten(), 0, 'add').reshape((x as Tensor).shape)
    },
  ],
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerAxis
  /** Count a last window that hangs over the end, if it begins inside. */
  readonly ceilMode?: boolean
}

/** The largest element of every window of [batch, channels, ...space]. */
export function maxPool(x: Tensor, size: PerAxis, { ceilMode = false, ...options }: MaxPoolOptions = {}): Tensor {
  const window = windowOf(x, size, options)
  return apply(maxPoolOp, [x], ceilMode ? { ...window, pads: overhanging(x, window) } : window)
}

/** The padding with which the windows that hang over the end are whole. */
function overhanging(x: Tensor, { kernel, strides, dilations, pads }: Window): Window['pads'] {
  return pads.map(([before, after], i) => {
    const [stride, size] = [strides[i] as number, x.size(i + 2)]
    const room = size + before + after - (dilations[i] as number) * ((kernel[i] as number) - 1) - 1
    const last = Math.min(Math.ceil(room / stride), Math.ceil((size + before) / stride) - 1)
    return [before, after + Math.max(last * stride - room, 0)]
  })
}

interface AverageWindow extends Window {
  readonly countPadding: boolean
}

const averagePoolOp: Op<AverageWindow> = {
  name: 'average-pool',
  infer: ([x], window, fail) => [pooledType(x as Tensor, window, fail)],
  emit: (emitter, { inputs, attributes }) =>
    emitter.node('AveragePool', inputs, { ...onnxWindow(attributes), count_include_pad: attributes.countPadding ? 1 : 0 }),
  decompose: ([x], window) => [mapSpace(x as Tensor, averageMaps(x as Tensor, window))],
  gradient: ([g], { inputs: [a], attributes: window }) => [
    () => {
      const [x, upstream] = [a, g] as [Tensor, Tensor]
      const sizes = x.shape.slice(2).map((_, i) => x.size(i + 2))
      const tiles = window.kernel.every((size, i) => size === window.strides[i] && (sizes[i] as number) % size === 0)
      if (tiles && window.pads.flat().every((by) => by === 0)) return resize(upstream.mul(1 / window.kernel.reduce((p, q) => p * q)), sizes)
      return mapSpace(upstream, averageMaps(x, window), { transposed: true })
    },
  ],
}

function averageMaps(x: Tensor, { kernel, strides, pads, countPadding }: AverageWindow) {
  return kernel.map((length, i) => {
    const [from, [before, after], stride] = [x.size(i + 2), pads[i] as readonly [number, number], strides[i] as number]
    const start = (k: number): number => Math.max(k * stride - before, 0)
    const end = (k: number): number => Math.min(k * stride - before + length, from)
    const to = Math.floor((from + before + after - length) / stride) + 1
    return meanMap(from, to, start, end, countPadding ? () => length : undefined)
  })
}

export interface AveragePoolOptions extends PoolOptions {
  /** Padded zeros count as elements of their windows, as in PyTorch. */
  readonly countPadding?: boolean
}

/** The mean of every window of [batch, channels, ...space]. */
export const averagePool = (x: Tensor, size: PerAxis, { countPadding = true, ...options }: AveragePoolOptions = {}): Tensor =>
  apply(averagePoolOp, [x], { ...windowOf(x, size, options), countPadding })

/** The mean over all of space: [batch, channels]. */
export const globalAveragePool = (x: Tensor): Tensor => x.mean(x.shape.slice(2).map((_, i) => i + 2))

/** Means over `sizes` windows that divide space as evenly as whole elements allow; they may overlap by one. */
export function adaptiveAveragePool(x: Tensor, sizes: PerAxis): Tensor {
  const wanted = perAxis(sizes, x.rank - 2)
  const from = wanted.map((_, i) => x.size(i + 2))
  if (wanted.every((to, i) => (from[i] as number) % to === 0))
    return averagePool(
      x,
      wanted.map((to, i) => (from[i] as number) / to),
    )
  const maps = wanted.map((to, i) => {
    const size = from[i] as number
    const end = (k: number): number => Math.ceil(((k + 1) * size) / to)
    return meanMap(size, to, (k) => Math.floor((k * size) / to), end)
  })
  return mapSpace(x, maps)
}

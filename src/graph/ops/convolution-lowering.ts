import { type Dimension, isStatic, minus, plus, times } from '../dimension.js'
import { failure } from '../node.js'
import { elements } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { convolution, type Geometry, kernelOf } from './convolution.js'
import { concat, flip, pad, slice } from './shaping.js'

/**
 * The input gradient as a convolution with the flipped kernel: zeros go between the elements of `g` where the forward
 * convolution had a stride. Measured on two cores, 8×128×16×16 with 128 kernels of 3×3: 15 ms, against 27 ms of ConvTranspose.
 */
export function flippedConvolution(
  g: Tensor,
  weight: Tensor,
  sizes: readonly Dimension[],
  { strides, dilations, pads, groups }: Geometry,
): Tensor {
  const kernel = kernelOf(weight)
  let spread = g
  const around = sizes.map((size, i): readonly [number, number] => {
    const axis = i + 2
    spread = interleaveZeros(spread, axis, strides[i] as number)
    const before = ((kernel[i] as number) - 1) * (dilations[i] as number) - (pads[i]?.[0] ?? 0)
    const reach = ((kernel[i] as number) - 1) * (dilations[i] as number)
    const after = minus(plus(size, reach - before), spread.shape[axis] as Dimension)
    if (!isStatic(after))
      return failure('take the input gradient of a convolution over', [g, weight])(
        `the size of axis ${axis} is named and strided, so its padding is not known`,
        'Trace with a static size',
      )
    spread = slice(spread, axis, Math.max(-before, 0), plus(spread.shape[axis] as Dimension, Math.min(after, 0)))
    return [Math.max(before, 0), Math.max(after, 0)]
  })
  return convolution(spread, flipped(weight, groups), { padding: around, dilation: dilations, groups })
}

/** [out, in / groups, ...kernel] as the kernel of the way back, [in, out / groups, ...kernel], with every axis reversed. */
function flipped(weight: Tensor, groups: number): Tensor {
  const [channels, perGroup, ...kernel] = weight.shape as readonly number[] as [number, number, ...number[]]
  const axes = kernel.map((_, i) => i)
  const swapped = weight
    .reshape([groups, channels / groups, perGroup, ...kernel])
    .transpose([0, 2, 1, ...axes.map((i) => i + 3)])
    .reshape([groups * perGroup, channels / groups, ...kernel])
  return axes.reduce((turned, i) => (kernel[i] === 1 ? turned : flip(turned, i + 2)), swapped)
}

/** step - 1 zeros between neighbours. */
function interleaveZeros(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1) return x
  const size = x.shape[axis] as Dimension
  const spaced = pad(x.unsqueeze(axis + 1), axis + 1, [0, step - 1])
  return slice(
    spaced.reshape(x.shape.map((other, i) => (i === axis ? times(size, step) : other))),
    axis,
    0,
    plus(times(size, step), 1 - step),
  )
}

/**
 * The weight gradient of a convolution that reads one channel per group: each channel of each sample is convolved with its own
 * upstream as the kernel, stride and dilation in exchanged roles. Four times as fast as products per tap.
 */
export function correlatedChannels(
  x: Tensor,
  g: Tensor,
  kernel: readonly number[],
  { strides, dilations, pads, groups }: Geometry,
): Tensor {
  const [batch, outChannels] = [x.size(0), g.size(1)]
  const found = convolution(x.reshape([1, batch * groups, ...x.shape.slice(2)]), g.reshape([batch * outChannels, 1, ...g.shape.slice(2)]), {
    stride: dilations,
    dilation: strides,
    padding: pads,
    groups: batch * groups,
  })
  return kernel
    .reduce((t, size, i) => slice(t, i + 2, 0, size), found)
    .reshape([batch, outChannels, 1, ...kernel])
    .sum(0)
}

/**
 * The weight gradient as matrix products over all positions. Both arrays go channels-last; the taps of the last axis are joined
 * along the channels, so that each position of the other kernel axes is one product [taps·in, positions]·[positions, out].
 * On two cores that reaches 74 to 138 GFLOP/s from 64 to 256 channels, where one product per tap reaches 48 to 68.
 */
export function productsPerTap(x: Tensor, g: Tensor, kernel: readonly number[], geometry: Geometry): Tensor {
  const { strides, dilations, pads, groups } = geometry
  const axes = kernel.map((_, i) => i)
  const last = axes.length - 1
  const sizes = g.shape.slice(2)
  const [outChannels, inChannels] = [g.size(1), x.size(1)]
  const channelsLast = (t: Tensor): Tensor => t.transpose([0, ...axes.map((i) => i + 2), 1])
  /** The elements that tap `t` of kernel axis `i` meets: one per output position. */
  const met = (t: Tensor, i: number, tap: number): Tensor => {
    const start = tap * (dilations[i] as number)
    const span = times(plus(sizes[i] as Dimension, -1), strides[i] as number)
    return slice(t, i + 1, start, plus(span, start + 1), strides[i])
  }
  const positions = elements([g.shape[0] as Dimension, ...sizes])
  const grouped = (t: Tensor, channels: number): Tensor =>
    groups === 1 ? t.reshape([positions, channels]) : t.reshape([positions, groups, channels / groups]).transpose([1, 0, 2])

  const padded = axes.reduce((t, i) => pad(t, i + 1, pads[i] as readonly [number, number]), channelsLast(x))
  const split = padded.reshape([...padded.shape.slice(0, -1), groups, inChannels / groups])
  const joined = concat(
    Array.from({ length: kernel[last] as number }, (_, tap) => met(split, last, tap).unsqueeze(-2)),
    -2,
  ) // [batch, ...space, groups, taps, in / groups]
  const wide = (kernel[last] as number) * inChannels
  const upstream = grouped(channelsLast(g), outChannels)
  const products = tapsOf(kernel.slice(0, -1)).map((taps) => {
    const rows = taps.reduce((t, tap, i) => met(t, i, tap), joined)
    return grouped(rows.reshape([...rows.shape.slice(0, -3), wide]), wide).matmul(upstream, { transposeA: true })
  }) // each [groups, taps·in / groups, out / groups]
  return concat(products.map((product) => product.reshape([1, groups, kernel[last] as number, inChannels / groups, outChannels / groups])))
    .transpose([1, 4, 3, 0, 2])
    .reshape([outChannels, inChannels / groups, ...kernel])
}

/** Every position of a kernel, the last axis fastest. */
const tapsOf = (kernel: readonly number[]): readonly (readonly number[])[] =>
  kernel.reduce<number[][]>((heads, size) => heads.flatMap((head) => Array.from({ length: size }, (_, tap) => [...head, tap])), [[]])

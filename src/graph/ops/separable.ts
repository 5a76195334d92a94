import type { Dimension } from '../dimension.js'
import { fill, type NDArray } from '../ndarray.js'
import { elements } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { constant } from './constant.js'
import { matmul } from './linear-algebra.js'

/** The weights of a linear map along one axis: `rows[i][j]` is what element j of the input gives to element i of the result. */
export interface AxisMap {
  readonly from: number
  readonly to: number
  /** The few weights of one result that are not zero, as [j, weight]. */
  readonly row: (i: number) => Iterable<readonly [j: number, weight: number]>
}

/** The map as a matrix [to, from]. */
function matrixOf({ from, to, row }: AxisMap): NDArray {
  const values = new Float64Array(to * from)
  for (let i = 0; i < to; i++) for (const [j, weight] of row(i)) values[i * from + j] = (values[i * from + j] as number) + weight
  return fill('float32', [to, from], (at) => values[at] as number)
}

/**
 * Applies a map along each spatial axis of [batch, channels, ...space] (undefined: the axis stays), or their transposes, which
 * is what the gradient needs. As matrix products: dense, but on images of up to about 128 pixels a side as fast as a kernel.
 */
export function mapSpace(x: Tensor, maps: readonly (AxisMap | undefined)[], { transposed = false } = {}): Tensor {
  const growth = (map: AxisMap | undefined): number => (map ? (transposed ? map.from / map.to : map.to / map.from) : 1)
  const sizes = maps.map((map, i) => (map ? (transposed ? map.from : map.to) : (x.shape[i + 2] as Dimension)))
  if (x.shape.includes(0)) return x.reshape([...x.shape.slice(0, 2), ...sizes]) // engines do not stretch a matrix over no pictures
  const order = maps.map((_, i) => i).sort((a, b) => growth(maps[a]) - growth(maps[b])) // shrink first
  return order.reduce((y, i) => {
    const map = maps[i]
    if (!map) return y
    const matrix = constant(matrixOf(map)).cast(x.dtype)
    const axis = i + 2
    if (axis === y.rank - 1) return matmul(y, matrix, { transposeB: !transposed })
    const [before, after] = [y.shape.slice(0, axis), y.shape.slice(axis + 1)]
    const rows = y.reshape([elements(before), y.shape[axis] as Dimension, elements(after)])
    return matmul(matrix, rows, { transposeA: transposed }).reshape([...before, sizes[i] as Dimension, ...after])
  }, x)
}

/** A map that takes the mean of the elements `start(i)` to `end(i)`, divided by `count(i)` if that is another number. */
export const meanMap = (
  from: number,
  to: number,
  start: (i: number) => number,
  end: (i: number) => number,
  count = (i: number) => end(i) - start(i),
): AxisMap => ({
  from,
  to,
  row: (i) => Array.from({ length: end(i) - start(i) }, (_, j) => [start(i) + j, 1 / count(i)] as const),
})

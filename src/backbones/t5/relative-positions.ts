import { array, type NDArray } from '../../graph/index.js'
import type { T5Size } from './sizes.js'

export interface RelativePositions extends Pick<T5Size, 'buckets' | 'farthest'> {
  /** Keys may stand behind their query, as in the encoder. */
  readonly bothWays: boolean
}

/**
 * The bucket of every distance from −farthest to +farthest, key less query (Raffel et al. 2020, section 2.1): small distances have one each, larger
 * ones share on a logarithmic scale. int64 [2·farthest + 1]. As a table it costs nothing per token, and rounds as the reference does.
 */
export function relativeBuckets({ buckets, farthest, bothWays }: RelativePositions): NDArray {
  const own = bothWays ? buckets / 2 : buckets
  const exact = own / 2
  const { fround } = Math
  const range = fround(Math.log(farthest / exact))
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance
    // In float32 step by step, because some distances lie on the border of two buckets.
    const share = fround(fround(Math.log(fround(distance / exact))) / range)
    return Math.min(own - 1, exact + Math.trunc(fround(share * (own - exact))))
  }
  const values = Array.from({ length: 2 * farthest + 1 }, (_, i) => {
    const distance = i - farthest
    if (!bothWays) return bucketOf(Math.max(0, -distance))
    return bucketOf(Math.abs(distance)) + (distance > 0 ? own : 0)
  })
  return array(values, { dtype: 'int64' })
}

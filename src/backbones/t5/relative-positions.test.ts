import { expect, test } from 'vitest'
import { relativeBuckets } from './relative-positions.js'

/** How many neighbouring distances are in each bucket, in the order of the distances. */
function runs(values: readonly number[]): [bucket: number, count: number][] {
  const found: [number, number][] = []
  for (const value of values) {
    const last = found.at(-1)
    if (last?.[0] === value) last[1]++
    else found.push([value, 1])
  }
  return found
}
const bucketsOf = (...[options]: Parameters<typeof relativeBuckets>): number[] => Array.from(relativeBuckets(options).data, Number)

// From transformers 5.24.0, T5Attention._relative_position_bucket.
test('relativeBuckets() is the reference where keys may stand on both sides', () => {
  const found = bucketsOf({ buckets: 32, farthest: 128, bothWays: true })
  expect(runs(found.slice(0, 128))).toEqual(
    [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((bucket, i) => [bucket, [38, 27, 18, 14, 9, 7, 4, 4][i] ?? 1]),
  )
  expect(runs(found.slice(128))).toEqual([
    [0, 1],
    ...[17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31].map((bucket, i) => [bucket, [4, 4, 7, 9, 14, 18, 27, 38][i - 7] ?? 1]),
  ])
})

test('relativeBuckets() is the reference where keys stand before their query', () => {
  const found = bucketsOf({ buckets: 8, farthest: 20, bothWays: false })
  expect(found).toEqual([7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6, 5, 5, 5, 4, 4, 3, 2, 1, 0, ...new Array<number>(20).fill(0)])
})

/** Tokens of one text. */
export type Row = readonly number[]

/** How new rows can go on from rows that the caches hold. */
export interface Reuse {
  /** For each new row, the held row that it goes on from; −1 where none has begun alike. */
  readonly sources: readonly number[]
  /** How many of its tokens that row's caches hold already: never all, because something must be asked. */
  readonly kept: readonly number[]
}

/** How many tokens two rows have in common from their beginning on. */
export function commonPrefix(a: Row, b: Row): number {
  const end = Math.min(a.length, b.length)
  let count = 0
  while (count < end && a[count] === b[count]) count++
  return count
}

/**
 * Finds for each new row the held row that shares the longest beginning. Decoding asks for the same rows with one token more, a beam
 * search for some of them twice, a conversation for a row that goes on: all of them find what they need here.
 */
export function reuseOf(held: readonly Row[], rows: readonly Row[]): Reuse {
  const sources: number[] = []
  const kept: number[] = []
  for (const [r, row] of rows.entries()) {
    let [source, longest] = [-1, 0]
    const consider = (candidate: number): void => {
      const shared = Math.min(commonPrefix(held[candidate] as Row, row), row.length - 1)
      if (shared > longest) [source, longest] = [candidate, shared]
    }
    if (r < held.length) consider(r)
    if (longest < row.length - 1) for (let i = 0; i < held.length; i++) if (i !== r) consider(i)
    sources.push(source)
    kept.push(longest)
  }
  return { sources, kept }
}

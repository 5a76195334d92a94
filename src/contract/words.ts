/** "a, b or c". */
export const listed = (words: readonly string[], last = 'or'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`

/** "Did you mean …?", if something was; undefined lets an error go without. */
export function suggestion(typed: string, words: readonly string[]): string | undefined {
  const meant = closest(typed, words)
  return meant === undefined ? undefined : `Did you mean "${meant}"?`
}

/** The word that was probably meant: at most two letters, or a third of them, away. */
export function closest<Word extends string>(typed: string, words: readonly Word[]): Word | undefined {
  const ranked = words.map((word) => ({ word, distance: distance(typed.slice(0, 100).toLowerCase(), word.toLowerCase()) }))
  const best = ranked.sort((a, b) => a.distance - b.distance)[0]
  return best && best.distance <= Math.max(2, best.word.length / 3) && best.distance < best.word.length ? best.word : undefined
}

/** Levenshtein's distance, row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

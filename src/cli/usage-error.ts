import { GeneraError } from '../graph/errors.js'

/** The command line itself is wrong: exit code 2. */
export class UsageError extends GeneraError {
  override readonly name = 'UsageError'
  constructor(sentence: string, hint?: string) {
    super('usage', sentence, hint)
  }
}

/** One of the words, or a sentence that names them all and the one that was probably meant. */
export function oneOf<const Word extends string>(option: string, words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    const meant = closest(value, words)
    throw new UsageError(`Cannot use ${option} "${value}": expected ${listed(words)}`, meant && `Did you mean "${meant}"?`)
  }
}

export function wholeNumber(option: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new UsageError(`Cannot use ${option} "${value}": expected a whole number from ${least} to ${most}`)
  }
}

export function positiveNumber(option: string, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (value.trim() !== '' && number > 0 && number <= most) return number
    throw new UsageError(`Cannot use ${option} "${value}": expected a number above 0 and up to ${most}`)
  }
}

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

/** The word that was probably meant: at most two letters, or a third of them, away. */
export function closest<Word extends string>(typed: string, words: readonly Word[]): Word | undefined {
  const ranked = words.map((word) => ({ word, distance: distance(typed.toLowerCase(), word.toLowerCase()) }))
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

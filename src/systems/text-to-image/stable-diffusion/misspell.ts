import { type Key, uniform } from '../../../graph/index.js'

/** What fingers do at a place of a word: two letters change places, one is left out, or it is struck twice. */
const slips = [
  (word: string, at: number) => word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2),
  (word: string, at: number) => word.slice(0, at) + word.slice(at + 1),
  (word: string, at: number) => word.slice(0, at + 1) + word.slice(at),
] as const

/** The text as typed in a hurry: a third of its words of four letters and more have one slip each, after their first letter. */
export function misspell(text: string, key: Key): string {
  let count = 0
  return text.replace(/\p{L}{4,}/gu, (word) => {
    const [hurry = 1, place = 0, kind = 0] = uniform(key.child(count++), [3]).data
    const at = 1 + Math.floor(place * (word.length - 2))
    const slip = slips[Math.floor(kind * slips.length)] as (typeof slips)[number]
    return hurry < 1 / 3 ? slip(word, at) : word
  })
}

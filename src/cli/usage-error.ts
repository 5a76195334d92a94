import { listed, suggestion } from '../contract/words.js'
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
    throw new UsageError(`Cannot use ${option} "${value}": expected ${listed(words)}`, suggestion(value, words))
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

/** A number of a closed range. */
export function numberFrom(option: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (value.trim() !== '' && number >= least && number <= most) return number
    throw new UsageError(`Cannot use ${option} "${value}": expected a number from ${least} to ${most}`)
  }
}

import type { Split } from '../splits.js'
import type { Dice } from './dice.js'
import { capitalised } from './lexicon.js'

/** One pair of numbers in seven is held out, whichever way round it stands. */
const isHeldOut = (a: number, b: number): boolean => (a * b + a + b) % 7 === 3

export function numbers(dice: Dice, split: Split): readonly [number, number] {
  for (;;) {
    const [a, b] = [dice.below(100), dice.below(dice.chance(0.5) ? 10 : 100)]
    if (isHeldOut(a, b) === (split === 'held-out')) return [a, b]
  }
}

/** A sum with its result, in signs or in words. */
export function sum(dice: Dice, split: Split): string {
  const [a, b] = numbers(dice, split)
  const [more, less] = [Math.max(a, b), Math.min(a, b)]
  return dice.pick([
    `${a} + ${b} = ${a + b}`,
    `${more} - ${less} = ${more - less}`,
    `What is ${a} plus ${b}? ${a + b}`,
    `What is ${more} minus ${less}? ${more - less}`,
    `Which is larger, ${a} or ${b}? ${a === b ? 'neither' : more}`,
  ])
}

/** What a small function does, in words and in JavaScript; `of` says what it gives. */
export const functions = [
  { says: 'adds two numbers', name: 'add', body: 'a + b', of: (a: number, b: number) => a + b },
  { says: 'subtracts the second number from the first', name: 'subtract', body: 'a - b', of: (a: number, b: number) => a - b },
  { says: 'gives the larger of two numbers', name: 'larger', body: 'a > b ? a : b', of: Math.max },
  { says: 'gives the smaller of two numbers', name: 'smaller', body: 'a < b ? a : b', of: Math.min },
  { says: 'gives the distance of two numbers', name: 'distance', body: 'Math.abs(a - b)', of: (a: number, b: number) => Math.abs(a - b) },
  {
    says: 'gives the double of the first number and adds the second',
    name: 'doubled',
    body: '2 * a + b',
    of: (a: number, b: number) => 2 * a + b,
  },
  { says: 'tells whether two numbers are equal', name: 'equal', body: 'a === b', of: (a: number, b: number) => a === b },
  { says: 'tells whether the first number is larger', name: 'isLarger', body: 'a > b', of: (a: number, b: number) => a > b },
] as const

/** A small program, and three calls with what they give. */
export function program(dice: Dice, split: Split): string {
  const { says, name, body, of } = dice.pick(functions)
  const calls = Array.from({ length: 3 }, () => {
    const [a, b] = numbers(dice, split)
    return `${name}(${a}, ${b}) // ${of(a, b)}`
  })
  return [`/** ${capitalised(says)}. */`, `const ${name} = (a, b) => ${body}`, ...calls].join('\n')
}

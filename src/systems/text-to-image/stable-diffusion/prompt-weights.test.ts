import { expect, it } from 'vitest'
import { weightedTexts } from './prompt-weights.js'

const read = (prompt: string) => weightedTexts(prompt).map(({ text, weight }) => [text, Number(weight.toFixed(4))])

it.each([
  ['a red cube', [['a red cube', 1]]],
  ['', []],
  [
    'a (red) cube',
    [
      ['a ', 1],
      ['red', 1.1],
      [' cube', 1],
    ],
  ],
  [
    'a (red:1.3) cube',
    [
      ['a ', 1],
      ['red', 1.3],
      [' cube', 1],
    ],
  ],
  ['((red))', [['red', 1.21]]],
  ['[red]', [['red', 0.9091]]],
  [
    '(a [red] cube:2)',
    [
      ['a ', 2],
      ['red', 1.8182],
      [' cube', 2],
    ],
  ],
  [
    '(a (red:1.5):2)',
    [
      ['a ', 2],
      ['red', 3],
    ],
  ],
  ['(red: .5 )', [['red', 0.5]]],
  ['(red:-1)', [['red', -1]]],
  [
    'at 10:30 (noon)',
    [
      ['at 10:30 ', 1],
      ['noon', 1.1],
    ],
  ],
  ['a \\(red\\) \\[cube\\] \\\\', [['a (red) [cube] \\', 1]]],
  [
    'a (red cube',
    [
      ['a ', 1],
      ['red cube', 1.1],
    ],
  ],
  ['a red) cube]', [['a red) cube]', 1]]],
  [
    '(red](cube)',
    [
      ['red]', 1.1],
      ['cube', 1.21],
    ],
  ],
  ['(red:two)', [['red:two', 1.1]]],
  ['()()', []],
])('weightedTexts() reads %j', (prompt, parts) => {
  expect(read(prompt)).toEqual(parts)
})

it('weightedTexts() bounds what thousands of brackets make', () => {
  expect(read(`${'('.repeat(4000)}red`)).toEqual([['red', 100]])
})

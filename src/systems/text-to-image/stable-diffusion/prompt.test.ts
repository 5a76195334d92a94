import { describe, expect, it } from 'vitest'
import { array, type NDArray } from '../../../graph/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { encodePrompt, paired, readWindows, type TextReader } from './prompt.js'

const tokenizer = await openTokenizer()

describe('encodePrompt()', () => {
  it('fills the context, and warns of nothing while all of the text is read', () => {
    const { windows, warnings } = encodePrompt(tokenizer, 'a red cube', 'prompt')
    expect([windows.length, windows[0].tokens.shape, windows[0].tokens.dtype, warnings]).toEqual([1, [1, tokenizer.context], 'int32', []])
    expect([...windows[0].tokens.data]).toEqual(tokenizer.encode('a red cube').ids)
  })

  it('quotes what found no room', () => {
    const { windows, warnings } = encodePrompt(tokenizer, `${'red '.repeat(40)}zebra`, 'negativePrompt')
    expect(windows.length).toBe(1)
    expect(warnings).toEqual([
      expect.stringMatching(/^The end of negativePrompt found no room in 30 tokens and was not read: "red .*zebra"$/),
    ])
  })

  it('reads brackets to the letter unless weights are asked for', () => {
    expect([...encodePrompt(tokenizer, '(red:1.3)', 'prompt').windows[0].tokens.data]).toEqual(tokenizer.encode('(red:1.3)').ids)
  })

  it('gives each token the weight of its part, and 1 to start, end and padding', () => {
    const { windows } = encodePrompt(tokenizer, 'a (red:1.5) cube', 'prompt', { weighted: true })
    const [a, red, cube] = ['a', 'red', 'cube'].map((word) => tokenizer.tokens(word).length) as [number, number, number]
    const inside = [...Array(a).fill(1), ...Array(red).fill(1.5), ...Array(cube).fill(1)]
    expect([...windows[0].tokens.data]).toEqual(tokenizer.encode('a red cube').ids)
    expect(windows[0].weights).toEqual([1, ...inside, ...Array(tokenizer.context - 1 - inside.length).fill(1)])
  })

  it('goes on in further windows, each with its start and end, and loses nothing', () => {
    const text = `${'red '.repeat(70)}cube`
    const { windows, warnings } = encodePrompt(tokenizer, text, 'prompt', { weighted: true })
    expect(warnings).toEqual([])
    expect(windows.map(({ tokens }) => [...tokens.data])).toEqual(tokenizer.windows(text).map(({ ids }) => ids))
  })
})

it('paired() gives both texts as many windows', () => {
  const long = encodePrompt(tokenizer, 'red '.repeat(70), 'prompt', { weighted: true }).windows
  const [none, all] = paired(tokenizer, encodePrompt(tokenizer, '', 'negativePrompt').windows, long)
  expect([none.length, all]).toEqual([long.length, long])
  expect([...(none.at(-1)?.tokens.data ?? [])]).toEqual(tokenizer.encode('').ids)
})

describe('readWindows()', () => {
  const windowOf = (weights?: readonly number[]) => ({ tokens: array([[1, 2]], { dtype: 'int32' }), weights })
  const given: NDArray[] = []
  const readText: TextReader = async ({ tokens }) => {
    given.push(tokens)
    const states = [
      [
        [1, 3],
        [2, 2],
      ],
    ]
    return { states: array(states), pooled: array([[given.length]]) }
  }

  it('joins the states of the windows', async () => {
    expect((await readWindows(readText, [windowOf(), windowOf()])).states.toNested()).toEqual([
      [
        [1, 3],
        [2, 2],
        [1, 3],
        [2, 2],
      ],
    ])
  })

  it('takes the first window for the whole', async () => {
    const before = given.length
    expect((await readWindows(readText, [windowOf(), windowOf()])).pooled?.item()).toBe(before + 1)
  })

  it('multiplies the states, and keeps their mean', async () => {
    // [1 3 | 6 6] has the mean 4 in place of 2.
    expect((await readWindows(readText, [windowOf([1, 3])])).states.toNested()).toEqual([
      [
        [0.5, 1.5],
        [3, 3],
      ],
    ])
  })
})

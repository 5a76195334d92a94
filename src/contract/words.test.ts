import { describe, expect, it } from 'vitest'
import { closest, listed, suggestion } from './words.js'

describe('listed()', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a or b'],
    [['a', 'b', 'c'], 'a, b or c'],
  ])('joins %j', (words, sentence) => expect(listed(words)).toBe(sentence))

  it('joins with another last word', () => expect(listed(['a', 'b'], 'and')).toBe('a and b'))
})

describe('closest()', () => {
  const words = ['muse', 'stable-diffusion', 'whisper']
  it.each([
    ['whispr', 'whisper'],
    ['WHISPER', 'whisper'],
    ['stable-difussion', 'stable-diffusion'],
    ['mouse', 'muse'],
  ])('takes %s for %s', (typed, word) => expect(closest(typed, words)).toBe(word))

  it.each(['', 'xylophone', 'a'.repeat(1e6)])('takes %.10s for nothing', (typed) => expect(closest(typed, words)).toBeUndefined())
})

describe('suggestion()', () => {
  it('asks, or says nothing', () => {
    expect(suggestion('pgn', ['png'])).toBe('Did you mean "png"?')
    expect(suggestion('zzz', ['png'])).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { oneOf, positiveNumber, wholeNumber } from './usage-error.js'

describe('options', () => {
  it('oneOf() names all words and the one that was meant', () => {
    expect(oneOf('--style', ['oil', 'photo'])('oil')).toBe('oil')
    expect(() => oneOf('--style', ['oil', 'photo'])('foto')).toThrow(
      'Cannot use --style "foto": expected oil or photo. Did you mean "photo"?',
    )
  })

  it('wholeNumber() and positiveNumber() refuse what is none', () => {
    expect(wholeNumber('--seed', 0, 9)('7')).toBe(7)
    for (const wrong of ['', '-1', '1.5', '10', '1e0', 'x']) expect(() => wholeNumber('--seed', 0, 9)(wrong)).toThrow('from 0 to 9')
    expect(positiveNumber('--seconds', 60)('2.5')).toBe(2.5)
    for (const wrong of ['', ' ', '0', '-2', '61', 'NaN', 'Infinity'])
      expect(() => positiveNumber('--seconds', 60)(wrong)).toThrow('up to 60')
  })
})

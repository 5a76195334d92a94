import { describe, expect, it } from 'vitest'
import { duration, rate, table } from './terminal.js'

describe('duration()', () => {
  it('is short', () => {
    expect([0, 41.2, 200, 7500].map(duration)).toEqual(['0 s', '42 s', '3 min 20 s', '2 h 5 min'])
  })
})

describe('rate()', () => {
  it('turns round for what is slow', () => {
    expect([120, 4.23, 0.25].map(rate)).toEqual(['120/s', '4.2/s', '4.0 s each'])
  })
})

describe('table()', () => {
  it('lines columns up, and wraps the last one below itself', () => {
    expect(
      table(
        [
          ['a', 'one two three four fivefive six'],
          ['long', 'b'],
        ],
        32,
      ),
    ).toBe('  a     one two three four\n        fivefive six\n  long  b\n')
    expect(table([])).toBe('')
  })
})

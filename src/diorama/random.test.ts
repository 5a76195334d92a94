import { describe, expect, it } from 'vitest'
import { key } from '../graph/random/index.js'
import { Draw } from './random.js'

const draw = new Draw(key(7))

describe('Draw', () => {
  it('gives the same number for the same name, and another for another name or child', () => {
    expect(draw.uniform('x', 0, 1)).toBe(new Draw(key(7)).uniform('x', 0, 1))
    expect(draw.uniform('x', 0, 1)).not.toBe(draw.uniform('y', 0, 1))
    expect(draw.child('a').uniform('x', 0, 1)).not.toBe(draw.uniform('x', 0, 1))
    expect(draw.child('a', 1).uniform('x', 0, 1)).toBe(draw.child('a').child(1).uniform('x', 0, 1))
  })

  it('keeps to its ranges, and meets both ends of whole numbers', () => {
    const numbers = Array.from({ length: 200 }, (_, i) => draw.integer(i, -1, 1))
    expect(new Set(numbers)).toEqual(new Set([-1, 0, 1]))
    for (let i = 0; i < 200; i++) {
      const value = draw.uniform(i, 2, 3)
      expect(value).toBeGreaterThanOrEqual(2)
      expect(value).toBeLessThan(3)
    }
    expect(draw.uniform('point', 4, 4)).toBe(4)
  })

  it('weighs: a weight of zero is never drawn, and a triple weight about three times as often', () => {
    const counts = [0, 0, 0]
    for (let i = 0; i < 2000; i++) {
      const at = draw.weighted(i, [1, 0, 3])
      counts[at] = (counts[at] as number) + 1
    }
    expect(counts[1]).toBe(0)
    expect((counts[2] as number) / (counts[0] as number)).toBeGreaterThan(2.4)
    expect((counts[2] as number) / (counts[0] as number)).toBeLessThan(3.8)
  })

  it('shuffles without losing or changing anything', () => {
    const items = ['a', 'b', 'c', 'd', 'e']
    const orders = Array.from({ length: 20 }, (_, i) => draw.shuffle(i, items).join(''))
    for (const order of orders) expect([...order].sort()).toEqual(items)
    expect(new Set(orders).size).toBeGreaterThan(10)
    expect(items.join('')).toBe('abcde')
  })

  it('says what it cannot draw', () => {
    expect(() => draw.pick('shape', [])).toThrow('Cannot pick "shape" from a list without items')
    expect(() => draw.weighted('count', [0, 0])).toThrow('Cannot draw "count" by the weights [0, 0]: their sum must be above zero')
  })
})

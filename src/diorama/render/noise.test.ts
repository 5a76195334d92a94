import { describe, expect, it } from 'vitest'
import { grain, noise, smooth } from './noise.js'

const places = Array.from({ length: 2000 }, (_, i) => [(i * 0.6180339) % 1, (i * 0.7548776) % 1] as const)
const spread = (of: typeof noise, footprint: number): number => {
  const values = places.map(([x, y]) => of(x, y, footprint) - 0.5)
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}

describe('noise() and grain()', () => {
  it.each([noise, grain])('vary about one half and repeat from square to square', (of) => {
    const mean = places.reduce((sum, [x, y]) => sum + of(x, y, 0), 0) / places.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
    expect(spread(of, 0)).toBeGreaterThan(0.12)
    for (const [x, y] of places.slice(0, 50)) {
      expect(of(x + 1, y, 0)).toBeCloseTo(of(x, y, 0), 9)
      expect(of(x, y - 3, 0)).toBeCloseTo(of(x, y, 0), 9)
    }
  })

  it('are continuous', () => {
    for (const [x, y] of places.slice(0, 300)) expect(Math.abs(noise(x + 1e-5, y, 0) - noise(x, y, 0))).toBeLessThan(2e-3)
  })

  it('calm down as a pixel takes in more of them, grain before noise', () => {
    const steps = [0, 0.02, 0.08, 0.3, 1]
    const calm = steps.map((footprint) => spread(noise, footprint))
    for (let i = 1; i < calm.length; i++) expect(calm[i]).toBeLessThan(calm[i - 1] as number)
    expect(spread(grain, 0.08)).toBeLessThan(spread(noise, 0.08))
    expect(spread(grain, 1)).toBeLessThan(0.02)
  })
})

describe('smooth()', () => {
  it('rises from 0 to 1 between its ends, in either order', () => {
    expect([-1, 0, 0.5, 1, 2].map((value) => smooth(0, 1, value))).toEqual([0, 0, 0.5, 1, 1])
    expect([-1, 0, 0.5, 1, 2].map((value) => smooth(1, 0, value))).toEqual([1, 1, 0.5, 0, 0])
  })
})

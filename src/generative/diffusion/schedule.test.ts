import { describe, expect, test } from 'vitest'
import { noiseSchedule, sigmasOf } from './schedule.js'

describe('noiseSchedule()', () => {
  test('gives the published values of Stable Diffusion', () => {
    const { alphaBar } = noiseSchedule()
    for (const [step, value] of [
      [0, 0.99914998],
      [1, 0.99829602],
      [499, 0.27766943],
      [981, 0.0057755],
      [999, 0.0046601],
    ] as const)
      expect(Math.abs((alphaBar[step] as number) / value - 1)).toBeLessThan(5e-6)
  })

  test('gives the published values of the cosine schedule', () => {
    const { alphaBar } = noiseSchedule({ betas: 'squaredcos_cap_v2' })
    expect(alphaBar[0]).toBeCloseTo(0.99995869, 7)
    expect(alphaBar[499]).toBeCloseTo(0.49384347, 6)
    expect((alphaBar[998] as number) * 1e6).toBeCloseTo(2.43, 2)
  })

  test('ends in noise alone when asked, keeps the first step, and has a last σ of half precision', () => {
    const rescaled = noiseSchedule({ zeroTerminalSnr: true })
    expect(rescaled.alphaBar[999]).toBe(0)
    expect(rescaled.alphaBar[0]).toBeCloseTo(noiseSchedule().alphaBar[0] as number, 10)
    expect(sigmasOf(rescaled)[999]).toBeCloseTo(4096, 1)
  })

  test('refuses variances that do not rise between 0 and 1', () => {
    expect(() => noiseSchedule({ betaStart: 0.5, betaEnd: 0.1 })).toThrow('Cannot make a noise schedule from 0.5 to 0.1')
    expect(() => noiseSchedule({ betaStart: 0 })).toThrow('the variances rise between 0 and 1')
    expect(() => noiseSchedule({ trainSteps: 1 })).toThrow('Cannot make a noise schedule of 1 steps')
  })
})

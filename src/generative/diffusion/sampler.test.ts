import { describe, expect, test } from 'vitest'
import { fill, zeros } from '../../graph/index.js'
import { startCall } from './sampler.js'
import { samplerNamed } from './samplers.js'
import { noiseSchedule } from './schedule.js'

const schedule = noiseSchedule()
const noise = fill('float32', [1, 1, 2, 2], (i) => i - 1.5)

describe('samplerOf()', () => {
  test('leaves the state that it steps from as it is', () => {
    const sampler = samplerNamed('pndm', { steps: 4, schedule })
    const begin = sampler.start(noise)
    const first = sampler.step(begin, noise)
    const again = sampler.step(begin, noise)
    expect(again).toEqual(first)
    expect(begin).toEqual(sampler.start(noise))
  })

  test('says that the run has ended, that noise is missing, and that shapes differ', () => {
    const sampler = samplerNamed('euler-ancestral', { steps: 1, schedule })
    const state = sampler.start(noise)
    expect(() => sampler.step(state, noise)).toThrow('Cannot step from call 0 without noise')
    expect(() => sampler.step(state, zeros([1, 2, 2, 2]), noise)).toThrow(
      'the latents, what the model predicts for them and the noise have one shape',
    )
    expect(() => sampler.step(sampler.step(state, noise, noise), noise, noise)).toThrow('the run ended after 1 calls of the model')
  })

  test('hides a picture less with every call, and not at all behind the last', () => {
    const picture = zeros([1, 1, 2, 2])
    for (const name of ['ddim', 'euler', 'dpm++-2m', 'heun'] as const) {
      const sampler = samplerNamed(name, { steps: 5, schedule })
      const hidden = [...sampler.times, 0].map((_, call) => Math.abs(sampler.noised(picture, noise, call).at(0)))
      expect(hidden, name).toEqual(hidden.toSorted((a, b) => b - a))
      expect(hidden.at(-1)).toBe(0)
    }
  })
})

describe('startCall()', () => {
  test.each([
    ['ddim', 50, 0.8, 10],
    ['ddim', 50, 1, 0],
    ['ddim', 50, 0, 50],
    ['ddim', 4, 0.1, 3], // the reference makes no step here and fails
    ['ddim', 50, 0.58, 22], // 50 · 0.58 is a little less than 29
    ['heun', 10, 0.5, 10],
    ['heun', 10, 0, 19],
  ] as const)('begins %s of %i steps at strength %d with call %i', (name, steps, strength, call) => {
    expect(startCall(samplerNamed(name, { steps, schedule }), strength)).toBe(call)
  })

  test('counts the doubled step of PNDM as the reference does', () => {
    expect(startCall(samplerNamed('pndm', { steps: 50, schedule }), 0.8)).toBe(10)
  })

  test('refuses a strength beyond 0 to 1', () => {
    expect(() => startCall(samplerNamed('ddim', { steps: 5, schedule }), 1.5)).toThrow('Cannot start with a strength of 1.5')
  })
})

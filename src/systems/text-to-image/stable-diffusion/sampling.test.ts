import { describe, expect, it } from 'vitest'
import { parseInput } from '../../../contract/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import { blankImage } from '../../../media/image.js'
import { input } from './input.js'
import { restOf, stagesOf, strengthOf, type Walk, walkOf } from './sampling.js'

const image = blankImage(8, 8)
const complete = (asked: object) => parseInput('stable-diffusion', input, { prompt: 'a red cube', steps: 10, ...asked })

describe('stagesOf()', () => {
  it.each([
    [{}, 20],
    [{ scheduler: 'pndm' }, 22],
    [{ scheduler: 'heun' }, 38],
    [{ image }, 16],
    [{ image, mask: image }, 20],
    [{ image, strength: 0.35 }, 6],
    [{ image, strength: 0.01 }, 2],
    [{ image, strength: 0.5, scheduler: 'lcm' }, 20],
    [{ refiner: 'refiner' }, 20],
    [{ refiner: 'refiner', scheduler: 'heun', denoisingEnd: 0.55 }, 38],
  ])('counts the calls of two pictures: %j makes %i', (asked, total) => {
    expect(stagesOf(complete(asked), [1, 2])).toEqual([
      { stage: 'read', total: 1 },
      { stage: 'denoise', total },
      { stage: 'decode', total: 2 },
    ])
  })

  it('has nothing to do but to keep a picture at strength 0', () => {
    expect(stagesOf(complete({ image, strength: 0 }), [1, 2])).toEqual([{ stage: 'keep', total: 2 }])
  })
})

describe('walkOf() and restOf()', () => {
  const times = ({ sampler, first, end }: Walk) => sampler.times.slice(first, end)

  it('part where the noise has fallen as far as it is to be told', () => {
    const asked = complete({ refiner: 'refiner', denoisingEnd: 0.6, scheduler: 'ddim', steps: 5 })
    expect([times(walkOf(asked)), times(restOf(asked, noiseSchedule(), {}))]).toEqual([
      [801, 601, 401],
      [201, 1],
    ])
  })

  it('leave a picture as far as it is to stay, whoever goes on with it', () => {
    const parts = (strength: number) => {
      const asked = complete({ refiner: 'refiner', image, strength, scheduler: 'ddim', steps: 5 })
      return [times(walkOf(asked)), times(restOf(asked, noiseSchedule(), {}))]
    }
    expect([parts(0.6), parts(0.2), parts(0)]).toEqual([
      [[401, 201], [1]],
      [[], [1]],
      [[], []],
    ])
  })

  it('part between two steps, not within one', () => {
    const asked = complete({ refiner: 'refiner', denoisingEnd: 0.55, scheduler: 'heun' })
    const [walk, rest] = [walkOf(asked), restOf(asked, noiseSchedule(), {})]
    expect([walk.end % 2, rest.first, walk.calls + rest.calls]).toEqual([0, walk.end, walk.sampler.times.length])
  })

  it("take the checkpoint's own method, steps and strength where none are asked for", () => {
    const defaults = { scheduler: 'lcm', steps: 4, strength: 0.3 } as const
    const asked = parseInput('stable-diffusion', input, { prompt: 'a red cube' })
    const { scheduler, sampler } = walkOf(asked, undefined, { defaults })
    expect([scheduler, sampler.steps, walkOf(asked).scheduler, walkOf(asked).sampler.steps]).toEqual(['lcm', 4, 'dpm++-2m', 20])
    expect(walkOf(complete({ image, scheduler: 'ddim', steps: 10 }), undefined, { defaults }).calls).toBe(3)
    expect(walkOf(complete({ image, steps: 2 }), undefined, { defaults }).sampler.times).toEqual([299, 159])
  })
})

describe('strengthOf()', () => {
  it('changes a picture, and forgets what lies behind a mask', () => {
    expect([strengthOf({}), strengthOf({ mask: image }), strengthOf({ mask: image, strength: 0.3 })]).toEqual([0.8, 1, 0.3])
  })
})

describe('walkOf()', () => {
  it("spreads the steps as the checkpoint's settings say", () => {
    const times = (spacing: 'leading' | 'trailing') =>
      walkOf(complete({ scheduler: 'ddim', steps: 4 }), undefined, { sampling: { spacing } }).sampler.times
    expect([times('leading'), times('trailing')]).toEqual([
      [751, 501, 251, 1],
      [999, 749, 499, 249],
    ])
  })
})

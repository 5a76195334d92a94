import { describe, expect, it } from 'vitest'
import { parseInput } from '../../../contract/index.js'
import { blankImage } from '../../../media/image.js'
import { input } from './input.js'
import { stagesOf, strengthOf, walkOf } from './sampling.js'

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

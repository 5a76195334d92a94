import { describe, expect, test } from 'vitest'
import { array, fill } from '../../graph/index.js'
import { binaryMask, composite, keepKnown, latentMask } from './inpainting.js'
import { samplerNamed } from './samplers.js'
import { noiseSchedule } from './schedule.js'

describe('latentMask()', () => {
  test('takes the first pixel of each square, per picture', () => {
    const mask = fill('float32', [2, 1, 4, 6], (i) => i)
    expect(latentMask(mask, 2).toNested()).toEqual([
      [
        [
          [0, 2, 4],
          [12, 14, 16],
        ],
      ],
      [
        [
          [24, 26, 28],
          [36, 38, 40],
        ],
      ],
    ])
  })

  test('says which sizes it takes', () => {
    expect(() =>
      latentMask(
        fill('float32', [1, 1, 9, 8], () => 1),
        8,
      ),
    ).toThrow('Cannot shrink a mask of shape [1, 1, 9, 8] by 8: it is [batch, 1, height, width], and height and width are multiples of 8')
  })
})

test('binaryMask() paints anew from 0.5 up', () => {
  expect(binaryMask(array([[[[0, 0.49, 0.5, 1]]]])).toNested()).toEqual([[[[0, 0, 1, 1]]]])
})

describe('composite()', () => {
  test('keeps what the mask keeps to the bit, mixes where it is grey, and takes one mask for a batch', () => {
    const kept = array([[[[0.1, 0.2, 0.3]], [[1, 2, 3]]]])
    const painted = fill('float32', [2, 2, 1, 3], (i) => 10 * i)
    const found = composite(kept, painted, array([[[[0, 1, 0.5]]]]))
    expect([...found.data].map(Number)).toEqual([0.1, 10, 10.15, 1, 40, 26.5, 0.1, 70, 40.15, 1, 100, 56.5].map(Math.fround))
  })

  test('says which shapes do not fit', () => {
    const picture = fill('float32', [1, 3, 2, 2], () => 0)
    expect(() =>
      composite(
        picture,
        picture,
        fill('float32', [1, 1, 2, 3], () => 0),
      ),
    ).toThrow('with a mask of [1, 1, 2, 3]')
    expect(() =>
      composite(
        picture,
        picture,
        fill('float32', [2, 2], () => 0),
      ),
    ).toThrow('Cannot inpaint with a mask of shape [2, 2]')
  })
})

test('keepKnown() hides the known part like the rest, and shows it at the end', () => {
  const sampler = samplerNamed('ddim', { steps: 2, schedule: noiseSchedule() })
  const picture = fill('float32', [1, 1, 1, 2], () => 5)
  const noise = fill('float32', [1, 1, 1, 2], () => -1)
  const known = { picture, noise, mask: array([[[[0, 1]]]]) }
  const middle = keepKnown(sampler, sampler.step(sampler.start(noise), noise), known)
  expect(middle.latents.at(0)).toBe(sampler.noised(picture, noise, 1).at(0))
  const end = keepKnown(sampler, sampler.step(middle, noise), known)
  expect(end.latents.at(0)).toBe(5)
  expect(end.latents.at(1)).not.toBe(5)
})

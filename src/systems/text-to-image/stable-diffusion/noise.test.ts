import { expect, it } from 'vitest'
import { torchGenerator } from '../../../graph/index.js'
import { noiseOf } from './noise.js'

const shape = [1, 4, 2, 2]

it("noiseOf('genera') depends on the seed and on what the noise is for, and on nothing else", () => {
  const [all, one] = [noiseOf('genera', 3), noiseOf('genera', 3)]
  all('picture', shape)
  expect(all('start', shape)).toEqual(one('start', shape))
  expect(one('step 1', shape)).not.toEqual(one('step 2', shape))
  expect(noiseOf('genera', 4)('start', shape)).not.toEqual(one('start', shape))
})

it("noiseOf('torch-cpu') is torch's stream, whatever it is for", () => {
  const [ours, torch] = [noiseOf('torch-cpu', 0), torchGenerator(0)]
  expect(ours('picture', shape)).toEqual(torch.randn(shape))
  expect(ours('start', shape)).toEqual(torch.randn(shape))
})

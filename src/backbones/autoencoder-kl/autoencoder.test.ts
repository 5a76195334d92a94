import { describe, expect, test } from 'vitest'
import { countOf, expectListing, expectParity } from '../../../tests/support/published.js'
import { array, compile, placeholder, type Tensor } from '../../graph/index.js'
import { parametersOf, type Scope } from '../../nn/index.js'
import { decode, divergence, encode, fromLatents, toLatents } from './autoencoder.js'
import { type AutoencoderSize, autoencoderSizes, downsampling } from './sizes.js'

const described = (size: AutoencoderSize) => (scope: Scope) => {
  const side = 4 * downsampling(size)
  encode(scope, placeholder([1, 3, side, side]), size)
  decode(scope, placeholder([1, size.latentChannels, 4, 4]), size)
}

const tiny = { latentChannels: 4, widths: [8, 16, 24], blocks: 1, groups: 4, scaling: 1 } as const satisfies AutoencoderSize

describe('encode() and decode()', () => {
  test.each([
    ['sd', 'sd-vae', 83_653_863],
    ['sdxl', 'sd-vae', 83_653_863],
    ['sd3', 'sd3-vae', 83_819_683],
    ['sd-x4-upscaler', 'sd-x4-upscaler-vae', 55_325_927],
  ] as const)('ask for exactly the tensors of %s', (name, listing, parameters) => {
    expect(expectListing(listing, described(autoencoderSizes[name]))).toBe(parameters)
  })

  test.each(['vae', 'vae-older-names'])('give the reference its moments and its pixels: %s', (fixture) =>
    expectParity(fixture, (scope, { pixels, noise }) => ({
      ...encode(scope, pixels as Tensor, tiny),
      pixels: decode(scope, noise as Tensor, tiny),
    })),
  )

  test('have an embedded size of 1.4 million parameters, for latents of 16×16', () => {
    expect(downsampling(autoencoderSizes.diorama)).toBe(8)
    expect(countOf(parametersOf(described(autoencoderSizes.diorama)))).toBe(1_363_096)
  })
})

describe('toLatents()', () => {
  const size = { ...tiny, scaling: 2, shift: 0.5 }
  const one = (value: number) => array([[[[value]]]])

  test('draws from the moments, shifts and scales; fromLatents() undoes it', async () => {
    const program = compile((mean: Tensor, logVariance: Tensor, noise: Tensor) => {
      const latents = toLatents({ mean, logVariance }, size, noise)
      return [latents, fromLatents(latents, size), toLatents({ mean, logVariance }, size)] as const
    })
    const [drawn, back, plain] = await program(one(1.5), one(2 * Math.log(3)), one(0.5))
    expect(drawn.item()).toBeCloseTo((1.5 + 3 * 0.5 - 0.5) * 2, 5)
    expect(back.item()).toBeCloseTo(3, 5)
    expect(plain.item()).toBeCloseTo(2, 5)
  })

  test('has a divergence of 0 from N(0, 1), and of the closed form elsewhere', async () => {
    const program = compile((mean: Tensor, logVariance: Tensor) => divergence({ mean, logVariance }))
    expect((await program(one(0), one(0))).toNested()).toEqual([0])
    expect((await program(one(2), one(Math.log(4)))).at(0)).toBeCloseTo((4 + 4 - 1 - Math.log(4)) / 2, 5)
  })
})

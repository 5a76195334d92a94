import { describe, expect, test } from 'vitest'
import { countOf, expectListing, expectParity } from '../../../tests/support/published.js'
import { array, compile, key, type NDArray, normal, placeholder, type Tensor } from '../../graph/index.js'
import { given, initialise, type Parameters, parametersOf, type Scope } from '../../nn/index.js'
import { type UnetSize, unetSizes } from './sizes.js'
import { guidanceEmbedding, type UnetInputs, unet } from './unet.js'

const described =
  (size: UnetSize, side = 64) =>
  (scope: Scope): Tensor =>
    unet(
      scope,
      {
        sample: placeholder([1, size.inChannels, side, side]),
        time: placeholder([1]),
        context: placeholder([1, 77, size.context]),
        ...(size.added && { pooled: placeholder([1, size.added.pooled]), numbers: placeholder([1, size.added.numbers]) }),
        ...(size.classes && { classes: placeholder([1], 'int64') }),
        ...(size.guidance && { guidance: placeholder([1, size.guidance]) }),
      },
      size,
    )

const tiny = {
  inChannels: 4,
  outChannels: 4,
  widths: [8, 16],
  blocks: 1,
  depth: [1, 0],
  middleDepth: 1,
  heads: [4, 4],
  context: 12,
  groups: 4,
} as const satisfies UnetSize

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)

describe('unet()', () => {
  test.each([
    ['sd-1.5', 859_520_964],
    ['sd-1.5-inpainting', 859_535_364],
    ['lcm-sd-1.5', 859_602_884],
    ['sd-2.1', 865_910_724],
    ['sdxl', 2_567_463_684],
    ['sdxl-refiner', 2_259_526_660],
    ['sd-x4-upscaler', 473_398_020],
  ] as const)('asks for exactly the tensors of %s', (name, parameters) => {
    const listing = name.startsWith('sd-1.5') && name !== 'sd-1.5' ? 'sd-1.5-inpainting-unet' : `${name}-unet`
    expect(expectListing(listing, described(unetSizes[name]))).toBe(parameters)
  })

  test.each([
    ['unet-1', tiny],
    ['unet-inpainting', { ...tiny, inChannels: 9, heads: [2, 2], guidance: 8 }],
    [
      'unet-xl',
      {
        ...tiny,
        depth: [0, 2],
        middleDepth: 2,
        heads: [2, 4],
        linearProjection: true,
        added: { pooled: 10, numbers: 6, sinusoids: 8 },
      },
    ],
    ['unet-upscaler', { ...tiny, inChannels: 7, depth: [0, 1], linearProjection: true, crossOnly: [false, true], classes: 20 }],
  ] as const satisfies [string, UnetSize][])('gives the reference its prediction: %s', (fixture, size) =>
    expectParity(fixture, (scope, inputs) => ({ '': unet(scope, inputs as unknown as UnetInputs, size) })),
  )

  test('says which input is missing', () => {
    const size = { ...tiny, added: { pooled: 10, numbers: 6, sinusoids: 8 } }
    const without = (scope: Scope) =>
      unet(scope, { sample: placeholder([1, 4, 8, 8]), time: placeholder([1]), context: placeholder([1, 3, 12]) }, size)
    expect(() => parametersOf(without)).toThrow('Cannot trace the U-Net without "numbers": this size reads it')
  })

  test('has an embedded size of about 3.4 million parameters', () => {
    expect(countOf(parametersOf(described(unetSizes.diorama, 16)))).toBe(3_388_584)
  })

  test('is corrected by nothing at first where it is given details, and by what they learn later', async () => {
    const folded: UnetSize = { ...tiny, inChannels: 2, outChannels: 2, patch: 2, time: 20 }
    const size: UnetSize = { ...folded, detail: { width: 8, blocks: 1, channels: 3 } }
    const inputs = {
      sample: normal(key(1), [1, 2, 8, 8]),
      time: array([500]),
      context: normal(key(2), [1, 3, 12]),
    }
    const symbols = { sample: placeholder([1, 2, 8, 8]), time: placeholder([1]), context: placeholder([1, 3, 12]) }
    const parameters = initialise((scope) => unet(scope, symbols, size), { seed: 3 })
    const run = async (parameters: Parameters, of: UnetSize): Promise<Float32Array> => {
      const program = compile((sample: Tensor, time: Tensor, context: Tensor) => unet(given(parameters), { sample, time, context }, of))
      const { data, shape } = await program(inputs.sample, inputs.time, inputs.context)
      expect(shape).toEqual([1, 2, 8, 8])
      return data as Float32Array
    }
    // A fold's outputs stand channel by channel, so the answer's own come first.
    const first = (name: string): NDArray => {
      const { data, shape } = parameters[name] as NDArray
      return array((data as Float32Array).slice(0, (8 * data.length) / (shape[0] as number)), { shape: [8, ...shape.slice(1)] })
    }
    const without = await run(
      { ...parameters, 'conv_out.weight': first('conv_out.weight'), 'conv_out.bias': first('conv_out.bias') },
      folded,
    )
    const withDetail = await run(parameters, size)
    expect(furthest(withDetail, without)).toBeLessThan(1e-5)
    const learnt = normal(key(4), (parameters['detail.conv_out.weight'] as NDArray).shape)
    expect(furthest(await run({ ...parameters, 'detail.conv_out.weight': learnt }, size), without)).toBeGreaterThan(0.1)
  })
})

test('guidanceEmbedding() has sines before cosines of 1000 times the scale less 1', async () => {
  const found = await compile((scale: Tensor) => guidanceEmbedding(scale, 4))(array([7.5]))
  const angles = [6500, 0.65]
  const wanted = [...angles.map(Math.sin), ...angles.map(Math.cos)]
  for (const [i, value] of wanted.entries()) expect(found.at(i)).toBeCloseTo(value, 3)
})

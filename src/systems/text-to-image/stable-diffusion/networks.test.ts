import { afterAll, describe, expect, it } from 'vitest'
import { tinyCheckpoint } from '../../../../tests/support/tiny-stable-diffusion.js'
import { chooseCheckpoint } from '../../../contract/index.js'
import { array, key, type NDArray, normal, type Runtime, scalar, sharedRuntime } from '../../../graph/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { compileNetworks } from './networks.js'
import { joined } from './picture.js'

const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', {}, await tinyCheckpoint()))
const all = compileNetworks(model, await sharedRuntime())
const { value: networks, release } = all.ofSize({ width: 32, height: 32 })
afterAll(async () => {
  await release()
  await all.dispose()
})

const draw = (name: string, shape: readonly number[]) => normal(key(3).child(name), shape)
const { context: tokens } = model.size.text
const [wanted, unwanted] = ['wanted', 'unwanted'].map((name) => draw(name, [1, tokens, 8])) as [NDArray, NDArray]
const inputs = { sample: draw('sample', [1, 4, 8, 8]), time: array([300]) }
const both = { ...inputs, context: joined([unwanted, wanted], 0) }
const expectClose = (found: NDArray, expected: (i: number) => number) => {
  for (let i = 0; i < found.length; i++) expect(found.at(i)).toBeCloseTo(expected(i), 4)
}

describe('predict()', () => {
  it('goes from what the unwanted words predict to the wanted ones, and beyond, in a straight line', async () => {
    const [c, u] = [await networks.predict({ ...inputs, context: wanted }), await networks.predict({ ...inputs, context: unwanted })]
    expectClose(await networks.predict({ ...both, guidance: { scale: scalar(1) } }), (i) => c.at(i))
    expectClose(await networks.predict({ ...both, guidance: { scale: scalar(0) } }), (i) => u.at(i))
    expectClose(await networks.predict({ ...both, guidance: { scale: scalar(5) } }), (i) => u.at(i) + 5 * (c.at(i) - u.at(i)))
  })

  it('gives guided pictures the deviation of unguided ones as far as it is asked to', async () => {
    const deviation = ({ data }: NDArray) => {
      const values = [...data].map(Number)
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
    }
    const plain = await networks.predict({ ...inputs, context: wanted })
    const rescaled = await networks.predict({ ...both, guidance: { scale: scalar(40), rescale: scalar(1) } })
    expect(deviation(rescaled)).toBeCloseTo(deviation(plain), 4)
  })

  it('is compiled once for each size of pictures, whatever the scale', async () => {
    const before = networks.predict.signatures
    await networks.predict({ ...both, guidance: { scale: scalar(2.5) } })
    await networks.predict({ ...both, guidance: { scale: scalar(7.5) } })
    expect(networks.predict.signatures).toBe(before)
  })
})

describe('ofSize()', () => {
  it('gives the same programs for the same size, and others for another', async () => {
    const [again, other] = [all.ofSize({ width: 32, height: 32 }), all.ofSize({ width: 32, height: 24 })]
    expect(again.value).toBe(networks)
    expect(other.value).not.toBe(networks)
    await Promise.all([again.release(), other.release()])
  })
})

describe('compileNetworks() of a model for large pictures', () => {
  it('gives the memory of what reads texts and makes pictures back after each use, and that of the U-Net at the end', async () => {
    const shared = await sharedRuntime()
    const open: string[] = []
    const counting: Runtime = {
      ...shared,
      async load(program, options) {
        const [label = ''] = options?.label?.split(' of ') ?? []
        const session = await shared.load(program, options)
        open.push(label)
        const dispose = async () => {
          open.splice(open.indexOf(label), 1)
          await session.dispose()
        }
        return { run: (...values) => session.run(...values), dispose }
      },
    }
    const large = compileNetworks({ ...model, size: { ...model.size, native: 512 } }, counting)
    const text = { tokens: array(new Int32Array(tokens), { dtype: 'int32', shape: [1, tokens] }) }
    const use = large.ofSize({ width: 32, height: 32 })
    await large.readText.hold(async () => {
      await Promise.all([large.readText(text), large.readText(text)])
      expect(open).toEqual(['the text encoder'])
    })
    expect(open).toEqual([])
    await use.value.predict({ ...inputs, context: wanted })
    await use.value.decodePicture(inputs.sample)
    expect(open).toEqual(['the U-Net'])
    await use.release()
    await large.dispose()
    expect(open).toEqual([])
  })
})

describe('encodePicture() and decodePicture()', () => {
  it('go from pixels to latents of the promised shape and back', async () => {
    const latents = await networks.encodePicture(draw('pixels', [1, 3, 24, 32]), draw('noise', [1, 4, 6, 8]))
    expect(latents.shape).toEqual([1, 4, 6, 8])
    expect((await networks.decodePicture(latents)).shape).toEqual([1, 3, 24, 32])
  })
})

import { describe, expect, it } from 'vitest'
import { storedJson, words, written } from '../../../../tests/support/single-file.js'
import { clipText } from '../../../backbones/index.js'
import { compile, NDArray, type Tensor } from '../../../graph/index.js'
import { fromCheckpoint, initialise, type Parameters, parametersOf, type Scope } from '../../../nn/index.js'
import { type Checkpoint, encodeSafetensors, openCheckpoint } from '../../../weights/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { openClipName, storedInSingleFile, unetName } from './single-file-names.js'
import { networksOf, type StableDiffusionSize, stableDiffusionSizes } from './sizes.js'
import { stableDiffusion } from './system.js'

const text = { vocabulary: words.vocabulary.size, context: 12, end: 'largest', layers: 2 } as const
const second = { ...text, width: 128, heads: 2, hidden: 160, activation: 'gelu', projection: 96 } as const
const shared = {
  states: { skip: 1, finalNorm: false },
  autoencoder: { latentChannels: 4, widths: [32, 64], blocks: 1, groups: 32, scaling: 0.13025 },
  native: 1024,
} as const
const unet = {
  inChannels: 4,
  outChannels: 4,
  widths: [64, 128],
  blocks: 1,
  depth: [0, 2],
  middleDepth: 2,
  heads: [1, 2],
  groups: 32,
  linearProjection: true,
} as const
const base: StableDiffusionSize = {
  text: { ...text, width: 64, heads: 1, hidden: 96, activation: 'quick-gelu' },
  second,
  unet: { ...unet, context: 192, added: { pooled: 96, numbers: 6, sinusoids: 256 } },
  ...shared,
}
const refiner: StableDiffusionSize = {
  text: second,
  textName: 'text_encoder_2',
  unet: { ...unet, context: 128, added: { pooled: 96, numbers: 5, sinusoids: 256 } },
  ...shared,
}

/** The networks of a size with random weights, and the same in the layout of the original code. */
function drawn(size: StableDiffusionSize) {
  const start = size.second ? 'conditioner.embedders.0.transformer.text_model.' : 'conditioner.embedders.0.model.'
  const file = { has: (name: string) => name.startsWith(start) || name.startsWith('conditioner.embedders.1.') } as Checkpoint
  const networks: Record<string, Parameters> = {}
  const stored: Record<string, NDArray> = {}
  for (const [network, model] of Object.entries(networksOf(size)) as [keyof ReturnType<typeof networksOf>, (scope: Scope) => unknown][]) {
    const parameters = initialise(model, { seed: network.length })
    networks[network] = parameters
    for (const [name, value] of Object.entries(parameters)) {
      const { name: place, part, transposed } = storedInSingleFile(network, name, size, file)
      const [rows = 1, columns = 1] = value.shape
      if (transposed) stored[place] = filled([columns, rows], (i) => value.at((i % rows) * columns + Math.floor(i / rows)))
      else if (part) {
        const { length } = value
        const before = stored[place] ?? filled([rows * part.of, ...value.shape.slice(1)], () => 0)
        stored[place] = filled(before.shape, (i) => (Math.floor(i / length) === part.index ? value.at(i % length) : before.at(i)))
      } else stored[place] = value
    }
  }
  return { networks, stored }
}

const filled = (shape: readonly number[], at: (i: number) => number): NDArray =>
  new NDArray(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => at(i)),
  )

const open = (location: string) =>
  openStableDiffusion({ name: 'tiny', kind: 'local', location, open: () => openCheckpoint(location), sha256: async () => undefined })

describe('the names of the original code', () => {
  it('are those that diffusers reads: the U-Nets and the second text tower of XL, tensor for tensor', () => {
    const names = storedJson<Record<'unet' | 'refiner' | 'text', Record<string, string>>>('names-xl.json')
    const { unet, second } = stableDiffusionSizes['stabilityai/stable-diffusion-xl-base-1.0']
    const other = stableDiffusionSizes['stabilityai/stable-diffusion-xl-refiner-1.0'].unet
    const asked = (size: StableDiffusionSize) => [...parametersOf(networksOf(size).unet).keys()]
    const full = (size: { unet: StableDiffusionSize['unet'] }) => ({ ...base, ...size })
    expect(Object.fromEntries(asked(full({ unet })).map((name) => [name, unetName(name, unet)]))).toEqual(names.unet)
    expect(Object.fromEntries(asked(full({ unet: other })).map((name) => [name, unetName(name, other)]))).toEqual(names.refiner)
    const tower = [...parametersOf(networksOf({ ...base, text: second }).text_encoder).keys()]
    const kept = (name: string) => {
      const { name: place, part } = openClipName(name)
      return part ? `${place}[${part.index}]` : place
    }
    expect(Object.fromEntries(tower.map((name) => [name, kept(name)]))).toEqual(names.text)
  })
})

describe.each([
  ['XL', base],
  ['the refiner of XL', refiner],
])('openLdm() of %s', (_, size) => {
  const { networks, stored } = drawn(size)
  const location = written('tiny.safetensors', { ...stored, 'conditioner.embedders.1.model.logit_scale': filled([], () => 4.6) })

  it('finds the sizes of the networks, and how the model is run', async () => {
    const model = await open(location)
    expect(model.size).toEqual(size)
    expect(model.settings).toMatchObject({ prediction: 'epsilon', guidanceScale: 5 })
    expect([model.emptyIsZero, model.defaults]).toEqual(size.second ? [true, undefined] : [false, { strength: 0.3 }])
    expect([model.tokenizer.padding, model.secondTokenizer?.padding]).toEqual(size.second ? [model.tokenizer.end, 0] : [0, undefined])
    expect((size.second ? model.secondTokenizer : model.tokenizer)?.encode('red').ids.slice(2, 5)).toEqual([model.tokenizer.end, 0, 0])
  })

  it('gives the text tower its matrices, of which one lies the other way round', async () => {
    const model = await open(location)
    const tower = size.second ? 'text_encoder_2' : 'text_encoder'
    const tokens = new NDArray(
      'int32',
      [1, 12],
      Int32Array.from({ length: 12 }, (_, i) => i * 7),
    )
    const embed = (scope: Scope) => compile((given: Tensor) => clipText(scope, given, second, shared.states).embedding as Tensor)(tokens)
    const own = fromCheckpoint(await openCheckpoint(encodeSafetensors(Object.entries(networks[tower] as Parameters)), { inMemory: true }))
    const [found, wanted] = [await embed(model.scopes[tower] as Scope), await embed(own)]
    expect(Math.max(...Array.from(wanted.data, Number).map(Math.abs))).toBeGreaterThan(0.01)
    for (let i = 0; i < wanted.length; i++) expect(found.at(i)).toBeCloseTo(wanted.at(i), 5)
  })

  it('names the tensor that is missing', async () => {
    const { 'model.diffusion_model.label_emb.0.2.bias': _, ...rest } = stored
    await expect(open(written('a.safetensors', rest))).rejects.toThrow('(first "add_embedding.linear_2.bias")')
  })

  it('draws a picture', async () => {
    const image = { width: 32, height: 32, channels: 3, data: new Uint8Array(3072).fill(99) } as const
    const asked = { prompt: 'a red cube', steps: 2, width: 32, height: 32, seed: 1, ...(size.second ? {} : { image, strength: 0.5 }) }
    const [{ value }] = await stableDiffusion.make(asked, { checkpoint: location })
    expect([value.width, value.height]).toEqual([32, 32])
  })
})

describe('openLdm() of models that predict v', () => {
  it('sees the marks that trainers leave', async () => {
    const { stored } = drawn(base)
    const mark = filled([0], () => 0)
    const { settings, schedule } = await open(written('a.safetensors', { ...stored, v_pred: mark, ztsnr: mark }))
    expect([settings.prediction, settings.sampling.spacing, schedule.alphaBar.at(-1)]).toEqual(['v_prediction', 'trailing', 0])
  })
})

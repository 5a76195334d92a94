import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { fill, NDArray, torchGenerator } from '../../src/graph/index.js'
import { fromCheckpoint, type Parameters, parametersOf } from '../../src/nn/index.js'
import type { StableDiffusionModel } from '../../src/systems/text-to-image/stable-diffusion/model.js'
import { openLdm, viewOf } from '../../src/systems/text-to-image/stable-diffusion/single-file.js'
import { type SingleFileFamily, storedInSingleFile } from '../../src/systems/text-to-image/stable-diffusion/single-file-names.js'
import { networkNames, networksOf, type StableDiffusionSize } from '../../src/systems/text-to-image/stable-diffusion/sizes.js'
import { clipWords, countWords, endOfText, startOfText, trainBytePairs, vocabularyFiles } from '../../src/tokenizers/index.js'
import { type Checkpoint, encodeSafetensors, openCheckpoint } from '../../src/weights/index.js'

const fixtures = new URL('../fixtures/single-file/', import.meta.url)
export const storedJson = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'))

/** A tiny model in the layout of the original code: names and shapes. */
export interface Reference {
  readonly shapes: Readonly<Record<string, readonly number[]>>
}

const tinySize = (family: SingleFileFamily): StableDiffusionSize => ({
  text: {
    vocabulary: 99,
    context: 9,
    end: 'largest',
    width: 64,
    layers: 2,
    heads: 1,
    hidden: 96,
    activation: family === '2.x' ? 'gelu' : 'quick-gelu',
  },
  unet: {
    inChannels: 4,
    outChannels: 4,
    widths: family === '2.x' ? [64, 128] : [32, 64],
    blocks: 2,
    depth: [1, 0],
    middleDepth: 1,
    heads: family === '2.x' ? [1, 2] : [8, 8],
    context: 64,
    groups: 32,
    linearProjection: family === '2.x',
  },
  autoencoder: { latentChannels: 4, widths: [32, 64], blocks: 1, groups: 32, scaling: 0.18215 },
  native: 64,
})

function shapesOf(family: SingleFileFamily): Reference['shapes'] {
  const size = tinySize(family)
  const networks = networksOf(size)
  const file = { has: (name: string) => (name.startsWith('cond_stage_model.model.') ? family === '2.x' : family === '1.x') } as Checkpoint
  const shapes: Record<string, readonly number[]> = {}
  for (const network of networkNames)
    for (const [name, { shape }] of parametersOf(networks[network])) {
      const { name: stored, part } = storedInSingleFile(network, name, size, file)
      const convolution = /attn_1\.(?:q|k|v|proj_out)\.weight$/.test(stored) ? [1, 1] : []
      shapes[stored] = [(shape[0] as number) * (part?.of ?? 1), ...shape.slice(1), ...convolution]
    }
  if (family === '1.x') return shapes
  // The layer whose states nobody reads, and what only training reads.
  const unread = Object.entries(shapes).filter(([name]) => name.includes('resblocks.1.'))
  const last = unread.map(([name, shape]) => [name.replace('resblocks.1.', 'resblocks.2.'), shape] as const)
  return {
    ...shapes,
    ...Object.fromEntries(last),
    'cond_stage_model.model.text_projection': [64, 64],
    'cond_stage_model.model.logit_scale': [1],
  }
}

export const references = (): Readonly<Record<'1.x' | '2.x', Reference>> => ({
  '1.x': { shapes: shapesOf('1.x') },
  '2.x': { shapes: shapesOf('2.x') },
})

const folder = mkdtempSync(join(tmpdir(), 'genera-single-file-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Random weights: each tensor from a generator whose seed is its place. */
export function drawn(shapes: Reference['shapes']): Parameters {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], seed) => {
      const values = torchGenerator(seed).randn(shape)
      const width = shape.slice(1).reduce((a, b) => a * b, 1)
      const scale = shape.length === 1 ? 0.1 : name.includes('embedding') ? 0.3 : 1 / Math.sqrt(width)
      const shift = shape.length === 1 && name.endsWith('weight') ? 1 : 0
      return [name, fill('float32', shape, (i) => values.at(i) * scale + shift)]
    }),
  )
}

export const words = trainBytePairs(countWords(['a red cube', 'a red sphere'], clipWords), {
  vocabularySize: 518,
  special: [startOfText, endOfText],
})

export interface WrittenOptions {
  readonly metadata?: Record<string, string>
  readonly tokenizer?: boolean
}

/** A folder with a single file, and beside it a vocabulary of a few words. */
export function written(name: string, tensors: Parameters, { metadata = {}, tokenizer = true }: WrittenOptions = {}): string {
  const place = mkdtempSync(join(folder, 'model-'))
  writeFileSync(join(place, name), encodeSafetensors(Object.entries(tensors), { metadata }))
  if (tokenizer) {
    mkdirSync(join(place, 'tokenizer'))
    const { vocabulary, merges } = vocabularyFiles(words)
    writeFileSync(join(place, 'tokenizer', 'vocab.json'), vocabulary)
    writeFileSync(join(place, 'tokenizer', 'merges.txt'), merges)
  }
  return join(place, name)
}

/** The same weights with as many tokens as the vocabulary has. */
export function withVocabulary(tensors: Parameters): Parameters {
  const name = Object.keys(tensors).find((each) => each.endsWith('token_embedding.weight')) as string
  return { ...tensors, [name]: fill('float32', [words.vocabulary.size, 64], (i) => Math.sin(i) / 3) }
}

/** The tiny model itself, with a table of tokens for which there are no words. */
export async function referenceModel(family: SingleFileFamily, { shapes }: Reference): Promise<StableDiffusionModel> {
  const tensors = drawn(shapes)
  const location = written('tiny.safetensors', withVocabulary(tensors))
  const model = await openLdm(await openCheckpoint(location), family, { name: 'tiny', location })
  const size = { ...model.size, text: { ...model.size.text, vocabulary: 99 } }
  const file = await openCheckpoint(encodeSafetensors(Object.entries(tensors)))
  return { ...model, size, scopes: { ...model.scopes, text_encoder: fromCheckpoint(viewOf(file, 'text_encoder', size)) } }
}

export function expectClose(found: NDArray, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length)
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found.at(i))), 0)
  expect(worst / largest, `relative error of ${what}`).toBeLessThan(1e-4)
}

export const arrayOf = (shape: readonly number[], values: readonly number[]): NDArray =>
  new NDArray('float32', shape, new Float32Array(values))

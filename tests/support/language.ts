import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { causalFamily, decoderOf, encoderDecoderFamily, encoderDecoderOf } from '../../src/backbones/language/index.js'
import { beamSearch } from '../../src/generative/language/beam-search.js'
import { type Decoder, type DecoderOptions, generateTokens, type Row } from '../../src/generative/language/index.js'
import type { NDArray, Tensor } from '../../src/graph/index.js'
import type { Scope } from '../../src/nn/index.js'
import { type Checkpoint, openCheckpoint } from '../../src/weights/index.js'
import { expectParity } from './published.js'

/** The prompts of the stored models; the reference pads them on the left. */
export const storedPrompts: readonly Row[] = [
  [5, 17, 40, 3, 22, 9, 31],
  [11, 2],
  [60, 1, 33, 33, 8],
]
/** The token that ends the stored beams. */
export const storedEnd = 7

export const storedModel = (name: string): Promise<Checkpoint> =>
  openCheckpoint(fileURLToPath(new URL(`../fixtures/backbones/${name}.safetensors`, import.meta.url)), { inMemory: true })

export async function storedDecoder(name: string, options: DecoderOptions = {}): Promise<Decoder> {
  const file = await storedModel(name)
  return decoderOf(causalFamily(file.metadata.get('config') as string), modelOnly(file), options)
}

/** The file without what is not the model: inputs and answers. */
const modelOnly = (file: Checkpoint): Checkpoint => ({
  ...file,
  names: file.names.filter((name) => /^(model|transformer|lm_head|shared|encoder|decoder)\./.test(name)),
})

export async function storedEncoderDecoder(name: string): Promise<Decoder> {
  const file = await storedModel(name)
  return encoderDecoderOf(encoderDecoderFamily(file.metadata.get('config') as string), modelOnly(file))
}

/** What the reference computed from a stored model, row by row. */
export async function storedRows(name: string, tensor: string): Promise<number[][]> {
  return ((await (await storedModel(name)).read(tensor)) as NDArray).toNested() as number[][]
}

export async function greedy(decoder: Decoder, prompts: readonly Row[], maxTokens: number): Promise<Row[]> {
  const found: Row[] = []
  for await (const event of generateTokens(decoder, prompts, { temperature: 0, maxTokens }))
    if (event.kind === 'ended') found[event.row] = event.tokens
  return found
}

export function expectLogits(found: NDArray, wanted: readonly (readonly number[])[]): void {
  const largest = Math.max(...wanted.flat().map(Math.abs))
  const error = wanted.flat().reduce((worst, value, i) => Math.max(worst, Math.abs(value - found.at(i))), 0)
  expect(error / largest).toBeLessThan(1e-4)
}

/** The reference's logits without a past, the same of a batch of prompts, 64 greedy tokens of that batch, and its beams. */
export async function expectSameLanguage(name: string): Promise<void> {
  const file = await storedModel(name)
  const { network } = causalFamily(file.metadata.get('config') as string)
  const inner = (scope: Scope): Scope => (name === 'gpt2' ? scope.at('transformer') : scope)
  await expectParity(name, (scope, { tokens }) => ({ logits: network(inner(scope), tokens as Tensor).logits }))
  const decoder = await storedDecoder(name)
  await expectSameDecoding(name, decoder, storedPrompts)
  await decoder.dispose()
}

export async function expectSameDecoding(name: string, decoder: Decoder, prompts: readonly Row[]): Promise<void> {
  expectLogits(await decoder.next(prompts), await storedRows(name, 'padded.logits'))
  expect(await greedy(decoder, prompts, 64)).toEqual(await storedRows(name, 'greedy.tokens'))
  for (const [stored, earlyStopping] of [
    ['beams', false],
    ['beams-early', true],
  ] as const) {
    const options = { beams: 3, maxTokens: 12, endTokens: [storedEnd], lengthPenalty: 0.7, earlyStopping }
    const found = (await beamSearch(decoder, prompts, options)).flat()
    const wanted = (await storedRows(name, `${stored}.tokens`)).map((row) =>
      row.includes(storedEnd) ? row.slice(0, row.indexOf(storedEnd)) : row,
    )
    expect(found.map(({ tokens }) => tokens)).toEqual(wanted.map((row) => row.slice(0, 12)))
    const scores = (await storedRows(name, `${stored}.scores`)) as unknown as number[]
    for (const [i, score] of scores.entries()) expect(found[i]?.score).toBeCloseTo(score, 4)
  }
}

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { expectLogits, greedy, storedDecoder, storedModel, storedPrompts, storedRows } from '../../../tests/support/language.js'
import { isGguf, openCheckpoint } from '../../weights/index.js'
import { causalFamily } from './causal-family.js'
import { decoderOf } from './open-language-model.js'
import { ggufFamily, openGgufModel, packedDecoder } from './packed-decoder.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-packed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fixture = (name: string): string => fileURLToPath(new URL(`../../../tests/fixtures/gguf/${name}.gguf`, import.meta.url))
const cacheFor = (name: string): string => join(folder, name)

async function ggufDecoder(name: string, cache: string | false) {
  const file = await openCheckpoint(fixture(name))
  if (!isGguf(file)) throw new Error('the fixture is a GGUF file')
  return packedDecoder(ggufFamily(file), file, { cache, exact: true })
}

/** Relative to the largest: how far the logits of the stored prompts lie from those of the model in float32. */
async function errorOf(name: string, decoder: Awaited<ReturnType<typeof packedDecoder>>): Promise<number> {
  const wanted = (await storedRows(name, 'padded.logits')).flat()
  const found = await decoder.next(storedPrompts)
  await decoder.dispose()
  const largest = Math.max(...wanted.map(Math.abs))
  return wanted.reduce((sum, value, i) => sum + Math.abs(value - found.at(i)), 0) / wanted.length / largest
}

describe('packedDecoder() of a GGUF file', () => {
  test.each(['llama-tied', 'mistral', 'qwen2-yarn', 'qwen3'])(
    'writes what the model writes that the file was made of: %s',
    async (name) => {
      const decoder = await ggufDecoder(name, cacheFor('gguf'))
      expectLogits(await decoder.next(storedPrompts), await storedRows(name, 'padded.logits'))
      expect(await greedy(decoder, storedPrompts, 64)).toEqual(await storedRows(name, 'greedy.tokens'))
      await decoder.dispose()
    },
  )

  test.each([
    ['llama-tied-f16', 1e-3],
    ['llama-tied-q8_0', 0.01],
    ['llama-tied-q4_0', 0.1],
    ['qwen2-yarn-q4_0', 0.1],
  ])('stays close to the model in float32, from disk and from memory alike: %s', async (name, tolerance) => {
    const model = name.replace(/-[^-]*$/, '')
    const kept = await errorOf(model, await ggufDecoder(name, cacheFor('gguf')))
    expect(kept).toBeLessThan(tolerance)
    expect(await errorOf(model, await ggufDecoder(name, false))).toBeCloseTo(kept, 6)
  })
})

test.each(['llama-tied-q8_0', 'llama-tied-q4_0', 'qwen2-yarn-q4_0'])(
  'packedDecoder() computes what the numbers mean that the blocks stand for: %s',
  async (name) => {
    const dense = await openCheckpoint(fixture(name), { inMemory: true })
    if (!isGguf(dense)) throw new Error('the fixture is a GGUF file')
    const [wanted, found] = [decoderOf(ggufFamily(dense), dense), await ggufDecoder(name, cacheFor('gguf'))]
    expectLogits(await found.next(storedPrompts), (await wanted.next(storedPrompts)).toNested() as number[][])
    await Promise.all([wanted.dispose(), found.dispose()])
  },
)

describe('packedDecoder() of other files', () => {
  const load = async (name: string, bits: 4 | 8, cache: string | false, exact = false) => {
    const file = await storedModel(name)
    const names = file.names.filter((tensor) => /^(model|transformer|lm_head)\./.test(tensor))
    return packedDecoder(causalFamily(file.metadata.get('config') as string), { ...file, names }, { bits, cache, exact })
  }

  test.each([
    ['llama', 8, 0.02],
    ['llama', 4, 0.08],
    ['gpt2', 8, 0.02],
    ['gpt2', 4, 0.08],
    ['opt', 8, 0.02],
    ['qwen3', 4, 0.08],
  ] as const)('rounds %s to %i bits without losing the model', async (name, bits, tolerance) => {
    expect(await errorOf(name, await storedDecoder(name))).toBeLessThan(1e-5)
    const error = await errorOf(name, await load(name, bits, false))
    expect(error).toBeGreaterThan(0)
    expect(error).toBeLessThan(tolerance)
  })

  test('keeps what it packed, takes it the next time, and makes a damaged file anew', async () => {
    const cache = cacheFor('kept')
    const source = fileURLToPath(new URL('../../../tests/fixtures/backbones/qwen3.safetensors', import.meta.url))
    const file = await openCheckpoint(source)
    const names = file.names.filter((tensor) => tensor.startsWith('model.'))
    const family = causalFamily(file.metadata.get('config') as string)
    const again = async () => errorOf('qwen3', await packedDecoder(family, { ...file, names }, { bits: 4, cache, exact: true }))
    const first = await again()
    const [kept, ...more] = readdirSync(cache)
    if (kept === undefined) throw new Error('a file is kept')
    expect(more).toEqual([])
    expect(kept).toMatch(/^[0-9a-f]{32}-q4\.v1\.safetensors$/)
    const path = join(cache, kept)
    const whole = readFileSync(path)
    utimesSync(path, 1, 1)
    expect(await again()).toBe(first)
    expect(statSync(path).mtimeMs).toBe(1000)
    const damages = [
      () => truncateSync(path, whole.length - 5),
      () => writeFileSync(path, 'nonsense'),
      () => writeFileSync(path, whole.toString('latin1').replace('.packed"', '.pocked"'), 'latin1'),
      () => copyFileSync(source, path),
    ]
    for (const damage of damages) {
      damage()
      expect(await again()).toBe(first)
      expect(readFileSync(path)).toEqual(whole)
      expect(readdirSync(cache)).toEqual([kept])
    }
  })

  test('does without a place to keep things', async () => {
    const blocked = join(folder, 'blocked')
    writeFileSync(blocked, '')
    const error = await errorOf('qwen3', await load('qwen3', 4, blocked))
    expect(error).toBeLessThan(0.08)
  })
})

describe('openGgufModel()', () => {
  test('refuses a file without a tokenizer, and one of another architecture', async () => {
    await expect(openGgufModel(fixture('qwen3'))).rejects.toThrow('expected a tokenizer of the kind gpt2 or llama, found none')
    await expect(openGgufModel(fixture('types'))).rejects.toThrow(
      'expected a model of the architecture llama, qwen2 or qwen3, found "genera-test"',
    )
    await expect(openGgufModel(fixture('qwen3').replace('gguf/qwen3.gguf', 'backbones/qwen3.safetensors'))).rejects.toThrow(
      'expected a GGUF file',
    )
  })

  test('finds the one file in a folder', async () => {
    mkdirSync(join(folder, 'one'))
    copyFileSync(fixture('types'), join(folder, 'one', 'model.Q4_0.gguf'))
    await expect(openGgufModel(join(folder, 'one'))).rejects.toThrow('found "genera-test"')
  })
})

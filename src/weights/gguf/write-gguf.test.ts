import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { array } from '../../graph/index.js'
import { memoryFile } from '../files.js'
import { openCheckpoint } from '../open-checkpoint.js'
import { exportGguf } from './export-gguf.js'
import { ggufCheckpoint } from './gguf-checkpoint.js'
import { writeGguf } from './write-gguf.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../tests/fixtures/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genera-gguf-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('exportGguf()', () => {
  // Byte for byte what the reference package quantises and llama.cpp's converter permutes; the fixtures come from them.
  test.each([
    ['llama-tied', 'F32', 'llama-tied'],
    ['llama-tied', 'F16', 'llama-tied-f16'],
    ['llama-tied', 'Q8_0', 'llama-tied-q8_0'],
    ['llama-tied', 'Q4_0', 'llama-tied-q4_0'],
    ['qwen2-yarn', 'Q4_0', 'qwen2-yarn-q4_0'],
    ['mistral', 'F32', 'mistral'],
    ['qwen3', 'F32', 'qwen3'],
  ] as const)('stores %s as %s like the reference does', async (model, type, wantedName) => {
    const path = join(folder, `${wantedName}.gguf`)
    await exportGguf(path, await openCheckpoint(fixture(`backbones/${model}.safetensors`)), { type })
    const [found, wanted] = await Promise.all([path, fixture(`gguf/${wantedName}.gguf`)].map(bytesByTensor))
    expect([...(found?.keys() ?? [])].sort()).toEqual([...(wanted?.keys() ?? [])].sort())
    for (const [name, bytes] of wanted ?? []) expect(found?.get(name), name).toEqual(bytes)
    const config = async (file: string) => JSON.parse((await openCheckpoint(file)).metadata.get('config') as string)
    expect(await config(path)).toEqual(await config(fixture(`gguf/${wantedName}.gguf`)))
  })

  test('refuses a model that it has no names for', async () => {
    const gpt2 = await openCheckpoint(fixture('backbones/gpt2.safetensors'))
    await expect(exportGguf(join(folder, 'gpt2.gguf'), gpt2, { type: 'F16' })).rejects.toThrow(
      /Cannot write .*gpt2.gguf: expected a configuration of the families .*, found "gpt2"/,
    )
    await expect(exportGguf(join(folder, 'x.gguf'), gpt2, { type: 'F16', config: '[' })).rejects.toThrow(
      'expected the contents of a config.json',
    )
  })
})

describe('writeGguf()', () => {
  test('writes metadata of every kind', async () => {
    const path = join(folder, 'kinds.gguf')
    const metadata = {
      text: 'déjà',
      yes: true,
      count: 7,
      large: 2 ** 40,
      less: -2,
      third: 0.25,
      ten: { f32: 10 },
      words: ['a', ''],
      types: { i32: [1, -1] },
    }
    await writeGguf(path, [], metadata)
    const { gguf } = await ggufCheckpoint(memoryFile(new Uint8Array(readFileSync(path)), path))
    expect(Object.fromEntries(gguf.metadata)).toEqual({ ...metadata, ten: 10, types: [1, -1] })
  })

  test('leaves nothing behind when a tensor is not what was announced, or no whole blocks', async () => {
    const path = join(folder, 'broken.gguf')
    const tensor = { name: 'w', type: 'Q4_0', shape: [2, 32], read: () => array([[1, 2]]) } as const
    await expect(writeGguf(path, [tensor], {})).rejects.toThrow(/Cannot write "w" to .*: expected \[2, 32\], found \[1, 2\]/)
    await expect(writeGguf(path, [{ ...tensor, shape: [2, 31] }], {})).rejects.toThrow(
      'the last in whole blocks of 32 for Q4_0, found [2, 31]',
    )
    expect(readdirSync(folder).filter((name) => name.includes('broken'))).toEqual([])
  })
})

async function bytesByTensor(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const bytes = new Uint8Array(readFileSync(path))
  const { gguf } = await ggufCheckpoint(memoryFile(bytes, path))
  return new Map([...gguf.tensors].map(([name, { offset, length, type }]) => [`${name} ${type}`, bytes.slice(offset, offset + length)]))
}

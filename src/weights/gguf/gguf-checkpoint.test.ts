import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compile, constant } from '../../graph/index.js'
import { dequantise } from '../../graph/ops/quantised.js'
import { openCheckpoint } from '../open-checkpoint.js'
import { ggufCheckpoint } from './gguf-checkpoint.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../tests/fixtures/${name}`, import.meta.url))

const types = ['F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K']

describe('openCheckpoint() of a GGUF file', () => {
  test.each(types)('reads the numbers that the reference reads: %s', async (type) => {
    const [file, answers] = await Promise.all([
      openCheckpoint(fixture('gguf/types.gguf')),
      openCheckpoint(fixture('gguf/types.safetensors')),
    ])
    const found = await file.read(type)
    expect(found.shape).toEqual([3, 512])
    expect(file.info(type)).toMatchObject({ storage: type, shape: [3, 512] })
    expect(found.cast('float32').data).toEqual((await answers.read(type)).data)
  })

  // The kernel's form in the graph's own arithmetic: zero points in place of minimums round once more, and Q5_K goes to 8 bits.
  test.each([
    ['Q4_0', 0],
    ['Q5_0', 0],
    ['Q8_0', 0],
    ['Q6_K', 0],
    ['Q4_1', 1e-6],
    ['Q4_K', 1e-6],
    ['Q5_K', 5e-3],
  ] as const)('packs %s for the fused kernel without changing what it means', async (type, tolerance) => {
    const file = await openCheckpoint(fixture('gguf/types.gguf'))
    const matrix = await file.packed?.(type)
    if (!matrix) throw new Error('a matrix of blocks is packed')
    const { packed, scales, zeroPoints } = matrix
    const tensors = { packed: constant(packed), scales: constant(scales), ...(zeroPoints && { zeroPoints: constant(zeroPoints) }) }
    const found = await compile(() => dequantise(tensors, matrix, 512))()
    const wanted = await file.read(type)
    const largest = Array.from(wanted.data, Number).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (let i = 0; i < wanted.length; i++) expect(Math.abs(found.at(i) - wanted.at(i))).toBeLessThanOrEqual(tolerance * largest)
  })

  test('packs nothing that is not in blocks', async () => {
    const file = await openCheckpoint(fixture('gguf/types.gguf'))
    expect(await file.packed?.('F16')).toBeUndefined()
  })

  test('keeps the metadata, of every kind', async () => {
    const { gguf } = await ggufCheckpoint(await opened('gguf/types.gguf'))
    expect(gguf.version).toBe(3)
    expect(Object.fromEntries(gguf.metadata)).toMatchObject({
      words: 'déjà vu',
      deep: [[1, 2], [3]],
      large: 2n ** 60n,
      tenth: Math.fround(0.1),
      minus: -3,
      yes: true,
    })
    const { metadata } = await openCheckpoint(fixture('gguf/types.gguf'))
    expect(metadata.get('general.architecture')).toBe('genera-test')
    expect(metadata.get('deep')).toBeUndefined()
  })

  test.each(['llama-tied', 'mistral', 'qwen2-yarn', 'qwen3'])(
    'gives the tensors their published names and the order of their rows: %s',
    async (name) => {
      const [file, wanted] = await Promise.all([
        openCheckpoint(fixture(`gguf/${name}.gguf`)),
        openCheckpoint(fixture(`backbones/${name}.safetensors`)),
      ])
      const published = wanted.names.filter((tensor) => /^(model|lm_head)\./.test(tensor))
      expect([...file.names].sort()).toEqual([...published].sort())
      for (const tensor of published) expect((await file.read(tensor)).data, tensor).toEqual((await wanted.read(tensor)).data)
    },
  )

  test('points at what lies in the file as it is, and at copies of the rest if the file is in memory', async () => {
    const onDisk = await openCheckpoint(fixture('gguf/llama-tied.gguf'))
    const { region } = onDisk.info('model.layers.0.self_attn.v_proj.weight')
    expect(region?.source).toHaveProperty('path')
    expect(onDisk.info('model.layers.0.self_attn.q_proj.weight').region).toBeUndefined()
    const name = 'model.layers.0.mlp.gate_proj.weight'
    const inMemory = await openCheckpoint(fixture('gguf/llama-tied-q4_0.gguf'), { inMemory: true })
    const copy = inMemory.info(name).region
    if (!copy || !('bytes' in copy.source)) throw new Error('blocks in memory have a copy in float32')
    expect(new Float32Array(copy.source.bytes.buffer)).toEqual((await inMemory.read(name)).data)
    expect(inMemory.info(name).region?.source).toEqual(copy.source)
  })

  test('knows the stretched angles of Llama 3 from their factors, and no others', async () => {
    const file = await openCheckpoint(fixture('gguf/llama3-angles.gguf'))
    expect(JSON.parse(file.metadata.get('config') as string).rope_scaling).toEqual({
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    })
    const bytes = new Uint8Array(readFileSync(fixture('gguf/llama3-angles.gguf')))
    new DataView(bytes.buffer).setFloat32(bytes.length - 64, 3, true)
    await expect(openCheckpoint(bytes)).rejects.toThrow('expected the angles of Llama 3')
  })

  test('says which types it reads when a tensor has another', async () => {
    const bytes = new Uint8Array(readFileSync(fixture('gguf/types.gguf')))
    const at = new TextDecoder('latin1').decode(bytes).indexOf('Q6_K') + 'Q6_K'.length + 4 + 16
    new DataView(bytes.buffer).setUint32(at, 10, true) // Q2_K, whose blocks are smaller
    const file = await openCheckpoint(bytes)
    await expect(file.read('Q6_K')).rejects.toThrow(/expected one of F32, .*Q6_K.*, found Q2_K/)
    expect(file.info('Q6_K').region).toBeUndefined()
  })

  test('reads nothing after close()', async () => {
    const file = await openCheckpoint(fixture('gguf/types.gguf'))
    await file.close()
    await expect(file.read('F32')).rejects.toThrow('expected an open checkpoint')
  })
})

async function opened(name: string) {
  const { files } = await import('#files')
  return files.open(fixture(name))
}

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DType, dtypes } from '../graph/dtype.js'
import { array, elementCount, fill, NDArray, scalar, zeros } from '../graph/ndarray.js'
import { openSafetensors } from './checkpoint.js'
import { openCheckpoint } from './open-checkpoint.js'
import { parseSafetensors } from './safetensors.js'
import { encodeSafetensors, writeSafetensors } from './write-safetensors.js'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'genera-write-'))
})
afterAll(() => rm(root, { recursive: true }))

const newFolder = () => mkdtemp(join(root, 'folder-'))

/** Arrays of every element type with any bytes at all, NaNs with payloads included; booleans hold 0 and 1. */
const arrays = fc
  .record({ dtype: fc.constantFrom(...(Object.keys(dtypes) as DType[])), shape: fc.array(fc.nat(4), { maxLength: 4 }), seed: fc.nat() })
  .map(({ dtype, shape, seed }) => {
    const bytes = new Uint8Array(elementCount(shape) * dtypes[dtype].bytes)
    for (let i = 0; i < bytes.length; i++) bytes[i] = dtype === 'bool' ? (seed >> (i % 30)) & 1 : (seed * 31 + i * 97) & 0xff
    return new NDArray<DType>(dtype, shape, new dtypes[dtype].array(bytes.buffer))
  })
const names = fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__metadata__' && !/\p{Surrogate}/u.test(name))
const wellFormed = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/\p{Surrogate}/u.test(text))
const entries = fc.uniqueArray(fc.tuple(names, arrays), { selector: ([name]) => name, maxLength: 8 })

describe('encodeSafetensors()', () => {
  test('writes the bytes that the reference implementation writes', async () => {
    const bytes = new Uint8Array(
      await readFile(fileURLToPath(new URL('../../tests/fixtures/safetensors/types.safetensors', import.meta.url))),
    )
    const checkpoint = await openSafetensors(bytes)
    const tensors = await Promise.all(checkpoint.names.map(async (name) => [name, await checkpoint.read(name)] as const))
    expect(encodeSafetensors(tensors.reverse(), { metadata: checkpoint.metadata })).toEqual(bytes)
  })

  test('comes back bit for bit: names, shapes, element types, bytes and metadata', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.array(fc.tuple(wellFormed, wellFormed), { maxLength: 3 }), async (tensors, pairs) => {
        const metadata = new Map(pairs)
        const checkpoint = await openSafetensors(encodeSafetensors(tensors, { metadata }))
        expect(checkpoint.metadata).toEqual(metadata)
        expect(new Set(checkpoint.names)).toEqual(new Set(tensors.map(([name]) => name)))
        for (const [name, array] of tensors) expect(await checkpoint.read(name)).toEqual(array)
      }),
      { numRuns: 300, seed: 5 },
    )
  })

  test('aligns the data to 8 bytes and every tensor to its element size, whatever the order of the entries', () => {
    fc.assert(
      fc.property(entries, (tensors) => {
        const bytes = encodeSafetensors(tensors)
        expect(encodeSafetensors([...tensors].reverse())).toEqual(bytes)
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
        const { tensors: parsed } = parseSafetensors(bytes)
        for (const [name, { dtype }] of tensors) expect((parsed.get(name)?.offset ?? Number.NaN) % dtypes[dtype].bytes).toBe(0)
      }),
      { numRuns: 200, seed: 6 },
    )
  })

  test('says { format: "pt" } unless it is told something else', () => {
    expect([...parseSafetensors(encodeSafetensors([])).metadata]).toEqual([['format', 'pt']])
    expect([...parseSafetensors(encodeSafetensors([], { metadata: { steps: '3' } })).metadata]).toEqual([['steps', '3']])
    expect(new TextDecoder().decode(encodeSafetensors([], { metadata: {} })).slice(8)).toBe('{}      ')
  })

  test('stores floating-point tensors as another type and leaves integers alone', async () => {
    const tensors = [
      ['w', array([1, 1 / 3])],
      ['ids', array([1, 2], { dtype: 'int64' })],
      ['half', array([2], { dtype: 'float16' })],
    ] as const
    for (const dtype of ['float16', 'bfloat16', 'float32'] as const) {
      const checkpoint = await openSafetensors(encodeSafetensors(tensors, { dtype }))
      expect((await checkpoint.read('w')).toNested()).toEqual(
        array([1, 1 / 3])
          .cast(dtype)
          .toNested(),
      )
      expect([checkpoint.info('w').dtype, checkpoint.info('half').dtype, checkpoint.info('ids').dtype]).toEqual([dtype, dtype, 'int64'])
    }
  })

  test('refuses a number that half precision would turn into infinity, and keeps infinities', async () => {
    expect(() => encodeSafetensors([['w', array([1, 70_000])]], { dtype: 'float16' })).toThrow(
      `Cannot write "w" to bytes: expected numbers up to 65504 for float16, found 70000 as element 1. Store it as 'bfloat16' or 'float32'`,
    )
    const infinite = await openSafetensors(encodeSafetensors([['w', array([Number.POSITIVE_INFINITY, 65_504])]], { dtype: 'float16' }))
    expect((await infinite.read('w')).toNested()).toEqual([Number.POSITIVE_INFINITY, 65_504])
  })

  test('refuses names and metadata that cannot be stored', () => {
    const problem = (message: string) => expect.objectContaining({ code: 'InvalidName', message: expect.stringContaining(message) })
    const twice = [
      ['a', scalar(1)],
      ['a', scalar(2)],
    ] as const
    expect(() => encodeSafetensors(twice)).toThrow(problem('found one that is taken'))
    expect(() => encodeSafetensors([['__metadata__', scalar(1)]])).toThrow(problem('found the key of the metadata'))
    expect(() => encodeSafetensors([['\ud800', scalar(1)]])).toThrow(problem('half a surrogate pair'))
    expect(() => encodeSafetensors([], { metadata: { note: '\udc00' } })).toThrow(problem('half a surrogate pair'))
  })

  test('refuses a header above 100 MB', () => {
    const metadata = { note: 'x'.repeat(100_000_000) }
    expect(() => encodeSafetensors([], { metadata })).toThrow(expect.objectContaining({ code: 'HeaderTooLarge' }))
  })

  test('takes views into larger buffers', async () => {
    const data = new Float32Array([0, 1, 2, 3]).subarray(1, 3)
    const checkpoint = await openSafetensors(encodeSafetensors([['w', new NDArray('float32', [2], data)]]))
    expect((await checkpoint.read('w')).toNested()).toEqual([1, 2])
  })
})

describe('writeSafetensors()', () => {
  const tensors = [
    ['a', fill('float32', [100], (i) => i)],
    ['b', zeros([50])],
    ['c', scalar(7)],
    ['d', zeros([400], 'uint8')],
  ] as const

  test('writes one file, the bytes of encodeSafetensors(), and nothing beside it', async () => {
    const folder = await newFolder()
    const path = join(folder, 'model.safetensors')
    expect(await writeSafetensors(path, tensors)).toEqual([path])
    expect(new Uint8Array(await readFile(path))).toEqual(encodeSafetensors(tensors))
    expect(await readdir(folder)).toEqual(['model.safetensors'])
  })

  test('takes a Map and a generator', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    await writeSafetensors(path, new Map([['a', scalar(1)]]))
    await writeSafetensors(
      path,
      (function* () {
        yield ['b', scalar(2)] as const
      })(),
    )
    expect((await openSafetensors(path)).names).toEqual(['b'])
  })

  test('splits at maxShardBytes in the order of the entries, with an index that openCheckpoint() reads', async () => {
    const folder = await newFolder()
    const path = join(folder, 'model.safetensors')
    const written = await writeSafetensors(path, tensors, { maxShardBytes: 604, metadata: { steps: '5' } })
    const shards = [1, 2].map((i) => join(folder, `model-0000${i}-of-00002.safetensors`))
    expect(written).toEqual([...shards, `${path}.index.json`])
    expect(JSON.parse(await readFile(`${path}.index.json`, 'utf8'))).toEqual({
      metadata: { total_size: 1004 },
      weight_map: {
        a: 'model-00001-of-00002.safetensors',
        b: 'model-00001-of-00002.safetensors',
        c: 'model-00001-of-00002.safetensors',
        d: 'model-00002-of-00002.safetensors',
      },
    })
    const checkpoint = await openCheckpoint(folder)
    expect([...checkpoint.metadata]).toEqual([['steps', '5']])
    for (const [name, array] of tensors) expect(await checkpoint.read(name)).toEqual(array)
  })

  test('gives a tensor above maxShardBytes a file of its own, and stays with one file where all fits', async () => {
    const folder = await newFolder()
    const path = join(folder, 'model.safetensors')
    expect(await writeSafetensors(path, tensors, { maxShardBytes: 1004 })).toEqual([path])
    expect(await writeSafetensors(path, tensors, { maxShardBytes: 1 })).toHaveLength(5)
    expect((await openCheckpoint(folder)).names).toEqual(['a', 'b', 'c', 'd'])
    await expect(writeSafetensors(path, tensors, { maxShardBytes: 0 })).rejects.toThrow(
      'maxShardBytes is a number of bytes above 0, found 0',
    )
  })

  test('every sharded checkpoint comes back whole, whatever the limit', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 600 }), async (some, maxShardBytes) => {
        const folder = await newFolder()
        await writeSafetensors(join(folder, 'model.safetensors'), some, { maxShardBytes })
        const checkpoint = await openCheckpoint(folder)
        expect([...checkpoint.names].sort()).toEqual(some.map(([name]) => name).sort())
        for (const [name, array] of some) expect(await checkpoint.read(name)).toEqual(array)
        await rm(folder, { recursive: true })
      }),
      { numRuns: 40, seed: 8 },
    )
  })

  test('replaces an older single file by shards, so that a folder never offers the stale one', async () => {
    const folder = await newFolder()
    const path = join(folder, 'model.safetensors')
    await writeSafetensors(path, [['old', scalar(1)]])
    await writeSafetensors(path, tensors, { maxShardBytes: 500 })
    expect((await openCheckpoint(folder)).has('old')).toBe(false)
  })

  test('refuses a path whose shards could not be read again', async () => {
    const folder = await newFolder()
    await expect(writeSafetensors(join(folder, 'größe.safetensors'), tensors, { maxShardBytes: 500 })).rejects.toMatchObject({
      code: 'InvalidShardName',
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('leaves the old file and nothing else when a tensor cannot be stored', async () => {
    const folder = await newFolder()
    const path = join(folder, 'm.safetensors')
    await writeFile(path, 'old')
    const bad = [...tensors, ['z', array([1e9])]] as const
    await expect(writeSafetensors(path, bad, { dtype: 'float16' })).rejects.toMatchObject({
      code: 'NumberOverflow',
      tensor: 'z',
      file: path,
    })
    await expect(writeSafetensors(path, bad, { dtype: 'float16', maxShardBytes: 300 })).rejects.toMatchObject({ code: 'NumberOverflow' })
    expect(await readdir(folder)).toEqual(['m.safetensors'])
    expect(await readFile(path, 'utf8')).toBe('old')
  })
})

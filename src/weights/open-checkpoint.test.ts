import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { exists, openCheckpoint } from './open-checkpoint.js'
import { isPlainFileName, parseShardIndex } from './shard-index.js'

const sharded = fileURLToPath(new URL('../../tests/fixtures/safetensors/sharded', import.meta.url))
const indexName = 'model.safetensors.index.json'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'genera-checkpoint-'))
})
afterAll(() => rm(root, { recursive: true }))

/** A new folder with these files; objects become JSON. */
async function folder(files: Record<string, Uint8Array | string | object>): Promise<string> {
  const path = await mkdtemp(join(root, 'folder-'))
  for (const [name, content] of Object.entries(files))
    await writeFile(join(path, name), typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content))
  return path
}

const one = (name: string) => fileOf({ [name]: entry('U8', [1], 0, 1) }, 1)
const indexOf = (map: Record<string, string>) => ({ metadata: { total_size: 1 }, weight_map: map })

describe('openCheckpoint()', () => {
  test('reads the shards that the reference wrote, from the index, the folder and a file: URL', async () => {
    for (const source of [
      join(sharded, indexName),
      sharded,
      `${sharded}/`,
      pathToFileURL(sharded),
      pathToFileURL(join(sharded, indexName)),
    ]) {
      const checkpoint = await openCheckpoint(source)
      expect(checkpoint.names).toEqual(['a.weight', 'a.bias', 'b.weight'])
      expect([...checkpoint.metadata]).toEqual([['format', 'pt']])
      expect((await checkpoint.read('b.weight')).toNested()).toEqual([2, 2, 2])
      expect((await checkpoint.read('a.weight')).toNested()).toEqual([
        [1, 1],
        [1, 1],
      ])
      expect(checkpoint.info('b.weight').file).toBe(join(sharded, 'model-00002-of-00002.safetensors'))
      expect(checkpoint.info('b.weight').region?.source).toEqual({ path: join(sharded, 'model-00002-of-00002.safetensors') })
      expect(checkpoint.has('c')).toBe(false)
      await expect(checkpoint.read('weight')).rejects.toMatchObject({ code: 'TensorNotFound', hint: 'The closest name is "a.weight"' })
      await checkpoint.close()
      await expect(checkpoint.read('b.weight')).rejects.toMatchObject({ code: 'Closed' })
    }
  })

  test('finds the usual names in a folder, the single file before the index', async () => {
    const both = { 'model.safetensors': one('single'), [indexName]: indexOf({ a: 'gone.safetensors' }) }
    expect((await openCheckpoint(await folder(both))).names).toEqual(['single'])
    expect((await openCheckpoint(await folder({ 'diffusion_pytorch_model.safetensors': one('unet') }))).names).toEqual(['unet'])
    const index = { 'diffusion_pytorch_model.safetensors.index.json': indexOf({ a: 'x.safetensors' }), 'x.safetensors': one('a') }
    expect((await openCheckpoint(await folder(index))).names).toEqual(['a'])
  })

  test('takes a single file as openSafetensors() does, bytes included', async () => {
    expect((await openCheckpoint(join(await folder({ 'x.safetensors': one('a') }), 'x.safetensors'))).names).toEqual(['a'])
    expect((await openCheckpoint(one('a'))).names).toEqual(['a'])
  })

  test('follows symbolic links, as the cache of the hub lays them out', async () => {
    const path = await folder({ blob: one('a') })
    await symlink(join(path, 'blob'), join(path, 'model.safetensors'))
    expect((await openCheckpoint(path)).names).toEqual(['a'])
  })

  test('says what a folder holds instead', async () => {
    const path = await folder({ 'model.fp16.safetensors': one('a'), 'notes.txt': '' })
    await expect(openCheckpoint(path)).rejects.toThrow(
      `Cannot read ${path}: expected model.safetensors, model.safetensors.index.json, diffusion_pytorch_model.safetensors, diffusion_pytorch_model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json, diffusion_pytorch_model.bin, diffusion_pytorch_model.bin.index.json in this folder, found "model.fp16.safetensors". Pass the path of the file that you mean`,
    )
    await expect(openCheckpoint(await folder({}))).rejects.toThrow('found no file of weights')
    await expect(openCheckpoint(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'FileNotFound' })
  })

  test('names a missing shard and how many tensors it would have held', async () => {
    const map = { a: 'm-1.safetensors', b: 'm-2.safetensors', c: 'm-2.safetensors' }
    const path = await folder({ [indexName]: indexOf(map), 'm-1.safetensors': one('a') })
    await expect(openCheckpoint(path)).rejects.toThrow(
      `Cannot read ${join(path, indexName)}: expected the shard m-2.safetensors beside it, with 2 tensors, found no such file. Download all files of the checkpoint into one folder`,
    )
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: 'MissingShard' })
  })

  test('names a tensor that its shard does not hold', async () => {
    const path = await folder({ [indexName]: indexOf({ a: 'm.safetensors', b: 'm.safetensors' }), 'm.safetensors': one('a') })
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: 'TensorNotFound', tensor: 'b', file: join(path, 'm.safetensors') })
  })

  test('reports a damaged shard by its own name', async () => {
    const path = await folder({ [indexName]: indexOf({ a: 'm.safetensors' }), 'm.safetensors': '<!doctype html>'.padEnd(100) })
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: 'NotSafetensors', file: join(path, 'm.safetensors') })
  })

  test('leaves out tensors that the index leaves out', async () => {
    const shard = fileOf({ a: entry('U8', [1], 0, 1), tied: entry('U8', [1], 1, 2) }, 2)
    const checkpoint = await openCheckpoint(await folder({ [indexName]: indexOf({ a: 'm.safetensors' }), 'm.safetensors': shard }))
    expect(checkpoint.names).toEqual(['a'])
    expect(checkpoint.has('tied')).toBe(false)
    expect(() => checkpoint.info('tied')).toThrow('expected a tensor of this name')
  })

  test('keeps names such as __proto__ apart from the prototype', async () => {
    const text = '{"weight_map":{"__proto__":"m.safetensors","constructor":"m.safetensors"}}'
    const header =
      '{"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}'
    const checkpoint = await openCheckpoint(await folder({ [indexName]: text, 'm.safetensors': fileOf(header, 2) }))
    expect(checkpoint.names).toEqual(['__proto__', 'constructor'])
    expect(checkpoint.has('toString')).toBe(false)
  })

  test('never reaches a file outside the folder, although the shard exists', async () => {
    const path = await folder({ 'secret.safetensors': one('a') })
    const inner = join(path, 'inner')
    await mkdir(inner)
    for (const shard of ['../secret.safetensors', join(path, 'secret.safetensors'), 'x/../../secret.safetensors']) {
      await writeFile(join(inner, indexName), JSON.stringify(indexOf({ a: shard })))
      await expect(openCheckpoint(inner)).rejects.toMatchObject({ code: 'InvalidShardName', tensor: 'a' })
    }
  })

  test('opens a shard of several hundred without keeping any of them open', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `t${i}`)
    const files = Object.fromEntries(names.map((name) => [`${name}.safetensors`, one(name)]))
    const path = await folder({ ...files, [indexName]: indexOf(Object.fromEntries(names.map((name) => [name, `${name}.safetensors`]))) })
    const checkpoint = await openCheckpoint(path)
    expect(checkpoint.names).toEqual(names)
    await Promise.all(names.map((name) => checkpoint.read(name)))
    await rename(join(path, 't0.safetensors'), join(path, 'moved'))
    await expect(checkpoint.read('t0')).rejects.toMatchObject({ code: 'FileNotFound' })
    await rename(join(path, 'moved'), join(path, 't0.safetensors'))
    expect((await checkpoint.read('t0')).item()).toBe(0)
  })
})

test('exists() finds files and folders', async () => {
  const path = await folder({ 'a.safetensors': one('a') })
  expect([await exists(path), await exists(join(path, 'a.safetensors')), await exists(pathToFileURL(path))]).toEqual([true, true, true])
  expect([await exists(join(path, 'b')), await exists(join(path, 'a.safetensors', 'b'))]).toEqual([false, false])
})

describe('isPlainFileName()', () => {
  const published = [
    'model-00001-of-00002.safetensors',
    'diffusion_pytorch_model.fp16-00001-of-00003.safetensors',
    'a b (1).safetensors',
    '0.safetensors',
    'pytorch_model-00001-of-00002.bin',
  ]
  test.each(published)('accepts %j', (name) => expect(isPlainFileName(name)).toBe(true))

  test.each([
    ['a folder above', '../model.safetensors'],
    ['a folder above in the middle', 'a/../../model.safetensors'],
    ['a folder below', 'a/model.safetensors'],
    ['an absolute path', '/etc/model.safetensors'],
    ['a backslash', '..\\model.safetensors'],
    ['a drive', 'C:model.safetensors'],
    ['a share', '\\\\host\\share\\model.safetensors'],
    ['a stream', 'model.bin:x.safetensors'],
    ['an address', 'http://host/model.safetensors'],
    ['NUL', 'model\0.safetensors'],
    ['percent-encoded dots', '%2e%2e/model.safetensors'],
    ['percent-encoded slash', '..%2fmodel.safetensors'],
    ['doubly encoded dots', '%252e%252e%252fmodel.safetensors'],
    ['full-width dots', '．．／model.safetensors'],
    ['a two-dot leader', '‥/model.safetensors'],
    ['a slash look-alike', 'a∕model.safetensors'],
    ['a right-to-left mark', 'model\u202e.safetensors'],
    ['a line break', 'model\n.safetensors'],
    ['a line break at the end', 'model.safetensors\n'],
    ['the device CON', 'CON.safetensors'],
    ['the device nul', 'nul.safetensors'],
    ['the device COM1 with more behind it', 'com1.x.safetensors'],
    ['the device LPT9 and a space', 'LPT9 .safetensors'],
    ['a hidden file', '.model.safetensors'],
    ['an option', '-model.safetensors'],
    ['a home folder', '~model.safetensors'],
    ['another kind of file', 'model.exe'],
    ['a space at the end', 'model.safetensors '],
    ['a name of 300 characters', `${'a'.repeat(300)}.safetensors`],
    ['nothing', ''],
  ])('refuses %s', (_, name) => expect(isPlainFileName(name)).toBe(false))
})

describe('parseShardIndex()', () => {
  const parse = (content: string | object) =>
    parseShardIndex(new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)), 'i.json')

  test('groups tensors by shard and passes over metadata of any kind', () => {
    const metadata = { total_size: 7.5e10, parameters: [1, { nested: null }], format: 'pt' }
    const map = { a: '1.safetensors', b: '2.safetensors', c: '1.safetensors' }
    expect([...parse({ metadata, weight_map: map, other: true })]).toEqual([
      ['1.safetensors', ['a', 'c']],
      ['2.safetensors', ['b']],
    ])
  })

  test.each([
    ['an empty file', '', 'found an empty file'],
    ['a list', '[]', 'expected a JSON object'],
    ['an HTML page', '<!doctype html><html>', 'found an HTML page'],
    ['no weight_map', '{"metadata":{}}', 'expected a weight_map with at least one tensor'],
    ['an empty weight_map', '{"weight_map":{}}', 'with at least one tensor'],
    ['a weight_map that is a list', '{"weight_map":["a"]}', 'found a list'],
    ['a shard that is a number', '{"weight_map":{"a":1}}', 'found 1'],
    ['a tensor twice', '{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}', 'found "a" twice'],
    ['a weight_map twice', '{"weight_map":{"a":"1.safetensors"},"weight_map":{"b":"1.safetensors"}}', 'twice'],
    ['deep nesting in the metadata', `{"metadata":${'['.repeat(1_000_000)}`, 'levels of nesting'],
    ['text behind the object', '{"weight_map":{"a":"1.safetensors"}}{}', 'expected nothing after'],
  ])('refuses %s', (_, text, sentence) => {
    expect(() => parse(text)).toThrow(sentence)
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'InvalidIndex', file: 'i.json' }))
  })

  test('refuses bytes that are not UTF-8', () => {
    expect(() => parseShardIndex(new Uint8Array([0x7b, 0xff, 0x7d]))).toThrow('expected an index in UTF-8')
  })

  test('refuses more than 10 MB and more than 10,000 shards', () => {
    expect(() => parse(`{"weight_map":{}}${' '.repeat(10_000_000)}`)).toThrow('at most 10,000,000 bytes')
    const shards = (count: number) => ({
      weight_map: Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, `${i}.safetensors`])),
    })
    expect(parse(shards(10_000)).size).toBe(10_000)
    expect(() => parse(shards(10_001))).toThrow('at most 10000 shards')
  })
})

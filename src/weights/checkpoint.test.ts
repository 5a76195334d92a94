import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { openSafetensors, readHeader } from './checkpoint.js'
import { blobFile, memoryFile } from './files.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../tests/fixtures/safetensors/${name}`, import.meta.url))
const types = fixture('types.safetensors')

describe('openSafetensors() reads a file of the reference implementation', () => {
  test('with every element type, a scalar, an empty tensor and names outside ASCII', async () => {
    const checkpoint = await openSafetensors(types)
    expect([...checkpoint.metadata]).toEqual([['format', 'pt']])
    const arrays = await Promise.all(checkpoint.names.map(async (name) => [name, await checkpoint.read(name)] as const))
    expect(Object.fromEntries(arrays.map(([name, array]) => [name, `${array}`]))).toEqual({
      f32: 'float32[2, 3]',
      f16: 'float16[8]',
      bf16: 'bfloat16[2, 2]',
      i64: 'int64[4]',
      i32: 'int32[2]',
      i8: 'int8[2]',
      u8: 'uint8[3]',
      bool: 'bool[3]',
      scalar: 'float32[]',
      empty: 'float32[0, 4]',
      'größe.\u{1f600}': 'float32[1]',
      'größe.\uffee': 'float32[1]',
    })
    const values = new Map(arrays)
    expect(values.get('f32')?.toNested()).toEqual([
      [-2.5, -1.5, -0.5],
      [0.5, 1.5, 2.5],
    ])
    expect(Array.from({ length: 8 }, (_, i) => values.get('f16')?.at(i))).toEqual([0, -0, 1, -2, 65504, 2 ** -24, Infinity, NaN])
    expect(values.get('bf16')?.toNested()).toEqual([
      [1, -1.5],
      [3.140625, 1.0002555517425873e30],
    ])
    expect(values.get('i64')?.data).toEqual(new BigInt64Array([0n, -1n, 2n ** 53n + 1n, -(2n ** 63n)]))
    expect(values.get('i32')?.toNested()).toEqual([2 ** 31 - 1, -(2 ** 31)])
    expect(values.get('i8')?.toNested()).toEqual([-128, 127])
    expect(values.get('u8')?.toNested()).toEqual([0, 255, 7])
    expect(values.get('bool')?.toNested()).toEqual([true, false, true])
    expect(values.get('scalar')?.item()).toBe(0.25)
    expect(values.get('größe.\u{1f600}')?.item()).toBe(1)
    await checkpoint.close()
  })

  test('converting F64, I16, U16 and U32, and refusing U64, C64 and F8 by name although they can be listed', async () => {
    const checkpoint = await openSafetensors(fixture('other-types.safetensors'), { name: 'ignored for a path' })
    const read = async (name: string) => [(await checkpoint.read(name)).dtype, (await checkpoint.read(name)).toNested()]
    expect(await read('f64')).toEqual(['float32', [Math.fround(0.1), -1000]])
    expect(await read('i16')).toEqual(['int32', [-32768, 32767]])
    expect(await read('u16')).toEqual(['int32', [0, 65535]])
    expect(await read('u32')).toEqual(['int64', [0, 2 ** 32 - 1]])
    expect(checkpoint.info('f64')).toMatchObject({ dtype: 'float32', storage: 'F64', shape: [2], region: undefined })
    for (const [name, storage] of Object.entries({ u64: 'U64', c64: 'C64', f8: 'F8_E4M3' })) {
      expect(checkpoint.info(name)).toMatchObject({ dtype: undefined, storage, region: undefined })
      await expect(checkpoint.read(name)).rejects.toMatchObject({ code: 'UnsupportedDType', tensor: name, found: storage })
    }
  })

  test('from a path, a file: URL, bytes, an ArrayBuffer, a Blob and a File alike', async () => {
    const bytes = new Uint8Array(await readFile(types))
    const sources = [
      types,
      pathToFileURL(types),
      pathToFileURL(types).href,
      bytes,
      bytes.buffer,
      new Blob([bytes]),
      new File([bytes], 'a.safetensors'),
    ]
    for (const source of sources)
      for (const inMemory of [false, true]) {
        const checkpoint = await openSafetensors(source, { inMemory })
        expect((await checkpoint.read('i32')).toNested()).toEqual([2 ** 31 - 1, -(2 ** 31)])
        expect((await checkpoint.read('empty')).shape).toEqual([0, 4])
      }
    expect((await openSafetensors(new File([bytes], 'a.safetensors'))).file).toBe('a.safetensors')
    expect((await openSafetensors(bytes, { name: 'download' })).file).toBe('download')
  })
})

describe('Checkpoint', () => {
  test('info() points at the bytes of a tensor without reading them', async () => {
    const bytes = new Uint8Array(await readFile(types))
    const onDisk = (await openSafetensors(types)).info('f32')
    const inMemory = (await openSafetensors(bytes, { name: 'bytes of types' })).info('f32')
    expect(onDisk.region).toEqual({ source: { path: types }, offset: onDisk.offset, length: 24 })
    expect(inMemory.region).toEqual({ source: { bytes, name: 'bytes of types' }, offset: onDisk.offset, length: 24 })
    expect(inMemory.region?.source).toHaveProperty('bytes', bytes)
    expect(new Float32Array(bytes.slice(onDisk.offset, onDisk.offset + 24).buffer)[0]).toBe(-2.5)
  })

  test('info() has no region for a Blob, unless it was opened in memory', async () => {
    const blob = new Blob([await readFile(types)])
    expect((await openSafetensors(blob)).info('f32').region).toBeUndefined()
    expect((await openSafetensors(blob, { inMemory: true })).info('f32').region).toMatchObject({ length: 24 })
  })

  test('read() fetches the bytes of this tensor and no others', async () => {
    const reads: [offset: number, length: number][] = []
    const blob = new Blob([fileOf({ a: entry('F32', [2], 0, 8), b: entry('F32', [100], 8, 408) }, 408)])
    const slice = blob.slice.bind(blob)
    blob.slice = (start = 0, end = 0) => {
      reads.push([start, end - start])
      return slice(start, end)
    }
    const checkpoint = await openSafetensors(blob)
    reads.length = 0
    await checkpoint.read('a')
    expect(reads).toEqual([[blob.size - 408, 8]])
  })

  test('read() gives arrays that share no memory with the source or with one another', async () => {
    const bytes = new Uint8Array(await readFile(types))
    const checkpoint = await openSafetensors(bytes)
    const [first, second] = [await checkpoint.read('i8'), await checkpoint.read('i8')]
    first.bytes.fill(0)
    expect(second.toNested()).toEqual([-128, 127])
    expect((await checkpoint.read('i8')).toNested()).toEqual([-128, 127])
  })

  test('read() takes tensors that are not aligned in the file', async () => {
    const file = fileOf({ a: entry('U8', [1], 0, 1), b: entry('F32', [1], 1, 5), c: entry('I64', [1], 5, 13) }, 13)
    file.set(new Uint8Array(new Float32Array([1.5]).buffer), file.length - 12)
    const checkpoint = await openSafetensors(file)
    expect((await checkpoint.read('b')).item()).toBe(1.5)
    expect((await checkpoint.read('c')).item()).toBe(0)
  })

  test('read() turns the bytes of a boolean into 0 and 1, whatever a hostile file holds', async () => {
    const file = fileOf({ a: entry('BOOL', [3], 0, 3) }, 3)
    file.set([0, 2, 255], file.length - 3)
    const checkpoint = await openSafetensors(file)
    expect((await checkpoint.read('a')).data).toEqual(new Uint8Array([0, 1, 1]))
    const { region } = checkpoint.info('a')
    expect(region).toEqual({ source: { bytes: new Uint8Array([0, 1, 1]), name: '"a" of bytes' }, offset: 0, length: 3 })
    expect(checkpoint.info('a').region?.source).toEqual(region?.source)
  })

  test('info() points at converted bytes when the file is in memory, and at none when it is not', async () => {
    const path = fixture('other-types.safetensors')
    const [onDisk, inMemory] = [await openSafetensors(path), await openSafetensors(path, { inMemory: true })]
    for (const name of onDisk.names) {
      const { region, dtype } = inMemory.info(name)
      expect(onDisk.info(name).region).toBeUndefined()
      if (!dtype) expect(region).toBeUndefined()
      else expect(region?.source).toHaveProperty('bytes', (await inMemory.read(name)).bytes)
    }
  })

  test('info() and read() name the closest tensor when there is none of a name', async () => {
    const header = { 'model.encoder.conv1.weight': entry('U8', [0], 0, 0), 'model.encoder.conv2.weight': entry('U8', [0], 0, 0) }
    const checkpoint = await openSafetensors(fileOf(header), { name: 'whisper.safetensors' })
    expect(checkpoint.has('encoder.conv2.weight')).toBe(false)
    expect(() => checkpoint.info('encoder.conv2.weight')).toThrow(
      'Cannot read "encoder.conv2.weight" from whisper.safetensors: expected a tensor of this name, found 2 others (first "model.encoder.conv1.weight"). The closest name is "model.encoder.conv2.weight"',
    )
    for (const name of ['', 'constructor', '__proto__', '__metadata__']) {
      expect(checkpoint.has(name)).toBe(false)
      await expect(checkpoint.read(name)).rejects.toMatchObject({ code: 'TensorNotFound', hint: undefined })
    }
  })

  test('read() after close() says so', async () => {
    const checkpoint = await openSafetensors(types)
    await checkpoint.close()
    await checkpoint.close()
    await expect(checkpoint.read('f32')).rejects.toMatchObject({ code: 'Closed', tensor: 'f32' })
  })
})

describe('openSafetensors() recognises', () => {
  const latin1 = (text: string) => Uint8Array.from(`${text}${'\0'.repeat(64)}`, (character) => character.charCodeAt(0))
  const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 548105171\n'

  test.each([
    ['HTML as weights', '<!DOCTYPE html><html><body>Sign in</body></html>', 'an HTML page', 'a web page instead of the file'],
    ['HTML after white space', '\n\n  <html lang="en">', 'an HTML page', 'a web page'],
    ["a store's error message", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'an XML document', "server's message"],
    ['a JSON error message', '{"error":"Repository not found"}', 'a JSON document', 'open it as text'],
    ['the index of a sharded checkpoint', '{\n  "metadata": {"total_size": 5}}', 'a JSON document', 'openCheckpoint()'],
    ['a Git LFS pointer', lfs, 'a Git LFS pointer', 'git lfs pull'],
    ['a PyTorch zip', 'PK\x03\x04\x00\x00\x08\x08', 'a zip archive', 'openCheckpoint() reads files of PyTorch'],
    ['an old PyTorch pickle', '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.', 'a Python pickle', 'openCheckpoint() reads files of PyTorch'],
    ['a pickle of protocol 4', '\x80\x04\x95\x10\x00\x00\x00\x00', 'a Python pickle', 'openCheckpoint()'],
    ['GGUF', 'GGUF\x03\x00\x00\x00\x05\x00', 'a GGUF file', 'openCheckpoint() reads'],
    ['NumPy', '\x93NUMPY\x01\x00', 'a NumPy array', 'Convert it'],
    ['HDF5', '\x89HDF\r\n\x1a\n', 'an HDF5 file', 'Convert it'],
    ['gzip', '\x1f\x8b\x08\x00\x00\x00\x00\x00', 'a gzip archive', 'Unpack'],
  ])('%s', async (_, text, found, hint) => {
    const opening = openSafetensors(latin1(text), { name: 'model.safetensors' })
    await expect(opening).rejects.toMatchObject({ code: 'NotSafetensors', file: 'model.safetensors', hint: expect.stringContaining(hint) })
    await expect(opening).rejects.toThrow(`Cannot read model.safetensors: expected a safetensors file, found ${found}`)
  })

  test('a file cut short for what it is, wherever it was cut', async () => {
    const whole = new Uint8Array(await readFile(types))
    const dataStart = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true))
    for (let size = 0; size < whole.length; size++) {
      const error = await openSafetensors(whole.slice(0, size)).catch((cause: unknown) => cause)
      const code = size < 8 ? 'HeaderTooSmall' : size < dataStart ? 'InvalidHeaderLength' : 'MetadataIncompleteBuffer'
      expect(error, `${size} bytes`).toMatchObject({ code })
      if (code === 'MetadataIncompleteBuffer') expect(error).toHaveProperty('found', expect.stringContaining(`${whole.length - size} byte`))
    }
  })

  test('a header of 640 bytes cut short, whose length begins like a pickle', async () => {
    const file = fileOf(`{}${' '.repeat(638)}`).slice(0, 100)
    await expect(openSafetensors(file)).rejects.toMatchObject({ code: 'InvalidHeaderLength' })
  })
})

test('readHeader() reads two pieces, the beginning and the header, never the data', async () => {
  const reads: number[] = []
  const header = { a: entry('U8', [1_000_000], 0, 1_000_000) }
  const file = memoryFile(fileOf(header, 1_000_000), 'a')
  const read = (offset: number, length: number) => {
    reads.push(length)
    return file.read(offset, length)
  }
  await readHeader({ ...file, read })
  expect(reads).toEqual([64, JSON.stringify(header).length])
})

test('blobFile() reports a Blob that cannot be read any more', async () => {
  const gone = Object.assign(new Blob(['x'.repeat(100)]), {
    slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }),
  })
  await expect(blobFile(gone as unknown as Blob, 'photo').read(0, 5)).rejects.toThrow(
    'Cannot read photo: expected 5 bytes from byte 0, found NotReadableError. Choose the file again',
  )
})

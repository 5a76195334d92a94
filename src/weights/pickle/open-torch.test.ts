import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { array } from '../../graph/index.js'
import { openCheckpoint } from '../open-checkpoint.js'
import { encodeSafetensors } from '../write-safetensors.js'
import { mostOperations } from './unpickler.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../tests/fixtures/pickle/${name}`, import.meta.url))
const expected: Record<string, { shape: number[]; values: unknown[] }> = JSON.parse(readFileSync(fixture('tensors.json'), 'utf8'))

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)]
const string = (text: string): number[] => [0x58, text.length, 0, 0, 0, ...ascii(text)]
const global = (path: string): number[] => ascii(`c${path.replace(' ', '\n')}\n`)
const int = (value: number): number[] => [0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
const sizes = (values: readonly number[]): number[] => [0x28, ...values.flatMap(int), 0x74]

/** A tensor as PyTorch describes it, of a storage "0" of `held` floats. */
const tensor = (
  shape: readonly number[],
  strides: readonly number[],
  { held = 4, offset = 0, of = 'torch._utils _rebuild_tensor_v2' } = {},
) => [
  ...global(of),
  ...[0x28, 0x28, ...string('storage'), ...global('torch FloatStorage'), ...string('0'), ...string('cpu'), ...int(held), 0x74, 0x51],
  ...[...int(offset), ...sizes(shape), ...sizes(strides), 0x89, ...global('collections OrderedDict'), 0x29, 0x52, 0x74, 0x52],
]
const pickleOf = (...operations: readonly number[]): Uint8Array => new Uint8Array([0x80, 2, ...operations, 0x2e])
const dictOf = (name: string, value: readonly number[]): Uint8Array => pickleOf(0x7d, ...string(name), ...value, 0x73)
const data = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer)
const archive = (pickle: Uint8Array, more: Record<string, Uint8Array> = { 'x/data/0': data }, level: 0 | 6 = 0): Uint8Array =>
  zipSync({ 'x/data.pkl': pickle, ...more }, { level })
const opened = (pickle: Uint8Array) => openCheckpoint(archive(pickle), { name: 'x.bin' })

describe('openCheckpoint() with a file of PyTorch', () => {
  test.each(['tensors.bin', 'protocol-5.bin', 'before-2020.bin'])('reads every tensor as PyTorch has it: %s', async (name) => {
    for (const source of [fixture(name), new Uint8Array(readFileSync(fixture(name)))]) {
      const checkpoint = await openCheckpoint(source)
      const absent = name === 'before-2020.bin' ? ['float8', 'unsigned'] : []
      expect(checkpoint.names).toEqual(Object.keys(expected).filter((each) => !absent.includes(each)))
      for (const tensor of checkpoint.names.filter((each) => each !== 'float8')) {
        const { shape, values } = expected[tensor] as (typeof expected)[string]
        const array = await checkpoint.read(tensor)
        expect([tensor, array.shape]).toEqual([tensor, shape])
        const found = [...(/half|brain/.test(tensor) ? array.cast('float32') : array).data].map(Number)
        const wanted = values.map(Number)
        expect(
          found.every((value, i) => Math.abs(value - (wanted[i] as number)) <= 1e-7 * Math.abs(value)),
          tensor,
        ).toBe(true)
      }
    }
  })

  test('points into the file where the elements lie in their order, and at a copy in memory where not', async () => {
    const onDisk = await openCheckpoint(fixture('tensors.bin'))
    expect(onDisk.info('part')).toMatchObject({ storage: 'F32', shape: [2, 2], region: undefined })
    const plain = onDisk.info('plain.weight')
    expect(plain.region).toEqual({ source: { path: fixture('tensors.bin') }, offset: plain.offset, length: 48 })
    const file = new Float32Array(new Uint8Array(readFileSync(fixture('tensors.bin')).subarray(plain.offset, plain.offset + 48)).buffer)
    expect([...file]).toEqual(expected['plain.weight']?.values)
    const { region } = (await openCheckpoint(fixture('tensors.bin'), { inMemory: true })).info('turned')
    const { bytes } = (region as NonNullable<typeof region>).source as { bytes: Uint8Array }
    expect([...new Float32Array(bytes.slice().buffer)]).toEqual(expected.turned?.values)
  })

  test('says of an element type that genera lacks what safetensors would say', async () => {
    const checkpoint = await openCheckpoint(fixture('tensors.bin'))
    expect(checkpoint.info('float8')).toMatchObject({ storage: 'F8_E4M3', dtype: undefined })
    await expect(checkpoint.read('float8')).rejects.toMatchObject({ code: 'UnsupportedDType' })
  })

  test('takes the state_dict out of what a trainer keeps, and numbers beside it as metadata', async () => {
    const checkpoint = await openCheckpoint(fixture('training.ckpt'))
    expect(checkpoint.names).toEqual(['model.a', 'model.b'])
    expect([...checkpoint.metadata]).toEqual([
      ['global_step', '875000'],
      ['epoch', '3'],
      ['pytorch-lightning_version', '1.4.2'],
    ])
  })

  test('joins the keys of dictionaries inside one another', async () => {
    const checkpoint = await openCheckpoint(fixture('embedding.pt'))
    expect(checkpoint.names).toEqual(['string_to_token.*', 'string_to_param.*'])
    expect((await checkpoint.read('string_to_param.*')).toNested()).toEqual([Array(4).fill(1), Array(4).fill(1)])
    expect(checkpoint.metadata.get('name')).toBe('a-thing')
  })

  test('reads the pickles that this test writes', async () => {
    const checkpoint = await opened(dictOf('w', tensor([2, 2], [2, 1])))
    expect((await checkpoint.read('w')).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ])
  })
})

describe('a hostile pickle', () => {
  const run = (path: string, parameters: readonly number[]) => pickleOf(...global(path), ...parameters, 0x85, 0x52)

  test.each([
    ['runs a command', run('os system', string('echo ran > /tmp/ran')), '"os.system"'],
    ['runs a command under its other name', run('posix system', string('id')), '"posix.system"'],
    ['evaluates text', run('builtins eval', string('1')), '"builtins.eval"'],
    ['evaluates text as Python 2 spells it', run('__builtin__ exec', string('1')), '"__builtin__.exec"'],
    ['reaches into a module of PyTorch', run('torch.hub load', string('x')), '"torch.hub.load"'],
    ['reads a name that ends like a welcome one', run('evil collections.OrderedDict', string('x')), '"evil.collections.OrderedDict"'],
    ['names its code by values', pickleOf(...string('os'), ...string('system'), 0x93, ...string('id'), 0x85, 0x52), '"os.system"'],
    [
      'hides it beside a good tensor',
      dictOf('w', [...tensor([2, 2], [2, 1]), ...run('os system', string('x')).slice(2, -1)]),
      '"os.system"',
    ],
  ])('is refused by name, and nothing of it runs: %s', async (_, pickle, name) => {
    const refused = opened(pickle)
    await expect(refused).rejects.toThrow(
      `Cannot read x.bin: expected tensors and PyTorch's description of them, found a pickle that refers to the code ${name}. Nothing of it was run.`,
    )
    await expect(refused).rejects.toMatchObject({ code: 'UnsafePickle' })
  })

  test.each([
    ['a whole model, which is code', [...global('my.models Net'), 0x29, 0x81], 'UnsafePickle', '"my.models.Net"'],
    ['a view larger than its storage', tensor([3, 2], [2, 1]), 'TensorInvalidInfo', 'a view inside a storage of 4 elements'],
    ['a view behind its storage', tensor([1], [1], { offset: 4 }), 'TensorInvalidInfo', '[1] with strides [1] from 4'],
    ['a view that repeats one number for ever', tensor([2 ** 30, 2 ** 30], [0, 0]), 'TensorInvalidInfo', 'a view inside a storage'],
    ['a storage larger than its data', tensor([8], [1], { held: 8 }), 'InvalidArchive', '32 bytes in its storage, found 16 bytes'],
    ['sizes below zero', tensor([-1], [1]), 'InvalidPickle', 'whole numbers as offset, size and stride'],
    [
      'a storage of a kind that is none',
      tensor([1], [1]).map((byte) => (byte === 0x46 ? 0x47 : byte)),
      'UnsafePickle',
      'torch.GloatStorage',
    ],
    ['a value that was never kept', [0x68, 9], 'InvalidPickle', 'a value that was kept, found none at byte 11'],
    ['an operation of another time', [0x69], 'InvalidPickle', 'operation 0x69'],
    ['a text longer than the file', [0x58, 255, 255, 255, 255], 'InvalidPickle', '4,294,967,295 more bytes'],
    ['bytes of a size beyond numbers', [0x8e, ...Array<number>(8).fill(255)], 'InvalidPickle', 'a size inside the pickle'],
    ['a call of a number', [0x4b, 1, 0x29, 0x52], 'InvalidPickle', 'a call of a name, found number'],
  ])('is refused: %s', async (_, value, code, sentence) => {
    await expect(opened(dictOf('w', value))).rejects.toThrow(sentence)
    await expect(opened(dictOf('w', value))).rejects.toMatchObject({ code })
  })

  test('costs a bounded number of operations and values', async () => {
    const many = new Uint8Array(mostOperations + 10).fill(0x30) // POP
    await expect(opened(pickleOf(...[0x4b, 1], ...[0x2e]))).resolves.toMatchObject({ names: [] })
    await expect(opened(new Uint8Array([0x80, 2, ...many.subarray(0, 4)]))).rejects.toMatchObject({ code: 'InvalidPickle' })
    await expect(opened(many)).rejects.toThrow('at most 1,000,000 operations')
    await expect(opened(new Uint8Array(200_000).fill(0x7d))).rejects.toThrow('at most 100,000 values at a time')
  })

  test('that lies in itself ends', async () => {
    // d = {}; d["a"] = d; d["w"] = tensor
    const pickle = pickleOf(0x7d, 0x71, 0, ...string('a'), 0x68, 0, 0x73, ...string('w'), ...tensor([4], [1]), 0x73)
    expect((await opened(pickle)).names).toEqual(['w'])
  })

  test('gives a typed error wherever it is cut, and whatever byte is wrong', async () => {
    const whole = dictOf('w', tensor([2, 2], [2, 1]))
    for (let length = 0; length < whole.length; length++)
      await expect(opened(whole.subarray(0, length))).rejects.toMatchObject({ name: 'CheckpointError' })
    for (let at = 0; at < whole.length; at++)
      for (const byte of [0, 0x52, 0x85, 0xff]) {
        const damaged = whole.with(at, byte)
        const error = await opened(damaged).then(
          () => undefined,
          (error: unknown) => error,
        )
        if (error !== undefined) expect(error).toMatchObject({ name: 'CheckpointError' })
      }
  })
})

describe('an archive', () => {
  const pickle = dictOf('w', tensor([2, 2], [2, 1]))

  test.each([
    ['compressed', archive(pickle, { 'x/data/0': data }, 6), 'files that are stored as they are'],
    [
      'without a pickle',
      zipSync({ 'a.txt': data }, { level: 0 }),
      'one data.pkl in the archive, as PyTorch writes it, found 1 other files',
    ],
    ['with two pickles', archive(pickle, { 'data.pkl': pickle }), 'one data.pkl in the archive'],
    ['without its data', archive(pickle, {}), 'the data of storage "0", found none'],
    [
      'of another byte order',
      archive(pickle, { 'x/data/0': data, 'x/byteorder': new TextEncoder().encode('big') }),
      'little-endian weights',
    ],
    ['cut short', archive(pickle).slice(0, -10), 'a table of contents at the end'],
  ])('is refused: %s', async (_, bytes, sentence) => {
    await expect(openCheckpoint(bytes)).rejects.toThrow(sentence)
  })

  test('gives a typed error whatever byte of it is wrong', async () => {
    const whole = archive(pickle)
    for (let at = 0; at < whole.length; at++)
      for (const byte of [0, 0xff]) {
        const error = await openCheckpoint(whole.with(at, byte)).then(
          (checkpoint) =>
            checkpoint.read('w').then(
              () => undefined,
              (error: unknown) => error,
            ),
          (error: unknown) => error,
        )
        if (error !== undefined) expect(error).toMatchObject({ name: 'CheckpointError' })
      }
  })
})

test('a safetensors file whose header is as long as a pickle begins stays one', async () => {
  const ofLength = (padding: number): Uint8Array =>
    encodeSafetensors([['x', array([1, 2])]], { metadata: { padding: '-'.repeat(padding) } })
  const file = Array.from({ length: 300 }, (_, padding) => ofLength(padding)).find(([first]) => first === 0x80) as Uint8Array
  expect(file.subarray(0, 9)).toEqual(new Uint8Array([0x80, file[1] as number, 0, 0, 0, 0, 0, 0, 0x7b]))
  expect((await (await openCheckpoint(file)).read('x')).toNested()).toEqual([1, 2])
})

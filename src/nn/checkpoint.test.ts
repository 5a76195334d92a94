import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { array, compile, constant, fill, placeholder, type Tensor } from '../graph/index.js'
import { openCheckpoint, writeSafetensors } from '../weights/index.js'
import { type CheckpointOptions, checkCheckpoint, fromCheckpoint } from './checkpoint.js'
import { linear } from './layers.js'
import { given, type Parameters, type Scope } from './scope.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-nn-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Large enough that the runtime maps the file instead of reading an inlined copy.
const weights: Parameters = {
  'fc1.weight': fill('float32', [40, 16], (i) => Math.sin(i)),
  'fc1.bias': fill('float32', [40], (i) => i / 8),
  'fc2.weight': fill('float32', [2, 40], (i) => Math.cos(i)),
}
const model = (scope: Scope, x: Tensor): Tensor => linear(scope.at('fc2'), linear(scope.at('fc1'), x, 40).relu(), 2, { bias: false })
const described = (scope: Scope): Tensor => model(scope, placeholder([1, 16]))
const x = fill('float32', [3, 16], (i) => i / 10 - 2)

let files = 0
async function stored(parameters: Parameters, dtype: 'float32' | 'float16' | 'bfloat16' = 'float32') {
  const path = join(folder, `model-${files++}.safetensors`)
  await writeSafetensors(path, Object.entries(parameters), { dtype })
  return openCheckpoint(path)
}
const renamed = (rename: (name: string) => string): Parameters =>
  Object.fromEntries(Object.entries(weights).map(([name, value]) => [rename(name), value]))

describe('fromCheckpoint()', () => {
  test.each(['float32', 'float16', 'bfloat16'] as const)(
    'computes what the same constants in memory compute, stored as %s',
    async (dtype) => {
      const file = await stored(weights, dtype)
      const rounded = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value.cast(dtype).cast('float32')]))
      const found = await compile((x: Tensor) => model(fromCheckpoint(file), x))(x)
      const wanted = await compile((x: Tensor) => model(given(rounded), x))(x)
      for (let i = 0; i < wanted.length; i++) expect(found.at(i)).toBeCloseTo(wanted.at(i), 4)
      const values = await compile(() => fromCheckpoint(file).param('fc1.weight', [40, 16]).mul(1))()
      expect(values).toEqual(rounded['fc1.weight'])
    },
  )

  test.each<[string, (name: string) => string, CheckpointOptions]>([
    ['prefix', (name) => `model.${name}`, { prefix: 'model.' }],
    ['drop', (name) => name.replace('fc1.', ''), { drop: 'fc1.' }],
  ])('finds the names under { %s }', async (_, rename, options) => {
    const scope = fromCheckpoint(await stored(renamed(rename)), options)
    expect((await compile(() => scope.param('fc1.bias', [40]).mul(8))()).at(3)).toBe(3)
    expect(scope.has('fc1.bias')).toBe(true)
    expect(scope.has('fc3.bias')).toBe(false)
  })

  test('reads a matrix as a 1×1 convolution, which holds the same numbers', async () => {
    const scope = fromCheckpoint(await stored(weights))
    expect((await compile(() => scope.param('fc2.weight', [2, 40, 1, 1]).mul(1))()).data).toEqual(weights['fc2.weight']?.data)
  })

  test('names the tensor that is missing, and the shape that differs', async () => {
    const file = await stored(weights)
    expect(() => fromCheckpoint(file).param('fc3.weight', [1])).toThrow(
      `Cannot load "fc3.weight" from ${file.file}: it is not among the file's 3 tensors`,
    )
    expect(() => fromCheckpoint(file).param('model.fc2.weight', [2, 40])).toThrow(
      'The names differ by the prefix "model.", which the file lacks: pass { drop: \'model.\' }',
    )
    expect(() => fromCheckpoint(file).param('fc2.weight', [40, 2])).toThrow(
      `Cannot load "fc2.weight" from ${file.file}: the model expects [40, 2], the file holds [2, 40]`,
    )
  })

  test('refuses element types without arithmetic', async () => {
    const bytes = new TextEncoder().encode('{"w":{"dtype":"F8_E4M3","shape":[1024],"data_offsets":[0,1024]}}')
    const file = new Uint8Array(8 + bytes.length + 1024)
    new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true)
    file.set(bytes, 8)
    const memory = await openCheckpoint(file)
    expect(() => fromCheckpoint(memory).param('w', [1024])).toThrow(
      'Cannot run "w" straight out of bytes: genera has no arithmetic on F8_E4M3. Convert the checkpoint to float32, float16 or bfloat16 first',
    )
  })

  test('stands beside large constants in memory in one program', async () => {
    const scope = fromCheckpoint(await stored(weights))
    const other = weights['fc1.weight']
    if (!other) throw new Error('There is no weight')
    expect((await compile(() => scope.param('fc1.weight', [40, 16]).sub(constant(other)))()).data).toEqual(new Float32Array(640))
  })

  test('points behind 4 GB of a file', async () => {
    const path = join(folder, 'large.safetensors')
    const before = 4.5 * 2 ** 30
    const entries = {
      filler: { dtype: 'U8', shape: [before], data_offsets: [0, before] },
      w: { dtype: 'F32', shape: [512], data_offsets: [before, before + 2048] },
    }
    const text = new TextEncoder().encode(JSON.stringify(entries).padEnd(192))
    const prefix = new Uint8Array(8)
    new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true)
    const values = fill('float32', [512], (i) => i + 1)
    const descriptor = openSync(path, 'w')
    writeSync(descriptor, prefix, 0, 8, 0)
    writeSync(descriptor, text, 0, text.length, 8)
    writeSync(descriptor, values.bytes, 0, 2048, 8 + text.length + before)
    closeSync(descriptor)
    const file = await openCheckpoint(path)
    expect((await compile(() => fromCheckpoint(file).param('w', [512]).mul(1))()).data).toEqual(values.data)
    truncateSync(path, 0)
  })
})

describe('checkCheckpoint()', () => {
  const check = async (parameters: Parameters, options = {}) => {
    const file = await stored(parameters)
    return { file: file.file, run: () => checkCheckpoint(described, file, options) }
  }

  test('returns the parameters of a model that fits its file', async () => {
    const { run } = await check(weights)
    expect([...run().keys()]).toEqual(Object.keys(weights))
  })

  test('counts what is missing and what was never read, and says the prefix by which they differ', async () => {
    const longer = await check(renamed((name) => `model.${name}`))
    expect(longer.run).toThrow(
      `Cannot load ${longer.file}: 3 of 3 tensors are missing (first "fc1.weight") and 3 were never read (first "model.fc1.bias"). The names differ by the prefix "model." of the file: pass { prefix: 'model.' }`,
    )
    const fine = await check(
      renamed((name) => `model.${name}`),
      { prefix: 'model.' },
    )
    expect(fine.run).not.toThrow()
    const shorter = await stored(weights)
    expect(() => checkCheckpoint((scope) => described(scope.at('net')), shorter)).toThrow(
      `3 of 3 tensors are missing (first "net.fc1.weight") and 3 were never read (first "fc1.bias"). The names differ by the prefix "net.", which the file lacks: pass { drop: 'net.' }`,
    )
  })

  test('refuses a file with a tensor that the model never reads, unless the caller reads a part on purpose', async () => {
    const whole = { ...renamed((name) => `unet.${name}`), 'vae.weight': array([1]), 'unets.weight': array([1]) }
    const strict = await check(whole, { prefix: 'unet.' })
    expect(strict.run).toThrow(
      `Cannot load ${strict.file}: 2 were never read (first "unets.weight"). Pass { only: [...] } to read a part of the file on purpose`,
    )
    const part = await check(whole, { prefix: 'unet.', only: ['unet'] })
    expect(part.run).not.toThrow()
    const inside = await check({ ...whole, 'unet.extra': array([1]) }, { prefix: 'unet.', only: ['unet'] })
    expect(inside.run).toThrow('1 were never read (first "unet.extra")')
  })

  test('leaves what the caller ignores', async () => {
    const { run } = await check(
      { ...weights, 'fc1.num_batches_tracked': array([1]) },
      { ignore: (name: string) => name.endsWith('.num_batches_tracked') },
    )
    expect(run).not.toThrow()
  })

  test('names a missing tensor without a guess where no prefix explains it', async () => {
    const { 'fc1.bias': _, ...without } = weights
    const { file, run } = await check(without)
    expect(run).toThrow(expect.objectContaining({ message: `Cannot load ${file}: 1 of 3 tensors are missing (first "fc1.bias")` }))
  })

  test('shows both shapes where they differ', async () => {
    const { file, run } = await check({ ...weights, 'fc2.weight': fill('float32', [2, 41], () => 0) })
    expect(run).toThrow(`Cannot load "fc2.weight" from ${file}: the model expects [2, 40], the file holds [2, 41]`)
  })
})

import { describe, expect, test } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { array, key, normal } from '../graph/index.js'
import { openSafetensors } from './checkpoint.js'
import { inEightBits } from './eight-bits.js'
import { encodeSafetensors } from './write-safetensors.js'

const kernel = normal(key(1), [6, 4, 3, 3])
const matrix = array(
  normal(key(2), [5, 32]).data.map((value, i) => Number(value) * 10 ** (Math.floor(i / 32) - 2)), // rows of very different sizes
  { shape: [5, 32] },
)
const bias = normal(key(3), [40])
const written = (entries: readonly (readonly [string, typeof kernel])[], keeps?: (name: string) => boolean) =>
  encodeSafetensors(inEightBits(entries, keeps), { dtype: 'float16' })

describe('inEightBits()', () => {
  test('is read back within half a percent of each row’s largest number, under the names that were written', async () => {
    const file = await openSafetensors(
      written([
        ['conv.weight', kernel],
        ['linear.weight', matrix],
        ['linear.bias', bias],
      ]),
    )
    expect([...file.names].sort()).toEqual(['conv.weight', 'linear.bias', 'linear.weight'])
    for (const [name, wanted] of [
      ['conv.weight', kernel],
      ['linear.weight', matrix],
    ] as const) {
      const found = await file.read(name)
      expect([found.dtype, found.shape, file.info(name).storage]).toEqual(['float32', wanted.shape, 'I8'])
      const row = wanted.length / (wanted.shape[0] as number)
      for (let r = 0; r < wanted.length; r += row) {
        const [a, b] = [found, wanted].map(({ data }) => Array.from(data.subarray(r, r + row) as Float32Array)) as [number[], number[]]
        const peak = Math.max(...b.map(Math.abs))
        expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))))).toBeLessThan(0.005 * peak)
      }
    }
    expect(file.info('linear.bias').storage).toBe('F16')
  })

  test('takes half of the bytes of half precision', () => {
    const large = normal(key(4), [256, 256])
    const half = encodeSafetensors([['w', large]], { dtype: 'float16' }).length
    expect(written([['w', large]]).length / half).toBeLessThan(0.51)
  })

  test('writes what it has read, again, to the bit', async () => {
    const bytes = written([['linear.weight', matrix]])
    const again = written([['linear.weight', (await (await openSafetensors(bytes)).read('linear.weight')) as typeof kernel]])
    expect(again).toEqual(bytes)
  })

  test('points at the numbers that are meant where a program runs out of memory', async () => {
    const file = await openSafetensors(written([['linear.weight', matrix]]))
    const { region, dtype } = file.info('linear.weight')
    expect(dtype).toBe('float32')
    const bytes = region && 'bytes' in region.source ? region.source.bytes.slice(region.offset, region.offset + region.length) : undefined
    expect(bytes && new Float32Array(bytes.buffer)).toEqual((await file.read('linear.weight')).data)
  })

  test('leaves alone what it is told to, vectors and short rows', async () => {
    const entries = [
      ['out.weight', matrix],
      ['linear.weight', matrix],
      ['bias', bias],
      ['short', normal(key(5), [9, 4])],
    ] as const
    const file = await openSafetensors(written(entries, (name) => name.startsWith('out.')))
    const storage = Object.fromEntries(file.names.map((name) => [name, file.info(name).storage]))
    expect(storage).toEqual({ 'out.weight': 'F16', 'linear.weight': 'I8', bias: 'F16', short: 'F16' })
  })

  test('a row of zeros stays one', async () => {
    const zeros = array(new Float32Array(64), { shape: [2, 32] })
    const file = await openSafetensors(written([['w', zeros]]))
    expect((await file.read('w')).data).toEqual(zeros.data)
  })

  test('hides no number that is too large for any scale, and none that is no number', async () => {
    const huge = array(new Float32Array(32).fill(1e9), { shape: [1, 32] })
    expect(() => written([['w', huge]])).toThrow(/65504/)
    const lost = array(new Float32Array(32).fill(Number.NaN), { shape: [1, 32] })
    const file = await openSafetensors(written([['w', lost]]))
    expect((await file.read('w')).at(0)).toBeNaN()
  })
})

describe('whole numbers in a file', () => {
  const open = (tensors: Record<string, ReturnType<typeof entry>>, bytes: number) => openSafetensors(fileOf(tensors, bytes))

  test('take one scale for all of them, too', async () => {
    const file = await open({ w: entry('I8', [2, 3], 0, 6), w_scale: entry('F16', [1], 6, 8) }, 8)
    expect(file.names).toEqual(['w'])
    expect((await file.read('w')).toNested()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  test.each([
    ['without a tensor of scales', { w: entry('I8', [2, 3], 0, 6) }, 6],
    ['with scales of another count', { w: entry('I8', [2, 3], 0, 6), w_scale: entry('F16', [3], 6, 12) }, 12],
    [
      'with offsets beside the scales',
      { w: entry('I8', [2, 3], 0, 6), w_scale: entry('F16', [2], 6, 10), w_zero_point: entry('I8', [2], 10, 12) },
      12,
    ],
    ['with scales that are whole numbers', { w: entry('I8', [2, 3], 0, 6), w_scale: entry('I8', [2], 6, 8) }, 8],
  ])('are what they are %s', async (_, tensors, bytes) => {
    const file = await open(tensors as Record<string, ReturnType<typeof entry>>, bytes)
    expect(file.names).toEqual(Object.keys(tensors))
    expect((await file.read('w')).dtype).toBe('int8')
  })
})

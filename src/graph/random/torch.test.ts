import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { NDArray } from '../ndarray.js'
import { type NoiseType, type TorchGenerator, torchGenerator } from './torch.js'

interface Call {
  method: 'randn' | 'rand' | 'randint' | 'randperm'
  args: (string | number[])[]
  dtype?: NoiseType | 'float64'
  values?: (number | string)[]
  sha256?: string
}

const fixture: { cases: { seed: string; calls: Call[] }[] } = JSON.parse(
  readFileSync(new URL('../../../tests/fixtures/random/torch-cpu.json', import.meta.url), 'utf8'),
)

function replay(generator: TorchGenerator, { method, args, dtype }: Call): NDArray | Float64Array {
  if (method === 'randperm') return generator.randperm(Number(args[0]))
  if (method === 'randint') return generator.randint(BigInt(String(args[0])), BigInt(String(args[1])), args[2] as number[])
  const shape = args[0] as number[]
  return dtype === 'float64' ? generator.rand64(shape[0] as number) : generator[method](shape, dtype ? { dtype } : {})
}

const describeCall = ({ method, args, dtype = 'float32' }: Call) =>
  `${method}(${args.map((arg) => (Array.isArray(arg) ? `[${arg}]` : arg)).join(', ')}${dtype === 'float32' ? '' : `, ${dtype}`})`

describe('torchGenerator() gives, bit for bit, what torch 2.13 gives', () => {
  const cases = fixture.cases.map(({ seed, calls }) => ({ seed, calls, name: calls.map(describeCall).join(', then ') }))
  test.each(cases)('from seed $seed: $name', ({ seed, calls }) => {
    const generator = torchGenerator(BigInt(seed))
    for (const call of calls) {
      const drawn = replay(generator, call)
      if (call.sha256) {
        const bytes = drawn instanceof Float64Array ? new Uint8Array(drawn.buffer) : drawn.bytes
        expect(createHash('sha256').update(bytes).digest('hex'), describeCall(call)).toBe(call.sha256)
      } else if (drawn instanceof Float64Array) expect([...drawn], describeCall(call)).toEqual(call.values)
      else if (drawn.dtype === 'int64') expect([...drawn.data].map(String), describeCall(call)).toEqual(call.values?.map(String))
      else expect([...drawn.cast('float32').data], describeCall(call)).toEqual(call.values)
    }
  })
})

test('torchGenerator() draws the latents that diffusers users know from seeds 0 and 42', () => {
  const sha256 = (seed: number) =>
    createHash('sha256')
      .update(torchGenerator(seed).randn([1, 4, 64, 64]).bytes)
      .digest('hex')
  expect(sha256(0)).toBe('24efac55b39e95b2d74d8fb5b3a8e8a8e808bd04129f260c4cdbb225bb952a4d')
  expect(sha256(42)).toBe('e97f3de04c7c6ba86354db4402b91d4402ede9c72aabed29a96dd7d635a798ba')
})

test('torchGenerator() takes a number and a bigint for the same seed', () => {
  expect(torchGenerator(-7).rand([4]).data).toEqual(torchGenerator(-7n).rand([4]).data)
})

test('torchGenerator() gives an empty array and an array without axes their due', () => {
  const generator = torchGenerator(0)
  expect(generator.randn([0, 3]).shape).toEqual([0, 3])
  expect(generator.randn([]).item()).toBe(torchGenerator(0).randn([1]).at(0))
})

test('torchGenerator() refuses seeds that torch refuses', () => {
  expect(() => torchGenerator(1.5)).toThrow('Cannot seed a torch generator with 1.5: torch takes whole numbers from -2^63 to 2^64 - 1')
  expect(() => torchGenerator(1n << 64n)).toThrow('Cannot seed a torch generator with 18446744073709551616')
  expect(() => torchGenerator(2 ** 60)).toThrow('as a bigint')
})

test('randint() refuses an empty range, fractions, and bounds beyond int64', () => {
  expect(() => torchGenerator(0).randint(3, 3, [1])).toThrow('Cannot draw int64 numbers from [3, 3): both are whole numbers that fit int64')
  expect(() => torchGenerator(0).randint(0, 1.5, [1])).toThrow('[0, 1.5)')
  expect(() => torchGenerator(0).randint(0, 1n << 63n, [1])).toThrow('[0, 9223372036854775808)')
})

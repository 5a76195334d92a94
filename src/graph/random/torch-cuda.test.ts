import { describe, expect, test } from 'vitest'
import { torchCudaGenerator } from './torch-cuda.js'

const fourDecimals = (numbers: Iterable<number>) => Array.from(numbers, (x) => Number(x.toFixed(4)))

describe('torchCudaGenerator() gives what torch.randn printed on GPUs', () => {
  test('for seed 0, in the docstring of the AUTOMATIC1111 web UI', () => {
    const published = [
      -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564, -0.62285122, -0.32838709, -1.07454231, -0.36314407,
      -1.67105067, 2.26550497,
    ]
    const drawn = torchCudaGenerator(0).randn([3, 4]).data
    published.forEach((value, i) => {
      expect(Math.abs((drawn[i] as number) - value)).toBeLessThan(2e-6)
    })
  })

  test('for seed 42 over six calls, in a report of a PyTorch user', () => {
    const generator = torchCudaGenerator(42)
    expect(Array.from({ length: 6 }, () => fourDecimals(generator.randn([4]).data))).toEqual([
      [0.194, 2.1614, -0.1721, 0.8491],
      [0.1391, -0.1082, -0.7174, 0.7566],
      [-0.5187, 1.2268, 0.6255, -0.9117],
      [-0.6974, -1.8688, -0.8832, -1.6627],
      [-1.2682, -0.0383, -0.1029, 1.44],
      [1.464, -0.3238, 0.774, 1.5892],
    ])
  })

  test('for a tensor beyond one wave of threads, in pytorch issue 158398', () => {
    const drawn = torchCudaGenerator(42, { multiprocessors: 28, threadsPerMultiprocessor: 1536 }).randn([64, 2048]).data
    const row = (i: number) =>
      fourDecimals([...drawn.subarray(i * 2048, i * 2048 + 3), ...drawn.subarray(i * 2048 + 2045, i * 2048 + 2048)])
    expect([0, 1, 2, 61, 62, 63].map(row)).toEqual([
      [0.194, 2.1614, -0.1721, 1.454, -2.7733, -0.8932],
      [-0.4574, 0.8063, 0.158, 0.1124, 0.2769, -1.2535],
      [1.1346, -0.6329, -0.9147, -1.0001, -1.1552, -0.6955],
      [-0.4861, 0.3358, 1.0578, -0.7282, 0.5087, 0.1318],
      [0.7881, 0.8339, -1.1424, -0.6297, -1.1112, -0.4091],
      [-1.2356, -0.4083, -0.4695, -0.4841, 1.285, -0.0282],
    ])
  })

  test.each([
    { gpu: 'A100', multiprocessors: 108, end: [0.1549, -0.6797, -0.1656] },
    { gpu: 'H100', multiprocessors: 132, end: [-0.697, -0.778, 0.3267] },
  ])('for 9.5 million numbers on $gpu, in pytorch issue 143086', ({ multiprocessors, end }) => {
    const drawn = torchCudaGenerator(1, { multiprocessors, threadsPerMultiprocessor: 2048 }).randn([1, 49 * 12 * 112 * 144]).data
    expect(fourDecimals(drawn.subarray(0, 3))).toEqual([-0.2963, 2.6764, -0.1408])
    expect(fourDecimals(drawn.subarray(-3))).toEqual(end)
  })
})

test('torchCudaGenerator() does not need to know the GPU below one wave of threads', () => {
  const device = { multiprocessors: 40, threadsPerMultiprocessor: 1024 }
  expect(torchCudaGenerator(7, device).randn([1, 4, 96, 96]).data).toEqual(torchCudaGenerator(7).randn([1, 4, 96, 96]).data)
})

test('torchCudaGenerator() draws half types as rounded float32 numbers, and uses all 64 bits of the seed', () => {
  expect(torchCudaGenerator(3).randn([8], { dtype: 'float16' }).data).toEqual(torchCudaGenerator(3).randn([8]).cast('float16').data)
  expect(torchCudaGenerator(3).randn([8]).data).not.toEqual(torchCudaGenerator(3n + (1n << 32n)).randn([8]).data)
})

test('torchCudaGenerator() refuses a GPU that could not run', () => {
  expect(() => torchCudaGenerator(0, { multiprocessors: 4, threadsPerMultiprocessor: 100 })).toThrow(
    'Cannot draw as a GPU of 4 multiprocessors with 100 threads each',
  )
})

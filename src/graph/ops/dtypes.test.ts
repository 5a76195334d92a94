import { beforeAll, describe, expect, test } from 'vitest'
import { families } from '../../../tests/support/op-rows/index.js'
import { expectNear, floats, knownTrials, outcomes, type Trial } from '../../../tests/support/op-table.js'
import { a as left, b as right, wholeNumbers } from '../../../tests/support/whole-numbers.js'
import { compile } from '../compile.js'
import { fill, type NDArray } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import * as ops from './index.js'

const { constant, gather, gatherElements, gatherNd, scatterNd } = ops

describe('float16', () => {
  const half = (x: NDArray): NDArray => (x.dtype === 'float32' ? x.cast('float16') : x)
  const trials = Object.values(families)
    .flat()
    .flatMap((row) => knownTrials(row).slice(0, 1))
    .filter(({ inputs }) => floats(inputs).length > 0)
    .map((trial): Trial => ({ ...trial, inputs: trial.inputs.map(half), upstream: trial.upstream.map((u) => u && half(u)) }))
  let found: Awaited<ReturnType<typeof outcomes>>
  beforeAll(async () => {
    found = await outcomes(trials, [({ inputs }) => inputs])
  })

  test.each(trials.map((trial, i) => [trial.row.name, i] as const))('%s() and its gradients take halves', (name, i) => {
    const [outcome, { wanted, inputs }] = [found[i], trials[i] as Trial]
    if (outcome instanceof Error) throw outcome
    wanted?.outputs.forEach((y, k) => {
      const type = outcome?.[0]?.outputs[k]?.dtype
      if (type === 'float16' || y.dtype !== 'float32') expectNear(outcome?.[0]?.outputs[k], half(y), `output ${k} of ${name}`, 1e-2)
    })
    const gradients = wanted?.gradients.filter((_, k) => inputs[k]?.dtype === 'float16') ?? []
    gradients.forEach((g, k) => {
      if (g) expectNear(outcome?.[0]?.slopes[k], half(g), `gradient ${k} of ${name}`, 1e-2)
    })
  })
})

describe.each(['int32', 'int64', 'uint8', 'int8'] as const)('%s', (dtype) => {
  const [a, b] = [left.cast(dtype), right.cast(dtype)]
  test('the operations on whole numbers give whole numbers', async () => {
    const able = Object.entries(wholeNumbers).filter(([, [, , not]]) => !not?.includes(dtype))
    const program = compile((a: Tensor, b: Tensor) => Object.fromEntries(able.map(([name, [run]]) => [name, run(a, b)])))
    const found = await program(a, b)
    for (const [name, [, wanted]] of able) expect([name, found[name]?.toNested()]).toEqual([name, wanted])
    await program.dispose()
  })

  test('operations without a kernel for the type say so while tracing', async () => {
    for (const [, [run, , not]] of Object.entries(wholeNumbers))
      if (not?.includes(dtype)) await expect(compile(run)(a, b)).rejects.toThrow(`elements are of type ${dtype}. Cast the tensor`)
  })
})

describe.each(['int32', 'int64', 'uint8', 'int8', 'bool', 'float16'] as const)('%s', (dtype) => {
  test('the operations that move elements take every type', async () => {
    const x = fill(dtype, [2, 3], (i) => i % 2)
    const rows = constant(fill('int64', [2], (i) => 1 - i))
    const flags = constant(fill('bool', [2, 3], (i) => (i % 3 === 0 ? 1 : 0)))
    const moves = (x: Tensor) => ({
      reshape: [
        x.reshape([3, 2]),
        [
          [0, 1],
          [0, 1],
          [0, 1],
        ],
      ],
      transpose: [
        x.transpose(),
        [
          [0, 1],
          [1, 0],
          [0, 1],
        ],
      ],
      expand: [
        x.expand([1, 2, 3]),
        [
          [
            [0, 1, 0],
            [1, 0, 1],
          ],
        ],
      ],
      slice: [
        x.slice(1, 1),
        [
          [1, 0],
          [0, 1],
        ],
      ],
      concat: [ops.concat([x.pick(0, 0), x.pick(0, 1)]), [0, 1, 0, 1, 0, 1]],
      split: [x.split(3, 1)[1] as Tensor, [[1], [0]]],
      flip: [
        ops.flip(x, 0),
        [
          [1, 0, 1],
          [0, 1, 0],
        ],
      ],
      roll: [
        ops.roll(x, 1, 1),
        [
          [0, 0, 1],
          [1, 1, 0],
        ],
      ],
      tile: [
        ops.tile(x, [1, 2]),
        [
          [0, 1, 0, 0, 1, 0],
          [1, 0, 1, 1, 0, 1],
        ],
      ],
      gather: [
        gather(x, rows),
        [
          [1, 0, 1],
          [0, 1, 0],
        ],
      ],
      gatherNd: [
        gatherNd(x, rows.unsqueeze(1)),
        [
          [1, 0, 1],
          [0, 1, 0],
        ],
      ],
      gatherElements: [gatherElements(x, rows.unsqueeze(1)), [[1], [1]]],
      scatterNd: [
        scatterNd(x, rows.slice(0, 0, 1).unsqueeze(1), x.slice(0, 0, 1)),
        [
          [0, 1, 0],
          [0, 1, 0],
        ],
      ],
      where: [
        ops.where(flags, x, ops.flip(x, 0)),
        [
          [0, 0, 1],
          [1, 1, 0],
        ],
      ],
      equal: [
        x.equal(ops.flip(x, 1)).cast(dtype),
        [
          [1, 1, 1],
          [1, 1, 1],
        ],
      ],
      max: [x.max(1), [1, 1]],
      triu: [
        ops.triu(x),
        [
          [0, 1, 0],
          [0, 0, 1],
        ],
      ],
    })
    const program = compile((x: Tensor) =>
      Object.fromEntries(Object.entries(moves(x)).map(([name, [y]]) => [name, (y as Tensor).cast('float32')])),
    )
    const wanted = moves(constant(x))
    for (const [name, found] of Object.entries(await program(x)))
      expect([name, found.toNested()]).toEqual([name, wanted[name as keyof typeof wanted][1]])
    await program.dispose()
  })
})

describe('bfloat16', () => {
  const stored = fill('bfloat16', [40, 2], (i) => i / 8)
  test('constants are stored in it, moved in it, and cast before arithmetic', async () => {
    const program = compile((x: Tensor) => {
      const weight = constant(stored)
      return [
        x.add(weight.cast('float32')),
        gather(weight, constant(fill('int64', [2], (i) => i + 1)))
          .cast('float32')
          .add(x.pick(0, 0)),
      ]
    })
    const [sum, rows] = await program(fill('float32', [40, 2], () => 1))
    expect(sum?.at(9)).toBe(1 + 9 / 8)
    expect(rows?.toNested()).toEqual([
      [1.25, 1.375],
      [1.5, 1.625],
    ])
    await program.dispose()
  })

  test('arithmetic in it is refused while tracing', () => {
    expect(() => constant(stored).add(1)).toThrow('Cannot add [40, 2] and []: their elements are of type bfloat16. Cast the tensors first')
    expect(() => constant(stored).matmul(constant(stored))).toThrow(
      'Cannot multiply [40, 2] by [40, 2]: their elements are of type bfloat16',
    )
  })
})

test('lift() refuses numbers that the element type cannot hold', () => {
  const x = constant(fill('uint8', [1], () => 1))
  expect(() => x.add(300)).toThrow("Cannot use 300 beside a tensor of uint8: it is outside that type's range")
  expect(() => x.add(-1)).toThrow('Cannot use -1 beside a tensor of uint8')
  expect(() => x.mul(0.5)).toThrow('Cannot use 0.5 beside a tensor of uint8: it is not a whole number. Cast the tensor to float32 first')
})

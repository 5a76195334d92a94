import { afterAll, describe, expect, test } from 'vitest'
import { expectNear } from '../../tests/support/op-table.js'
import { noise } from '../../tests/support/torch-cases.js'
import { compile, stateful } from './compile.js'
import { dividedBy, named, times } from './dimension.js'
import { gradients } from './gradients.js'
import { array, fill, type NDArray, scalar } from './ndarray.js'
import * as ops from './ops/index.js'
import type { Tensor } from './tensor.js'

const programs: { dispose(): Promise<void> }[] = []
afterAll(async () => {
  for (const program of programs) await program.dispose()
})

/** [batch, time, 6] with both sizes named, traced once, must give what a trace for each size gives. */
const functions: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor>> = {
  'reshape by sizes': (x) => x.reshape([times(x.shape[0] ?? 0, x.shape[1] ?? 0), 6]),
  'reshape with -1': (x) => x.reshape([-1, 2, 3]),
  'split into heads': (x) => x.reshape([x.shape[0] ?? 0, x.shape[1] ?? 0, 2, 3]).transpose([0, 2, 1, 3]),
  flatten: (x) => x.flatten(0, 1),
  expand: (x) => x.sum([0, 1], { keepDims: true }).expand(x.shape),
  'element-wise': (x, y) => x.mul(y).add(x.sum(0)),
  'softmax over time': (x) => x.softmax(1),
  attention: (x, y) => x.matmul(y, { transposeB: true }).softmax().matmul(y),
  'a product with a matrix': (x) => x.matmul(ops.constant(noise([6, 2], 5))),
  einsum: (x, y) => ops.einsum('btd,bsd->bts', x, y),
  slice: (x) => x.slice(1, 1).add(x.slice(1, 0, -1)),
  'the last step': (x) => x.pick(1, -1),
  'every second': (x) => x.slice(2, 0, undefined, 2),
  concat: (x, y) => ops.concat([x, y, x], 1),
  stack: (x, y) => ops.stack([x, y], 1),
  pad: (x) => ops.pad(x, 1, [2, 1]),
  flip: (x) => ops.flip(x, 1),
  tile: (x) => ops.tile(x, [2, 1, 3]),
  repeatInterleave: (x) => ops.repeatInterleave(x, 2, 1),
  range: (x) =>
    ops
      .range(x.shape[1] ?? 0)
      .cast('float32')
      .unsqueeze(1)
      .mul(x),
  sizeOf: (x) => x.div(ops.sizeOf(times(x.shape[0] ?? 0, 2), 'float32')),
  'half the size': (x) => ops.full([dividedBy(times(x.shape[1] ?? 0, 6), 4)], 1),
  'causal mask': (x, y) => ops.tril(x.matmul(y, { transposeB: true })),
  mean: (x) => x.mean(),
  'mean over time': (x) => x.mean(1),
  variance: (x) => x.variance([0, 1], { correction: 1 }),
  logSumExp: (x) => x.logSumExp([0, 1]),
  cumSum: (x) => x.cumSum(1),
  argMax: (x) => ops.argMax(x, 1),
  gather: (x) => ops.gather(x, ops.constant(array([0, 0], { dtype: 'int64' })), 1),
  gatherNd: (x) => ops.gatherNd(x, ops.constant(array([[0, 1]], { dtype: 'int64' }))),
  layerNormalise: (x) => ops.layerNormalise(x, ops.constant(noise([6], 2)), ops.constant(noise([6], 3))),
  rmsNormalise: (x) => ops.rmsNormalise(x, ops.constant(noise([6], 2))),
  groupNormalise: (x) => ops.groupNormalise(x.transpose(), 3, ops.constant(noise([6], 2)), ops.constant(noise([6], 3))),
  oneHot: (x) => ops.oneHot(ops.argMax(x), 6),
  crossEntropy: (x) => ops.crossEntropy(x, ops.argMax(x)),
}
const still = new Set(['half the size', 'argMax', 'oneHot'])

describe('compile() with named sizes:', () => {
  test('one trace serves every batch and length, gradients and second derivatives included', async () => {
    const names = Object.keys(functions)
    const all = (x: Tensor, y: Tensor) =>
      names.map((name) => {
        const result = (functions[name] as (typeof functions)[string])(x, y)
        if (still.has(name)) return [result]
        const [slope] = gradients(result.mul(result).sum(), [x]) as [Tensor]
        return [result, slope, ...gradients(slope.mul(slope).sum(), [x])]
      })
    const dynamic = compile(all, {
      dynamic: [
        ['batch', 'time', null],
        ['batch', 'time', null],
      ],
    })
    const statics = compile(all)
    programs.push(dynamic, statics)
    for (const [batch, time] of [
      [2, 4],
      [1, 2],
      [3, 5],
    ] as const) {
      const [x, y] = [noise([batch, time, 6], 1), noise([batch, time, 6], 2)]
      const [found, wanted] = [await dynamic(x, y), await statics(x, y)]
      for (const [i, name] of names.entries())
        for (const [k, array] of (wanted[i] ?? []).entries())
          expectNear(found[i]?.[k], array, `${name}, derivative ${k}, batch ${batch}, time ${time}`, 1e-5)
    }
    expect([dynamic.signatures, statics.signatures]).toEqual([1, 3])
  })

  test('an empty batch is a batch', async () => {
    const program = compile((x: Tensor) => [x.softmax(), x.sum(0), x.reshape([-1, 3])], { dynamic: [['batch', null]] })
    programs.push(program)
    expect((await program(fill('float32', [0, 6], () => 1))).map(({ shape }) => shape)).toEqual([[0, 6], [6], [0, 3]])
  })

  test('sizes that are not named stay part of the signature', async () => {
    const program = compile((x: Tensor) => x.mul(2), { dynamic: [['batch', null]] })
    programs.push(program)
    for (const shape of [
      [1, 2],
      [2, 2],
      [3, 4],
    ])
      await program(noise(shape))
    expect(program.signatures).toBe(2)
  })

  test('a state and its input share a name', async () => {
    const program = stateful((sum: Tensor, x: Tensor) => [sum.add(x.sum(0)), x.size(1)] as never, array([0, 0]), {
      dynamic: [undefined, ['batch', null]],
    })
    programs.push(program)
    for (const rows of [1, 3, 2]) await program.run(fill('float32', [rows, 2], () => 1) as never)
    expect(((await program.read()) as unknown as NDArray).toNested()).toEqual([6, 6])
    expect(program.signatures).toBe(1)
  })

  test('every array of a tree has the axes that its argument names', async () => {
    const program = stateful(
      ({ a, b }: { a: Tensor; b: Tensor }, x: Tensor) => [{ a: a.add(x), b: b.sub(x) }, a.mul(b)] as const,
      { a: array([1, 2]), b: array([3, 4]) },
      { dynamic: [{ each: ['width'] }, ['width']] },
    )
    programs.push(program)
    await program.run(array([1, 1]))
    expect((await program.run(array([1, 1]))).toNested()).toEqual([4, 9])
    await program.write({ a: array([1, 2, 3]), b: array([1, 1, 1]) })
    expect((await program.run(array([1, 1, 1]))).toNested()).toEqual([1, 2, 3])
    expect(program.signatures).toBe(1)
  })

  test('an array inside a list is no argument of its own', async () => {
    const program = compile(([x]: readonly [Tensor], y: Tensor) => x.add(y), { dynamic: [['a'], ['a']] })
    programs.push(program)
    expect(await program([array([1, 2])], array([1, 2])).catch((error: Error) => error.message)).toBe(
      'Cannot add [2] and [a] at "0": sizes 2 and a at axis -1 differ and neither is 1',
    )
  })
})

describe('compile() with wrong sizes:', () => {
  const run = (fn: (x: Tensor, y: Tensor) => Tensor, dynamic: readonly (readonly (string | null)[])[], x: NDArray, y: NDArray) =>
    compile(fn, { dynamic })(x, y)

  test('two sizes of one name must agree', async () => {
    await expect(run((x, y) => x.add(y), [['batch'], ['batch']], array([1, 2]), array([1, 2, 3]))).rejects.toThrow(
      'Cannot give the size "batch" two values: it is 2 in argument 0 and 3 in argument 1. Use two names where the sizes may differ',
    )
  })

  test('two names are two sizes, even when they are equal today', async () => {
    await expect(run((x, y) => x.add(y), [['rows'], ['columns']], array([1, 2]), array([1, 2]))).rejects.toThrow(
      'Cannot add [rows] and [columns]: sizes rows and columns at axis -1 differ and neither is 1',
    )
  })

  test('every axis needs a name or null', async () => {
    await expect(run((x) => x, [['batch']], array([[1]]), scalar(1))).rejects.toThrow(
      'Cannot name the sizes of argument 0: 1 names are given, the array has 2 axes',
    )
  })

  test('a named size is no number while tracing', async () => {
    const first = run((x) => x.mul(x.size(0)), [['batch']], array([1]), scalar(1))
    await expect(first).rejects.toThrow(
      'Cannot read the size of [batch]: axis 0 is the named size "batch", which has no number while tracing. Trace with a static shape, or keep the size as tensor.shape gives it',
    )
    const second = run((x) => x.mul((x.shape[0] as number) * 2), [['batch']], array([1]), scalar(1))
    await expect(second).rejects.toThrow(
      'Cannot do plain arithmetic with the named size "batch": its value is known only at run time. Use times(), plus() and dividedBy() from genera/graph, or trace with a static shape',
    )
  })

  test('a name must be on an input', async () => {
    await expect(run((x) => x.add(ops.full([named('elsewhere')], 1)), [[null]], array([1]), scalar(1))).rejects.toThrow(
      'The named size "elsewhere" is on no input of the program, so it cannot be computed',
    )
  })
})

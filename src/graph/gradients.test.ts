import { describe, expect, test } from 'vitest'
import { expectNear } from '../../tests/support/op-table.js'
import { noise } from '../../tests/support/torch-cases.js'
import { compile } from './compile.js'
import { grad, gradients, valueAndGrad } from './gradients.js'
import { array, type NDArray, scalar } from './ndarray.js'
import * as ops from './ops/index.js'
import type { Tensor } from './tensor.js'

const evaluate = async (fn: (x: Tensor) => readonly Tensor[], x: NDArray): Promise<unknown[]> => {
  const program = compile(fn)
  const found = await program(x)
  await program.dispose()
  return found.map((y) => y.toNested())
}

describe('gradients', () => {
  test('gradients() adds up what arrives by several ways', async () => {
    expect(await evaluate((x) => gradients(x.mul(x).add(x.mul(3)).sum(), [x]), array([1, 2]))).toEqual([[5, 7]])
  })

  test('gradients() sums over stretched axes', async () => {
    const fn = (x: Tensor): Tensor[] => {
      const [row, one] = [x.slice(0, 0, 1), x.pick(0, 1).pick(0, 0)]
      return gradients(row.expand([4, 2]).mul(one).sum(), [row, one])
    }
    expect(
      await evaluate(
        fn,
        array([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual([[[12, 12]], 12])
  })

  test('gradients() is zero where nothing arrives', async () => {
    const fn = (x: Tensor): Tensor[] => {
      const away = x.mul(2)
      return gradients(x.sum(), [away, ops.floor(x), ops.argMax(x).cast('float32')])
    }
    expect(await evaluate(fn, array([1, 2]))).toEqual([[0, 0], [0, 0], 0])
  })

  test('gradients() takes any tensor with an upstream gradient', async () => {
    expect(await evaluate((x) => gradients(x.mul(x), [x], x.mul(10)), array([1, 2]))).toEqual([[20, 80]])
  })

  test('gradients() of a tensor in itself is the upstream gradient', async () => {
    expect(await evaluate((x) => gradients(x, [x], x.mul(5)), array([1, 2]))).toEqual([[5, 10]])
  })

  test('gradients() ends at the tensors that it is asked for', async () => {
    const fn = (x: Tensor): Tensor[] => {
      const inner = x.mul(x)
      return gradients(inner.mul(3).sum(), [inner, x])
    }
    expect(await evaluate(fn, array([1, 2]))).toEqual([
      [3, 3],
      [0, 0],
    ])
  })

  test('gradients() stops where it is told to', async () => {
    expect(await evaluate((x) => gradients(x.mul(x.stopGradient()).sum(), [x]), array([3, 4]))).toEqual([[3, 4]])
  })

  test('gradients() passes an estimate straight through', async () => {
    const fn = (x: Tensor): Tensor[] => {
      const y = ops.straightThrough(ops.round(x), x)
      return [y, ...gradients(y.mul(y).sum(), [x])]
    }
    expect(await evaluate(fn, array([1.4, 2.6]))).toEqual([
      [1, 3],
      [2, 6],
    ])
  })

  test('gradients() asks a custom rule, which may be differentiated in its turn', async () => {
    const cube = (x: Tensor): Tensor =>
      ops.customGradient(
        [x],
        (a) => (a as Tensor).pow(3),
        (g, [a]) => [(a as Tensor).square().mul(3).mul(g)],
      )
    const fn = (x: Tensor): Tensor[] => {
      const [first] = gradients(cube(x).sum(), [x]) as [Tensor]
      return [first, ...gradients(first.sum(), [x])]
    }
    expect(await evaluate(fn, array([1, 2]))).toEqual([
      [3, 12],
      [6, 12],
    ])
  })

  test('gradients() of a maximum are shared at a tie', async () => {
    expect(await evaluate((x) => gradients(x.max(), [x]), array([1, 3, 3]))).toEqual([[0, 0.5, 0.5]])
    expect(await evaluate((x) => gradients(ops.maximum(x, 3).sum(), [x]), array([1, 3, 4]))).toEqual([[0, 0.5, 1]])
  })

  test('gradients() of a product are right where factors are zero', async () => {
    expect(await evaluate((x) => gradients(x.prod(), [x]), array([2, 0, 3]))).toEqual([[0, 6, 0]])
    expect(await evaluate((x) => gradients(x.prod(), [x]), array([0, 0, 3]))).toEqual([[0, 0, 0]])
  })

  test('gradients() of powers are finite at zero', async () => {
    const powers = [0, 1, 2, 3].map((power) => (x: Tensor) => gradients(x.pow(power).sum(), [x])[0] as Tensor)
    expect(await evaluate((x) => powers.map((slope) => slope(x)), array([0, 2]))).toEqual([
      [0, 0],
      [1, 1],
      [0, 4],
      [0, 12],
    ])
  })

  test('gradients() may be taken five times', async () => {
    const fn = (x: Tensor): Tensor[] => {
      let y = x.pow(5).sum()
      for (let i = 0; i < 5; i++) y = (gradients(y, [x])[0] as Tensor).sum()
      return [y]
    }
    expect(await evaluate(fn, array([1.5, 2]))).toEqual([240])
  })

  test('gradients() of a chain of 5,000 nodes needs no deep stack', async () => {
    const fn = (x: Tensor): Tensor[] => {
      let y = x
      for (let i = 0; i < 5000; i++) y = i % 2 === 0 ? y.add(1) : y.sub(1)
      return gradients(y.sum(), [x])
    }
    expect(await evaluate(fn, array([1, 2]))).toEqual([[1, 1]])
  })
})

describe('grad and valueAndGrad', () => {
  const loss = ({ w, b }: { w: Tensor; b: readonly Tensor[] }, x: Tensor): Tensor =>
    x
      .matmul(w)
      .add(b[0] as Tensor)
      .square()
      .sum()
  const parameters = { w: array([[1], [2]]), b: [scalar(3)] }

  test('grad() returns a tree like its first argument', async () => {
    const program = compile(grad(loss))
    const { w, b } = await program(parameters, array([[1, 1]]))
    expect([w.toNested(), b[0]?.toNested()]).toEqual([[[12], [12]], 12])
    await program.dispose()
  })

  test('valueAndGrad() returns the value, and extras beside it', async () => {
    const program = compile(valueAndGrad((p: { w: Tensor; b: readonly Tensor[] }, x: Tensor) => [loss(p, x), { rows: x.sum(0) }] as const))
    const {
      value: [value, { rows }],
      gradients: found,
    } = await program(parameters, array([[1, 1]]))
    expect([value.item(), rows.toNested(), found.w.toNested()]).toEqual([36, [1, 1], [[12], [12]]])
    await program.dispose()
  })
})

test('gradients() through composite operations are the same fused and in parts', async () => {
  const model = (x: Tensor, scale: Tensor) => {
    const y = ops.silu(ops.rmsNormalise(ops.geluTanh(x), scale))
    return [y, ...gradients(y.square().sum(), [x, scale])]
  }
  const [fused, plain] = [compile(model), compile(model, { fuse: false })]
  const inputs = [noise([3, 8], 1), noise([8], 2)] as const
  const [found, wanted] = [await fused(...inputs), await plain(...inputs)]
  wanted.forEach((array, i) => void expectNear(found[i], array, `result ${i}`, 1e-5))
  await fused.dispose()
  await plain.dispose()
})

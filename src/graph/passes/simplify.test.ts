import { describe, expect, test } from 'vitest'
import { onnxNodes } from '../../../tests/support/traced.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { array, fill, zeros } from '../ndarray.js'
import * as ops from '../ops/index.js'
import type { Tensor } from '../tensor.js'

describe('simplify', () => {
  test('simplify() drops what nobody reads', () => {
    const lost = (x: Tensor): Tensor => {
      x.exp().sum().log()
      return x.sin()
    }
    expect(onnxNodes(lost as never, [[3]])).toEqual(['Sin'])
  })

  test('simplify() computes the same thing once', () => {
    const twice = (x: Tensor, y: Tensor): Tensor => x.exp().mul(y).sub(x.exp().mul(y).sin())
    expect(onnxNodes(twice as never, [[3], [3]])).toEqual(['Exp', 'Mul', 'Sin', 'Sub'])
    const constants = (x: Tensor): Tensor => x.add(array([1, 2, 3])).mul(x.add(array([1, 2, 3])))
    expect(onnxNodes(constants as never, [[3]])).toEqual(['Add', 'Mul'])
    const large = zeros([100])
    expect(onnxNodes(((x: Tensor) => x.add(large).mul(x.add(large))) as never, [[100]])).toEqual(['Add', 'Mul'])
  })

  test('simplify() keeps nodes apart whose attributes differ', async () => {
    const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number
    const borders = compile((x: Tensor) =>
      [POSITIVE_INFINITY, NEGATIVE_INFINITY, Number.NaN, 0, 1].map((value) => ops.pad(x, 0, [1, 0], value)),
    )
    const found = await borders(array([5]))
    expect(found.map((y) => y.at(0))).toEqual([POSITIVE_INFINITY, NEGATIVE_INFINITY, Number.NaN, 0, 1])
    expect(onnxNodes(((x: Tensor) => x.sum(0).add(x.sum(1))) as never, [[3, 3]])).toHaveLength(5)
    await borders.dispose()
  })

  test('simplify() folds arithmetic of small constants', () => {
    const folded = (x: Tensor): Tensor => {
      const two = ops
        .constant(array([1, 2]))
        .mul(3)
        .add(1)
        .exp()
        .neg()
      return x.add(two.sub(two.mul(0.5)))
    }
    expect(onnxNodes(folded as never, [[2]])).toEqual(['Add'])
  })

  test('simplify() leaves alone what would make large constants', () => {
    const outer = (x: Tensor): Tensor =>
      x.add(
        ops
          .constant(zeros([2000, 1]))
          .add(ops.constant(zeros([1, 2000])))
          .sum(),
      )
    expect(onnxNodes(outer as never, [[1]])[0]).toBe('Add')
  })

  test('simplify() folds integers that a double cannot hold into nothing wrong', async () => {
    const big = fill('int64', [1], () => 2 ** 53)
    const program = compile((x: Tensor) => x.add(ops.constant(big).mul(ops.constant(fill('int64', [1], () => 3)))))
    expect((await program(fill('int64', [1], () => 1))).data[0]).toBe(3n * 2n ** 53n + 1n)
    await program.dispose()
  })
})

describe('identities', () => {
  const remains = (fn: (x: Tensor, y: Tensor) => Tensor): string[] => onnxNodes(fn as never, [[2, 3], [3]])
  const none = ['Identity'] // an input handed out

  test.each<[string, (x: Tensor, y: Tensor) => Tensor, string[]]>([
    ['x + 0', (x) => x.add(0), none],
    ['0 + x', (x) => ops.add(0, x), none],
    ['x - 0', (x) => x.sub(0), none],
    ['0 - x', (x) => ops.sub(0, x), ['Sub']],
    ['x · 1', (x) => x.mul(1), none],
    ['x / 1', (x) => x.div(1), none],
    ['x · 0, which is NaN for infinity', (x) => x.mul(0), ['Mul']],
    ['-(-x)', (x) => x.neg().neg(), none],
    [
      '0 + y stretched over x',
      (x, y) =>
        x
          .mul(1)
          .add(ops.full([2, 3], 0))
          .add(y),
      ['Add'],
    ],
    ['y + 0, where the zeros stretch y', (_, y) => y.add(ops.constant(zeros([1, 1]))), ['Add']],
    ['a reshape of a reshape', (x) => x.reshape([6]).reshape([3, 2]), ['Reshape']],
    ['a reshape and back', (x) => x.reshape([6]).reshape([2, 3]), none],
    ['a transpose and back', (x) => x.transpose().transpose(), none],
    ['a transpose that moves nothing but 1', (_, y) => y.unsqueeze(0).transpose(), ['Reshape']],
    ['a cast to the same type', (x) => x.cast('float32'), none],
    ['a stopped gradient', (x) => x.stopGradient(), none],
    ['a slice of everything', (x) => x.slice(0), none],
  ])('identities() sees through %s', (_, fn, wanted) => {
    expect(remains(fn)).toEqual(wanted)
  })

  test('identities() folds transposes into products', async () => {
    const fold = (fn: (a: Tensor, b: Tensor) => Tensor, ...shapes: number[][]): string[] => onnxNodes(fn as never, shapes)
    expect(fold((a, b) => a.transpose().matmul(b.transpose()), [3, 2], [4, 3])).toEqual(['Gemm'])
    expect(fold((a, b) => a.matmul(b.transpose()), [5, 2, 3], [5, 4, 3])).toEqual(['FusedMatMul'])
    expect(fold((a, b) => a.transpose([0, 2, 1]).matmul(b, { transposeA: true }), [5, 2, 3], [5, 3, 4])).toEqual(['MatMul'])
    const heads = (a: Tensor, b: Tensor): Tensor => a.transpose([1, 0, 2]).matmul(b)
    expect(fold(heads, [2, 5, 3], [5, 3, 4])).toEqual(['Transpose', 'MatMul'])
  })

  test('identities() leaves no transpose in the gradient of a linear layer', () => {
    const slopes = (x: Tensor, w: Tensor): Tensor[] => gradients(x.matmul(w, { transposeB: true }).square().sum(), [x, w])
    expect(
      onnxNodes(slopes as never, [
        [8, 3],
        [4, 3],
      ]),
    ).not.toContain('Transpose')
  })
})

describe('dissolve', () => {
  test('executionOrder() keeps a composite operation whole in a forward pass', () => {
    const forward = (x: Tensor, s: Tensor): Tensor => ops.gelu(ops.rmsNormalise(x, s))
    expect(onnxNodes(forward as never, [[2, 3], [3]])).toEqual(['SimplifiedLayerNormalization', 'Gelu'])
  })

  test('executionOrder() dissolves it where a gradient goes through its parts, and computes nothing twice', () => {
    const both = (x: Tensor, s: Tensor) => {
      const y = ops.rmsNormalise(x, s)
      return [y, ...gradients(y.sin().sum(), [x])]
    }
    const nodes = onnxNodes(both as never, [[2, 3], [3]])
    expect(nodes).not.toContain('SimplifiedLayerNormalization')
    expect(nodes.filter((type) => type === 'Sqrt')).toHaveLength(1)
  })

  test('executionOrder() keeps it whole where the gradient has a rule of its own', () => {
    const both = (x: Tensor) => {
      const y = ops.gelu(x)
      return [y, ...gradients(y.sum(), [x])]
    }
    expect(onnxNodes(both as never, [[2, 3]]).filter((type) => type === 'Gelu')).toHaveLength(1)
  })

  test('executionOrder() dissolves everything without fused kernels', () => {
    const forward = (x: Tensor, s: Tensor): Tensor => ops.silu(ops.rmsNormalise(x, s))
    const nodes = onnxNodes(forward as never, [[2, 3], [3]], { fuse: false })
    expect(nodes).not.toContain('QuickGelu')
    expect(nodes).toContain('Sigmoid')
  })
})

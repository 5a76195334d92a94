import { describe, expect, test } from 'vitest'
import { expectClose, expectCurvature, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { array, fill } from '../ndarray.js'
import type { Target } from '../node.js'
import { callShape, traceProgram } from '../program.js'
import type { Tensor } from '../tensor.js'
import { type AttentionOptions, scaledDotProductAttention } from './attention.js'
import { placeholder } from './constant.js'

describe.each([true, false])('with fuse: %s', (fuse) => {
  test.each(torchCases<AttentionOptions>('attention').map((one) => [one.name, one] as const))(
    'scaledDotProductAttention() and its gradients equal PyTorch: %s',
    async (_, one) => {
      await expectTorch(
        one,
        ({ q, k, v, mask }) => scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor, { ...one.options, mask }),
        { fuse },
      )
    },
  )
})

describe('scaledDotProductAttention() without the kernel gives the same', () => {
  const options: AttentionOptions[] = [{}, { causal: true }]
  test.each(options)('over 1024 tokens in blocks: %o', async (options) => {
    const [q, k, v] = [noise([1, 2, 1024, 16], 1), noise([1, 2, 1024, 16], 2), noise([1, 2, 1024, 16], 3)]
    const attend = (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v, options)
    expectClose(await compile(attend)(q, k, v), await compile(attend, { fuse: false })(q, k, v))
  })

  test('over so many scores that the queries come in slices, of unequal lengths', async () => {
    const [q, k, v] = [noise([1, 8, 1501, 8], 1), noise([1, 8, 1499, 8], 2), noise([1, 8, 1499, 8], 3)]
    const attend = (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v)
    const { model } = traceProgram(attend, callShape([q, k, v]), { device: 'cpu', fuse: true })
    expect(model.size).toBe(2 + 2) // two slices, their split and their concatenation
    expectClose(await compile(attend)(q, k, v), await compile(attend, { fuse: false })(q, k, v))
  })

  test.each([{ causal: true }, { causal: false }])('where a query may look nowhere, it gives zeros: %o', async (options) => {
    const mask = array([[[[false, true, true]]], [[[false, false, false]]]], { dtype: 'bool' }) // [batch, 1, 1, keys]
    const [q, k, v] = [noise([2, 1, 3, 4], 1), noise([2, 1, 3, 4], 2), noise([2, 1, 3, 4], 3)]
    const attend = (q: Tensor, k: Tensor, v: Tensor, m: Tensor) => scaledDotProductAttention(q, k, v, { mask: m, ...options })
    const [found, wanted] = [await compile(attend)(q, k, v, mask), await compile(attend, { fuse: false })(q, k, v, mask)]
    expectClose(found, wanted)
    expect(found.data.slice(12)).toEqual(new Float32Array(12))
    expect(found.at(11)).not.toBe(0)
  })
})

test('scaledDotProductAttention() runs with named batch and tokens', async () => {
  const attend = (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v, { causal: true })
  const [q, k, v] = [noise([2, 4, 5, 8], 1), noise([2, 2, 5, 8], 2), noise([2, 2, 5, 8], 3)]
  const wanted = await compile(attend)(q, k, v)
  const names = ['batch', null, 'tokens', null]
  for (const fuse of [true, false]) expectClose(await compile(attend, { fuse, dynamic: [names, names, names] })(q, k, v), wanted)
})

test('scaledDotProductAttention() of nothing is nothing, and of no keys zeros', async () => {
  const attend = compile((q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v))
  const of = (tokens: number) => noise([1, 2, tokens, 4])
  expect((await attend(of(0), of(3), of(3))).shape).toEqual([1, 2, 0, 4])
  expectClose(
    await attend(of(3), of(0), of(0)),
    fill('float32', [1, 2, 3, 4], () => 0),
  )
})

test('scaledDotProductAttention() can be differentiated twice', async () => {
  await expectCurvature(
    (q, k, v) => scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor, { causal: true }),
    [noise([1, 2, 3, 4], 1), noise([1, 2, 3, 4], 2), noise([1, 2, 3, 4], 3)],
  )
})

test('scaledDotProductAttention() is one kernel unless a gradient goes through it', () => {
  const call = callShape([noise([1, 2, 8, 4]), noise([1, 2, 8, 4]), noise([1, 2, 8, 4])])
  const target: Target = { device: 'cpu', fuse: true }
  const attend = (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v)
  expect(traceProgram(attend, call, target).model.size).toBe(1)
  const slopes = (q: Tensor, k: Tensor, v: Tensor) => gradients(attend(q, k, v).sum(), [q, k, v])
  expect(traceProgram(slopes, call, target).model.size).toBeGreaterThan(5)
})

test('scaledDotProductAttention() says which sides do not fit', () => {
  const x = placeholder([2, 4, 5, 8])
  expect(() => scaledDotProductAttention(x, placeholder([2, 3, 5, 8]), placeholder([2, 3, 5, 8]))).toThrow(
    'the heads of the queries must be a multiple of those of the keys and values',
  )
  expect(() => scaledDotProductAttention(x, x, x, { mask: placeholder([3, 5]) })).toThrow(
    /Cannot attend over \[2, 4, 5, 8\].*sizes 3 and 5 at axis -2/,
  )
  expect(() => scaledDotProductAttention(x, placeholder([2, 4, 5, 6]), x)).toThrow('the queries have width 8, the keys 6')
})

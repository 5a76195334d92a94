import { expect, test } from 'vitest'
import { gradients } from '../gradients.js'
import { gelu, layerNormalise, placeholder, where } from '../ops/index.js'
import type { Tensor } from '../tensor.js'
import { inPlacePairs } from './in-place.js'

const state = (): Tensor => placeholder([4, 4])

test('inPlacePairs() lets a training step write parameters and moments in place', () => {
  const [weight, moment, x] = [state(), state(), state()]
  const [slope] = gradients(x.matmul(weight).square().sum(), [weight]) as [Tensor]
  const next = moment.mul(0.9).add(slope.mul(0.1))
  expect(inPlacePairs([weight, moment, x], [weight.sub(next.mul(0.01)), next, x.sum()], 2)).toEqual([true, true])
})

test.each<[string, (x: Tensor, y: Tensor) => Tensor[], boolean]>([
  ['one element-wise step', (x) => [x.add(1)], true],
  ['several element-wise steps', (x, y) => [x.mul(2).add(x.mul(y))], true],
  ['a choice', (x, y) => [where(y.less(0), x, y)], true],
  ['a value that nothing reads but its own result', (x) => [x.add(x)], true],
  ['the old value handed out as well', (x) => [x.add(1), x], false],
  ['the old value handed out under another shape', (x) => [x.add(1), x.reshape([16])], false],
  ['a reader beside the result', (x) => [x.add(1), x.sum()], false],
  ['a reader before the result', (x) => [x.add(x.sum())], true],
  [
    'a view read by the last step',
    (x, y) => [y.add(x.reshape([16]).reshape([2, 8]).reshape([4, 4])).add(x.reshape([4, 2, 2]).sum([1, 2]))],
    true,
  ],
  ['a product as the last step', (x, y) => [x.matmul(y)], false],
  ['a normalisation as the last step', (x, y) => [layerNormalise(x, y.pick(0, 0), y.pick(0, 1))], false],
  ['a kernel that reads its input twice', (x) => [gelu(x)], false],
  ['another shape', (x) => [x.slice(0, 1).add(1)], false],
  ['another element type', (x) => [x.cast('int32')], false],
  ['another input handed on', (_, y) => [y], false],
])('inPlacePairs() decides about %s', (_, program, wanted) => {
  const [x, y] = [state(), state()]
  expect(inPlacePairs([x, y], program(x, y), 1)).toEqual([wanted])
})

test('inPlacePairs() gives one place to one result', () => {
  const [x, y] = [state(), state()]
  const next = x.add(y)
  expect(inPlacePairs([x, y], [next, next], 2)).toEqual([true, false])
})

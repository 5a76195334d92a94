import { describe, expect, test } from 'vitest'
import { axes } from './axes.js'
import { dtypes } from './dtype.js'
import { ShapeError } from './errors.js'
import { gradients } from './gradients.js'
import { array } from './ndarray.js'
import * as ops from './ops/index.js'
import type { Tensor } from './tensor.js'

const given = (...shape: number[]): Tensor => ops.placeholder(shape)
const integers = (...shape: number[]): Tensor => ops.placeholder(shape, 'int64')
/** A parameter as a scope hands it out. */
const parameter = (where: string, ...shape: number[]): Tensor => ops.placeholder(shape, 'float32', { where })

const sentences: Readonly<Record<string, readonly [() => unknown, string]>> = {
  'a product whose sides do not fit': [
    () => given(2, 77, 768).matmul(parameter('down_blocks.0.attn2.to_k', 320, 1024), { transposeB: true }),
    'Cannot multiply [2, 77, 768] by [1024, 320] at "down_blocks.0.attn2.to_k": the left side gives 768 features, the right side reads 1024',
  ],
  'a sum that does not broadcast': [
    () => given(2, 3).add(parameter('fc1.bias', 4)),
    'Cannot add [2, 3] and [4] at "fc1.bias": sizes 3 and 4 at axis -1 differ and neither is 1',
  ],
  'two element types': [
    () => given(2).mul(integers(2)),
    "Cannot multiply [2] by [2]: their element types differ: float32 and int64. Cast one of them, for example with .cast('float32')",
  ],
  'a condition of numbers': [
    () => ops.where(given(2), given(2), 0),
    'Cannot choose by [2] between [2] and []: the condition holds float32, not bool. Compare it with something first',
  ],
  'a reshape that loses elements': [() => given(2, 3).reshape([4]), 'Cannot reshape [2, 3]: [4] holds 4 elements, the tensor has 6'],
  'a reshape that does not divide': [
    () => given(2, 3).reshape([4, -1]),
    'Cannot reshape [2, 3]: its 6 elements do not divide into [4, -1]',
  ],
  'a reshape of two unknowns': [
    () => given(2, 3).reshape([-1, -1]),
    'Cannot reshape [2, 3]: [-1, -1] is no shape: sizes are whole numbers from 0 up, and one may be -1',
  ],
  'an order that names an axis twice': [
    () => parameter('conv1.weight', 2, 3).transpose([0, 0]),
    'Cannot transpose [2, 3] at "conv1.weight": [0, 0] does not name each of its 2 axes once',
  ],
  'an axis that is not there': [() => given(2, 3).sum(2), 'Cannot sum [2, 3]: axis 2 is outside a tensor of 2 axes'],
  'a new axis too far out': [() => given(2, 3).unsqueeze(4), 'Cannot unsqueeze [2, 3]: the new axis 4 has no place among 2'],
  'an axis that is not 1': [() => given(2, 3).squeeze(1), 'Cannot squeeze [2, 3]: axis 1 has size 3, not 1'],
  'a stretch of an axis that is not 1': [
    () => given(2, 3).expand([4, 3]),
    'Cannot expand [2, 3]: it does not stretch to [4, 3]: only axes of size 1 do',
  ],
  'a split with a rest': [() => given(2, 7).split(2), 'Cannot split [2, 7]: axis -1 of size 7 does not divide into 2 equal parts'],
  'a join of rows of different lengths': [
    () => ops.concat([given(2, 3), given(2, 4)]),
    'Cannot join [2, 3] and [2, 4]: they differ outside axis 0',
  ],
  'a slice that goes backwards': [
    () => given(4).slice(0, 0, 4, -1),
    'Cannot slice [4]: the step is -1. Take a whole number from 1 up; flip() runs backwards',
  ],
  'a mirror longer than the axis': [
    () => ops.pad(given(3), 0, [3, 0], 0, 'reflect'),
    'Cannot pad [3]: mode reflect reaches 3 elements out, the axis holds 3',
  ],
  'indices that are no integers': [
    () => ops.embedding(parameter('wte.weight', 10, 4), given(2)),
    'Cannot gather from [10, 4] at [2] at "wte.weight": the indices hold float32. Cast them to \'int64\'',
  ],
  'updates of another shape': [
    () => ops.scatterNd(given(4, 2), integers(3, 1), given(3, 1)),
    'Cannot scatter into [4, 2] at [3, 1] the updates [3, 1]: the updates must have shape [3, 2], they have [3, 1]',
  ],
  'more elements than there are': [
    () => ops.topK(given(2, 3), 4),
    'Cannot take the top elements of [2, 3]: 4 elements are asked for along axis 1, which holds 3',
  ],
  'the largest of nothing': [() => ops.argMax(given(2, 0)), 'Cannot find the maximum of [2, 0]: axis 1 is empty'],
  'a mean of integers': [() => integers(3).mean(), 'Cannot average [3]: its elements are of type int64. Cast the tensor first'],
  'a norm of another width': [
    () => ops.layerNormalise(given(2, 8), parameter('ln.weight', 4), parameter('ln.bias', 4)),
    'Cannot normalise [2, 8] with the scale [4] and the bias [4] at "ln.bias": the scale and the bias must have the size of the last axis, 8',
  ],
  'groups that do not divide the channels': [
    () => ops.groupNormalise(given(1, 6, 4), 4, given(6), given(6)),
    'Cannot normalise [1, 6, 4] with the scale [6] and the bias [6]: 6 channels do not divide into 4 groups',
  ],
  'labels for other rows': [
    () => ops.crossEntropy(given(4, 10), integers(5)),
    'Cannot compare the logits [4, 10] with the labels [5]: there must be one label for each row of logits',
  ],
  'an equation for other tensors': [
    () => ops.einsum('ij,jk->ik', given(2, 3), given(4, 5)),
    'Cannot contract "ij,jk->ik" over [2, 3] and [4, 5]: "j" stands for 3 and for 4',
  ],
  'axes that are counted wrongly': [
    () => axes(given(2, 3), 'batch time width'),
    'Cannot read the axes "batch time width" of [2, 3]: 3 axes are named, the tensor has 2',
  ],
  'the gradient of many numbers': [
    () => gradients(given(2, 3), []),
    'Cannot take the gradient of a tensor of shape [2, 3]: a loss is one number. Take its mean() or sum(), or pass the upstream gradient',
  ],
  'the gradient of a count': [
    () => gradients(integers(), []),
    'Cannot take the gradient of a tensor of int64. Only floating-point losses have one',
  ],
  'an upstream gradient of another shape': [
    () => gradients(given(2, 3), [], given(3)),
    'Cannot pull a gradient of shape [3] back through a tensor of shape [2, 3]. The upstream gradient has the shape of the tensor that it arrives at',
  ],
}

test.each(Object.entries(sentences))('ShapeError names what does not fit: %s', (_, [mistake, sentence]) => {
  let found: unknown
  try {
    mistake()
  } catch (error) {
    found = error
  }
  expect((found as Error | undefined)?.message).toBe(sentence)
})

test('ShapeError carries its parts', () => {
  const error = (() => {
    try {
      return given(2, 3).matmul(given(4, 5))
    } catch (error) {
      return error
    }
  })()
  expect(error).toBeInstanceOf(ShapeError)
  expect((error as ShapeError).parts).toMatchObject({
    shapes: [
      [2, 3],
      [4, 5],
    ],
    where: undefined,
  })
  expect((error as ShapeError).code).toBe('shape')
})

describe('where', () => {
  const where = (fn: () => unknown): string | undefined => {
    try {
      fn()
      return undefined
    } catch (error) {
      return (error as ShapeError).parts.where
    }
  }
  const first = parameter('layers.0.weight', 4, 4)
  const second = parameter('layers.1.weight', 8, 8)

  test('where is the nearest parameter, also when all parameters were made before the program', () => {
    const hidden = given(2, 4).matmul(first).add(parameter('layers.0.bias', 4)).relu()
    expect(where(() => hidden.matmul(second))).toBe('layers.1.weight')
    expect(where(() => hidden.matmul(second.transpose().reshape([8, 8])))).toBe('layers.1.weight')
  })

  test('where is the last parameter that the values passed, if none is at hand', () => {
    const hidden = given(2, 4).matmul(first).relu()
    expect(where(() => hidden.reshape([3]))).toBe('layers.0.weight')
    expect(
      where(() =>
        hidden
          .matmul(second.slice(0, 0, 4))
          .softmax()
          .reshape([3]),
      ),
    ).toBe('layers.1.weight')
  })

  test('where follows a label', () => {
    const tied = ops.labelled(first, 'head.weight')
    expect(where(() => given(2, 8).matmul(tied))).toBe('head.weight')
    expect(String(tied)).toBe('Tensor float32[4, 4] at "head.weight"')
  })

  test('where is unknown without parameters', () => {
    expect(where(() => given(2).add(given(3)))).toBeUndefined()
  })
})

test('axes() hands sizes out by name and checks those that are fixed', () => {
  expect(axes(given(2, 3, 4), 'batch 3 width')).toMatchObject({ batch: 2, width: 4 })
  expect(() => axes(given(2, 4, 4), 'batch 3 width')).toThrow('Cannot read the axes "batch 3 width" of [2, 4, 4]: axis 1 has size 4, not 3')
})

test('array() says how many elements a shape wants', () => {
  expect(() => array([1, 2, 3], { shape: [2, 2] })).toThrow(
    'Cannot read a nested list as an array of shape [2, 2]: it holds 3 values, so its rows differ in length or the shape is another',
  )
  expect(Object.keys(dtypes)).toContain('bfloat16')
})

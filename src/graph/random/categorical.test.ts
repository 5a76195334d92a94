import { expect, test } from 'vitest'
import { array } from '../ndarray.js'
import { categorical, gumbel } from './categorical.js'
import { key } from './key.js'

test('gumbel() gives element i the same value in arrays of any size', () => {
  expect(gumbel(key(3), [5]).data).toEqual(gumbel(key(3), [2000]).data.subarray(0, 5))
})

test('categorical() drops the last axis and picks the only possible class', () => {
  const never = Number.NEGATIVE_INFINITY
  const drawn = categorical(
    key(1),
    array([
      [
        [never, 0],
        [3, never],
      ],
      [
        [never, -50],
        [never, 1],
      ],
    ]),
  )
  expect(drawn.toNested()).toEqual([
    [1, 0],
    [1, 1],
  ])
})

test('categorical() reads half precision', () => {
  const logits = array([[0.5, 1, 2, -1]])
  expect(categorical(key(6), logits.cast('bfloat16')).data).toEqual(categorical(key(6), logits).data)
})

test('categorical() says which logits it cannot use', () => {
  const never = Number.NEGATIVE_INFINITY
  expect(() => categorical(key(1), array([[0], [never]]))).toThrow(
    'Cannot draw classes from the logits float32[2, 1]: row 1 rules every class out',
  )
  expect(() => categorical(key(1), array([[0, Number.NaN]]))).toThrow('logit 1 of row 0 is not a number')
  expect(() => categorical(key(1), array([1, 2], { dtype: 'int32' }))).toThrow('floating-point numbers of shape [..., classes]')
})

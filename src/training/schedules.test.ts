import { expect, test } from 'vitest'
import { constant, cosine, inverseSquareRoot, linear, type Schedule, trapezoid, warmUp } from './schedules.js'

const at = (schedule: Schedule, ...steps: number[]): number[] => steps.map((step) => Number(schedule(step).toFixed(12)))

test('constant() stays', () => {
  expect(at(constant(0.1), 0, 1000)).toEqual([0.1, 0.1])
})

test('warmUp() rises in a straight line to the full rate at its last step', () => {
  expect(at(warmUp(4, constant(1)), 0, 1, 2, 3, 4, 100)).toEqual([0.25, 0.5, 0.75, 1, 1, 1])
  expect(at(warmUp(0, constant(1)), 0)).toEqual([1])
})

test('cosine() falls from the rate over its middle to the floor and stays there', () => {
  expect(at(cosine(1, 10, 0.2), 0, 5, 10, 99)).toEqual([1, 0.6, 0.2, 0.2])
})

test('linear() falls in a straight line and stays at the floor', () => {
  expect(at(linear(1, 10), 0, 5, 10, 99)).toEqual([1, 0.5, 0, 0])
  expect(at(linear(1, 10, 0.5), 5)).toEqual([0.75])
})

test('trapezoid() stays and falls to zero over the last steps', () => {
  expect(at(trapezoid(1, 10, 4), 0, 6, 8, 10, 11)).toEqual([1, 1, 0.5, 0, 0])
})

test('inverseSquareRoot() reaches the rate behind its warm-up and falls with the root of the step', () => {
  expect(at(inverseSquareRoot(1, 4), 0, 3, 15)).toEqual([0.25, 1, 0.5])
})

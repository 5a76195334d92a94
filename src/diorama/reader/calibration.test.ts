import { expect, test } from 'vitest'
import { key, uniform } from '../../graph/index.js'
import { calibrated, calibrationText, fitCalibration, logit, parseCalibration } from './calibration.js'

test('fitCalibration() finds how a timid reader understates itself', () => {
  // It says the half of its log odds: what it calls 0.7 is right in 0.7²/(0.7² + 0.3²) = 84 % of all cases.
  const truth = uniform(key(1), [4000]).data
  const luck = uniform(key(2), [4000]).data
  const said = Array.from(truth, (share) => 1 / (1 + Math.exp(-logit(share) / 2)))
  const right = Array.from(truth, (share, i) => (luck[i] as number) < share)
  const calibration = fitCalibration(said, right)
  expect(calibration.scale).toBeGreaterThan(1.8)
  expect(calibration.scale).toBeLessThan(2.2)
  expect(Math.abs(calibrated(0.7, calibration) - 0.845)).toBeLessThan(0.02)
})

test('fitCalibration() refuses answers from which nothing follows', () => {
  expect(() => fitCalibration([0.5, 0.6], [true, true])).toThrow('Cannot calibrate on 2 objects that are all right')
})

test('parseCalibration() reads what was written, and nothing else', () => {
  expect(parseCalibration(calibrationText({ scale: 1.5, shift: -0.25 }))).toEqual({ scale: 1.5, shift: -0.25 })
  expect(parseCalibration(undefined)).toBeUndefined()
  for (const text of ['1', '1 2 3', 'a b', '1 Infinity']) expect(() => parseCalibration(text)).toThrow('expected two numbers')
})

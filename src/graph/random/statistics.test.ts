/** Whether the numbers are as random as they claim, with fixed seeds and thresholds of about four standard errors. */
import { describe, expect, test } from 'vitest'
import { array } from '../ndarray.js'
import { categorical, gumbel } from './categorical.js'
import { integers, permutation } from './integers.js'
import { key } from './key.js'
import { normal, truncatedNormal } from './normal.js'
import { bernoulli, uniform } from './uniform.js'

const n = 1 << 19
const root = key(20230111)

type Sample = ArrayLike<number>

/** Standardised moments: mean, variance, skewness and kurtosis. */
function moments(sample: Sample) {
  const count = sample.length
  let mean = 0
  for (let i = 0; i < count; i++) mean += (sample[i] as number) / count
  let [second, third, fourth] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const d = (sample[i] as number) - mean
    second += (d * d) / count
    third += (d * d * d) / count
    fourth += (d * d * d * d) / count
  }
  return { mean, variance: second, skew: third / second ** 1.5, kurtosis: fourth / second ** 2 }
}

/** Kolmogorov and Smirnov's √n·D; above 1.95 in one of a thousand honest samples. */
function distance(sample: Sample, below: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort()
  let worst = 0
  sorted.forEach((x, i) => {
    worst = Math.max(worst, below(x) - i / sorted.length, (i + 1) / sorted.length - below(x))
  })
  return worst * Math.sqrt(sorted.length)
}

/** √n times the correlation of two samples: a standard normal number if they are independent. */
function correlation(a: Sample, b: Sample): number {
  const [ma, mb] = [moments(a), moments(b)]
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - ma.mean) * ((b[i] as number) - mb.mean)
  return sum / Math.sqrt(a.length * ma.variance * mb.variance)
}

/** How many standard errors the χ² of equally likely cells is from what it should be. */
function unevenness(counts: Sample): number {
  const cells = Array.from(counts)
  const wanted = cells.reduce((sum, count) => sum + count, 0) / cells.length
  const chi2 = cells.reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0)
  return (chi2 - (cells.length - 1)) / Math.sqrt(2 * (cells.length - 1))
}

function histogram(sample: Sample, cells: number): Float64Array {
  const counts = new Float64Array(cells)
  for (const x of Array.from(sample)) counts[x] = (counts[x] as number) + 1
  return counts
}

/** The normal distribution function (Abramowitz and Stegun 26.2.17, to 1e-7). */
function normalBelow(x: number): number {
  if (x < 0) return 1 - normalBelow(-x)
  const t = 1 / (1 + 0.2316419 * x)
  const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 1 - (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * tail
}

describe('normal()', () => {
  const { data } = normal(root.child('normal'), [n])

  test('has the moments of a normal distribution', () => {
    const { mean, variance, skew, kurtosis } = moments(data)
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
    expect(Math.abs(skew)).toBeLessThan(4 * Math.sqrt(6 / n))
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n))
  })

  test('follows the normal distribution function', () => {
    expect(distance(data, normalBelow)).toBeLessThan(1.95)
  })

  test('has the tails of one: 66 of a million beyond 4, in expectation', () => {
    const beyond = data.filter((x) => Math.abs(x) > 4).length
    expect(Math.abs(beyond - 6.334e-5 * n)).toBeLessThan(4 * Math.sqrt(6.334e-5 * n))
  })

  test.each([1, 2, 3, 4, 1024])('is not correlated with itself %d places on, in value or in size', (lag) => {
    expect(Math.abs(correlation(data.subarray(lag), data.subarray(0, n - lag)))).toBeLessThan(4)
    const squares = data.map((x) => x * x)
    expect(Math.abs(correlation(squares.subarray(lag), squares.subarray(0, n - lag)))).toBeLessThan(4)
  })
})

describe('child()', () => {
  test.each([
    ['two names', root.child('a'), root.child('b')],
    ['neighbouring numbers', root.child(1), root.child(2)],
    ['parent and child', root, root.child('a')],
    ['neighbouring seeds', key(1), key(2)],
  ])('gives independent numbers: %s', (_, one, other) => {
    const [a, b] = [normal(one, [n]).data, normal(other, [n]).data]
    expect(Math.abs(correlation(a, b))).toBeLessThan(4)
    expect(Math.abs(correlation(a.subarray(1), b.subarray(0, n - 1)))).toBeLessThan(4)
  })

  test('spreads the first numbers of 100,000 children evenly', () => {
    const firsts = Float64Array.from({ length: 100_000 }, (_, i) => uniform(root.child(i), [1]).item())
    expect(distance(firsts, (x) => x)).toBeLessThan(1.95)
    expect(Math.abs(correlation(firsts.subarray(1), firsts.subarray(0, -1)))).toBeLessThan(4)
  })

  test('is not needed to keep two kinds of draw from one key apart', () => {
    const draws = [uniform(root, [n]), normal(root, [n]), gumbel(root, [n]), integers(root, [n], { high: 1000 })].map(
      ({ data }) => data as Sample,
    )
    draws.forEach((a, i) => {
      for (const b of draws.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(4)
    })
  })
})

test('truncatedNormal() follows the normal distribution between its bounds', () => {
  const [low, high] = [-1, 2.5]
  const [from, to] = [normalBelow(low), normalBelow(high)]
  const { data } = truncatedNormal(root.child('truncated'), [n], { mean: 10, std: 2, low, high })
  expect(distance(data, (x) => (normalBelow((x - 10) / 2) - from) / (to - from))).toBeLessThan(1.95)
})

test('truncatedNormal() within two standard deviations spreads 0.8796 as far', () => {
  const { mean, variance } = moments(truncatedNormal(root.child('truncated'), [n]).data)
  expect(Math.abs(mean)).toBeLessThan(4e-3)
  expect(Math.abs(Math.sqrt(variance) - 0.87963)).toBeLessThan(2e-3)
})

test('uniform() is even, and uncorrelated with its neighbours', () => {
  const { data } = uniform(root.child('uniform'), [n])
  expect(distance(data, (x) => x)).toBeLessThan(1.95)
  for (const lag of [1, 2, 3, 4]) expect(Math.abs(correlation(data.subarray(lag), data.subarray(0, n - lag)))).toBeLessThan(4)
})

test.each([0.001, 0.25, 0.5, 0.9])('bernoulli() is true with probability %d', (p) => {
  const { mean } = moments(bernoulli(root.child('bernoulli'), [n], p).data)
  expect(Math.abs(mean - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n))
})

test.each([2, 3, 10, 1000])('integers() draws %d numbers equally often', (high) => {
  expect(Math.abs(unevenness(histogram(integers(root.child('integers'), [n], { high }).data, high)))).toBeLessThan(4)
})

test('integers() is even over ranges beyond 2^32', () => {
  const high = 3 * 2 ** 50
  const { data } = integers(root.child('wide'), [1 << 16], { high, dtype: 'int64' })
  expect(distance(Array.from(data, Number), (x) => x / high)).toBeLessThan(1.95)
})

test('permutation() puts every order of four equally often', () => {
  const orders = new Map<string, number>()
  for (let i = 0; i < 48_000; i++) {
    const order = String(permutation(root.child('order', i), 4).data)
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  expect(orders.size).toBe(24)
  expect(Math.abs(unevenness([...orders.values()]))).toBeLessThan(4)
})

test('gumbel() follows its distribution function', () => {
  expect(distance(gumbel(root.child('gumbel'), [n]).data, (x) => Math.exp(-Math.exp(-x)))).toBeLessThan(1.95)
})

test('categorical() draws from the softmax of its logits', () => {
  const weights = [1, 2, 3, 0, 4]
  const rows = 100_000
  const logits = array(Array.from({ length: rows }, () => weights.map((weight) => Math.log(weight) + 7)))
  const counts = histogram(categorical(root.child('categorical'), logits).data, weights.length)
  weights.forEach((weight, i) => {
    const p = weight / 10
    expect(Math.abs((counts[i] as number) / rows - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / rows))
  })
})

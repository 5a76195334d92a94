import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { array, placeholder, type Tensor } from '../graph/index.js'
import { initialise, linear, type Scope } from '../nn/index.js'
import { batches, type Dataset, dataset } from './dataset.js'
import { sgd } from './optimisers.js'
import { constant } from './schedules.js'
import { type Recipe, train } from './train.js'

const numbers = (length: number): Dataset<number> => dataset({ length, record: (index) => index })
const list = async <T>(records: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const record of records) all.push(record)
  return all
}
/** A moment in which everything that could start has started. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('dataset()', () => {
  it('reads records in order, from a function or a list, and alone', async () => {
    expect(await list(dataset({ length: 3, record: async (index) => index * 10 }))).toEqual([0, 10, 20])
    expect(await list(dataset(['a', 'b']))).toEqual(['a', 'b'])
    expect(await numbers(9).record(4)).toBe(4)
  })

  it('is endless without a length', async () => {
    const squares = dataset({ record: (index) => index ** 2 })
    expect(squares.length).toBe(Number.POSITIVE_INFINITY)
    expect(await list(squares.take(4))).toEqual([0, 1, 4, 9])
  })

  it('says what it does not have', async () => {
    await expect(numbers(3).record(3)).rejects.toThrow(
      'Cannot read record 3 of a dataset of 3 records. To go on from the start, call repeat()',
    )
    await expect(numbers(3).record(-1)).rejects.toThrow(
      'Cannot read record -1 of a dataset of 3 records. An index is a whole number from 0',
    )
    expect(() => numbers(3).batch(0)).toThrow('Cannot make batches of 0 records: expected a whole number from 1')
    expect(() => numbers(3).select([3])).toThrow('Cannot select record 3 of a dataset of 3 records')
    expect(() => dataset({ record: (index) => index }).shuffle(1)).toThrow(
      'Cannot shuffle a dataset that never ends. Say how long it is with take(records)',
    )
    await expect(list(numbers(3).iterate({ from: 0.5 }))).rejects.toThrow('Cannot start at 0.5 records: expected a whole number from 0')
  })
})

describe('Dataset', () => {
  it('map() gets the position of the record, epoch included', async () => {
    const told = numbers(2)
      .repeat(2)
      .map((record, { index, epoch }) => `${record} at ${index}, ${epoch}`)
    expect(await list(told)).toEqual(['0 at 0, 0', '1 at 1, 0', '0 at 2, 0', '1 at 3, 0'])
    const inside = numbers(2)
      .map((record, { epoch }) => `${record} in ${epoch}`)
      .repeat(2)
    expect(await list(inside)).toEqual(['0 in 0', '1 in 0', '0 in 1', '1 in 1'])
  })

  it('repeat() of repeat() counts epochs on', async () => {
    const twice = numbers(1).map((_, { epoch }) => epoch)
    expect(await list(twice.repeat(3).repeat(2))).toEqual([0, 1, 2, 3, 4, 5])
    expect(await list(numbers(0).repeat())).toEqual([])
  })

  it('shuffle() gives every epoch a permutation of its own', async () => {
    const records = await list(numbers(50).shuffle(3).repeat(3))
    const epochs = [0, 1, 2].map((epoch) => records.slice(50 * epoch, 50 * (epoch + 1)))
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([...Array(50).keys()])
    expect(new Set(epochs.map(String)).size).toBe(3)
    expect(await list(numbers(50).shuffle(4))).not.toEqual(epochs[0])
  })

  it('select(), take(), skip() and filter() choose by index', async () => {
    expect(await list(numbers(5).select([4, 0, 4]))).toEqual([4, 0, 4])
    expect(await list(numbers(5).skip(1).take(2))).toEqual([1, 2])
    expect(await list(numbers(2).skip(7))).toEqual([])
    const odd = await numbers(7).filter((record) => record % 2 === 1)
    expect([odd.length, await odd.record(2)]).toEqual([3, 5])
  })

  it('batch() joins records, and keeps or drops the rest', async () => {
    expect(await list(numbers(5).batch(2))).toEqual([[0, 1], [2, 3], [4]])
    const sums = numbers(5).batch(2, (records) => records.reduce((a, b) => a + b), { rest: 'drop' })
    expect([sums.length, ...(await list(sums))]).toEqual([2, 1, 5])
  })

  it('resumes exactly: from any record on, it goes on like an unbroken run', async () => {
    const pipeline = numbers(23)
      .shuffle(5)
      .map((record, { index, epoch }) => record + index / 100 + epoch / 10000)
      .repeat()
      .batch(4)
      .prefetch(3)
      .take(20)
    const unbroken = await list(pipeline)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 20 }), async (from) => {
        expect(await list(pipeline.iterate({ from }))).toEqual(unbroken.slice(from))
      }),
      { numRuns: 20 },
    )
  })

  it('prefetch() keeps so many records in the making, and no more', async () => {
    let started = 0
    const records = dataset({
      length: 100,
      record: async (index) => {
        started++
        return index
      },
    }).prefetch(3)
    const reading = records.iterate()
    await reading.next()
    await settled()
    expect(started).toBe(4)
    await reading.next()
    await settled()
    expect(started).toBe(5)
    await reading.return()
  })

  it('hands an error over at its record, and not before', async () => {
    const failing = dataset({
      length: 4,
      record: async (index) => {
        if (index === 2) throw new Error('no third')
        return index
      },
    }).prefetch(4)
    const reading = failing.iterate()
    expect([(await reading.next()).value, (await reading.next()).value]).toEqual([0, 1])
    await expect(reading.next()).rejects.toThrow('no third')
  })

  it('stops waiting when the signal says so', async () => {
    const stop = new AbortController()
    const never = dataset({ length: 1, record: () => new Promise<number>(() => {}) })
    const reading = list(never.iterate({ signal: stop.signal }))
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  it('closes its source when the last iteration ends', async () => {
    let closed = 0
    const source = dataset({ length: 4, record: (index) => index, close: async () => void closed++ })
    const one = source.map((record) => record + 1).iterate()
    const other = source.batch(2).iterate()
    await one.next()
    await other.next()
    await one.return()
    expect(closed).toBe(0)
    await other.return()
    expect(closed).toBe(1)
  })
})

describe('batches()', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genera-dataset-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('numbers its batches by step and part', async () => {
    const batch = batches(numbers(100).batch(2), { accumulate: 3 })
    expect([await batch(0, 0), await batch(0, 2), await batch(7, 1)]).toEqual([
      [0, 1],
      [4, 5],
      [44, 45],
    ])
    await batch.close()
  })

  it('feeds train(), and a resumed run ends where an unbroken one ends', async () => {
    const examples = dataset({ length: 12, record: (index) => [index / 12, Math.sin(index)] as const })
    const recipe = (steps: number, path?: string): Recipe<{ x: Tensor; y: Tensor }> => {
      const model = (scope: Scope, x: Tensor) => linear(scope, x, 1)
      return {
        name: 'line',
        loss: (scope, { x, y }) => model(scope, x).sub(y).square().mean(),
        parameters: initialise((scope) => model(scope, placeholder([1, 1])), { seed: 1 }),
        batch: batches(
          examples
            .shuffle(2)
            .repeat()
            .batch(4, (records) => ({ x: array(records.map(([x]) => [x])), y: array(records.map(([, y]) => [y])) })),
          { accumulate: 2 },
        ),
        accumulate: 2,
        optimiser: sgd(),
        schedule: constant(0.1),
        steps,
        ...(path && { checkpoint: { path, every: 3 } }),
      }
    }
    const weight = async (run: Recipe<{ x: Tensor; y: Tensor }>) => {
      for await (const event of train(run)) if (event.kind === 'done') return event.parameters.weight?.data
      return undefined
    }
    const path = join(folder, 'line.safetensors')
    await weight(recipe(3, path))
    expect(await weight(recipe(9, path))).toEqual(await weight(recipe(9)))
  })
})

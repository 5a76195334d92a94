import { GeneraError } from '../graph/errors.js'
import { key, permutation } from '../graph/random/index.js'

/** Where a record stands: its index at this stage of the pipeline, and how often `repeat` has started the data again. */
export interface Position {
  readonly index: number
  readonly epoch: number
}

/** What a dataset is made from: a pure function of the position, so that any part of the data can be read on its own. */
export interface DatasetSource<T> {
  /** How many records there are; without it the dataset is endless. */
  readonly length?: number
  /** The record at an index, counted from 0. The same position gives the same record every time. */
  readonly record: (index: number, epoch: number) => T | Promise<T>
  /** Ends what the records need (worker threads, say); they start again if another record is asked for. */
  readonly close?: () => Promise<void>
}

export interface IterateOptions {
  /** The index of the first record; an iteration from here gives what an unbroken one would have given. */
  readonly from?: number
  readonly signal?: AbortSignal
}

/** A dataset was asked for something that it does not have. */
export class DatasetError extends GeneraError {
  override readonly name = 'DatasetError'
  constructor(sentence: string, hint?: string) {
    super('dataset', sentence, hint)
  }
}

/**
 * Records that are read in order or by index. Every stage is a function of the position alone, so nothing has to be saved to
 * resume exactly: the number of the next record (or batch) is the whole state.
 *
 *     const batches = dataset({ length: 50_000, record: readExample }).shuffle(7).repeat().batch(16, collate).prefetch(2)
 *     for await (const batch of batches.iterate({ from: step })) …
 *
 * @throws DatasetError from every stage that does not fit (shuffling without an end, a batch of no records)
 */
export function dataset<T>(source: DatasetSource<T> | readonly T[]): Dataset<T> {
  if (isList(source)) return new Dataset(source.length, (index) => source[index] as T)
  const { length = Number.POSITIVE_INFINITY, record, close } = source
  if (length !== Number.POSITIVE_INFINITY) atLeast(0, length, 'make a dataset of', 'records')
  return new Dataset(length, record, new Holding(close ?? nothing))
}

export class Dataset<T> implements AsyncIterable<T>, AsyncDisposable {
  readonly #read: (index: number, epoch: number) => T | Promise<T>
  readonly #holding: Holding

  /** Prefer `dataset()`. */
  constructor(
    /** The number of records; Infinity if they never end. */
    readonly length: number,
    read: (index: number, epoch: number) => T | Promise<T>,
    holding = new Holding(nothing),
    /** How many records are being made while one is in use. */
    readonly ahead = 0,
  ) {
    this.#read = read
    this.#holding = holding
  }

  /** The record at an index, alone. The epoch matters to shuffled data that is not repeated. */
  async record(index: number, epoch = 0): Promise<T> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.length)
      throw new DatasetError(
        `Cannot read record ${index} of ${count(this.length)}`,
        index >= this.length ? 'To go on from the start, call repeat()' : 'An index is a whole number from 0',
      )
    return this.#read(index, epoch)
  }

  /** `change` may use the position, for instance as the key of an augmentation: `key(7).child(epoch, index)`. */
  map<U>(change: (record: T, position: Position) => U | Promise<U>): Dataset<U> {
    return this.#derive(this.length, async (index, epoch) => change(await this.#read(index, epoch), { index, epoch }))
  }

  /** Every epoch of a `repeat` that follows has an order of its own, an exact permutation of all records. */
  shuffle(seed: number): Dataset<T> {
    const length = this.#finite('shuffle')
    const root = key(seed).child('shuffle')
    const orders = new Map<number, ArrayLike<number>>()
    const orderOf = (epoch: number): ArrayLike<number> => {
      const known = orders.get(epoch)
      if (known) return known
      const order = permutation(root.child(epoch), length).data
      orders.set(epoch, order)
      // Prefetching reads across the border of two epochs; older ones are done.
      for (const [old] of orders) if (orders.size > 2 && old !== epoch) orders.delete(old)
      return order
    }
    return this.#derive(length, (index, epoch) => this.#read(orderOf(epoch)[index] as number, epoch))
  }

  /** The data several times over, or without end. */
  repeat(times = Number.POSITIVE_INFINITY): Dataset<T> {
    if (times !== Number.POSITIVE_INFINITY) atLeast(0, times, 'repeat a dataset', 'times')
    const length = this.#finite('repeat')
    if (length === 0) return this
    const outer = times === Number.POSITIVE_INFINITY ? 0 : times
    return this.#derive(length * times, (index, epoch) => this.#read(index % length, epoch * outer + Math.floor(index / length)))
  }

  /** The first records. */
  take(records: number): Dataset<T> {
    atLeast(0, records, 'take', 'records')
    return this.#derive(Math.min(records, this.length), this.#read)
  }

  /** All but the first records. */
  skip(records: number): Dataset<T> {
    atLeast(0, records, 'skip', 'records')
    return this.#derive(Math.max(0, this.length - records), (index, epoch) => this.#read(index + records, epoch))
  }

  /** The records at these indices, in this order: a split, a class, a hand-picked few. */
  select(indices: ArrayLike<number>): Dataset<T> {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number
      if (!Number.isSafeInteger(index) || index < 0 || index >= this.length)
        throw new DatasetError(`Cannot select record ${index} of ${count(this.length)}`)
    }
    return this.#derive(indices.length, (index, epoch) => this.#read(indices[index] as number, epoch))
  }

  /** The records that `keep` wants. All of them are read once to find out which, because positions must not depend on the reader. */
  async filter(keep: (record: T, position: Position) => boolean | Promise<boolean>, { signal }: IterateOptions = {}): Promise<Dataset<T>> {
    this.#finite('filter')
    const kept: number[] = []
    for await (const [index, record] of this.entries(signal ? { signal } : {}))
      if (await keep(record, { index, epoch: 0 })) kept.push(index)
    return this.select(kept)
  }

  /** `size` records at a time, as a list or as `collate` joins them. A last batch with fewer records is kept unless `rest` is 'drop'. */
  batch(size: number, collate?: undefined, options?: { readonly rest?: 'keep' | 'drop' }): Dataset<T[]>
  batch<B>(size: number, collate: (records: T[]) => B | Promise<B>, options?: { readonly rest?: 'keep' | 'drop' }): Dataset<B>
  batch(size: number, collate: (records: T[]) => unknown = (records) => records, { rest = 'keep' } = {}): Dataset<unknown> {
    atLeast(1, size, 'make batches of', 'records')
    const length = (rest === 'keep' ? Math.ceil : Math.floor)(this.length / size)
    return this.#derive(length, async (index, epoch) => {
      const first = index * size
      const here = Math.min(size, this.length - first)
      return collate(await Promise.all(Array.from({ length: here }, (_, i) => this.#read(first + i, epoch))))
    })
  }

  /** Keeps the next records in the making while one is in use: what worker threads, disks and servers need to be busy. */
  prefetch(records: number): Dataset<T> {
    atLeast(0, records, 'prefetch', 'records')
    return new Dataset(this.length, this.#read, this.#holding, records)
  }

  /** The records in order. */
  async *iterate(options: IterateOptions = {}): AsyncGenerator<T, void, undefined> {
    for await (const [, record] of this.entries(options)) yield record
  }

  /** The records in order, each with its index. What the records need is closed when the last iteration ends. */
  async *entries({ from = 0, signal }: IterateOptions = {}): AsyncGenerator<[index: number, record: T], void, undefined> {
    atLeast(0, from, 'start at', 'records')
    const release = this.#holding.hold()
    const window = new Window((index) => this.record(index), this.length, this.ahead)
    try {
      for (let index = from; index < this.length; index++) {
        signal?.throwIfAborted()
        yield [index, await unlessAborted(window.get(index), signal)]
      }
    } finally {
      await release()
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.iterate()
  }

  /** Ends what the records need, whoever still reads. */
  close(): Promise<void> {
    return this.#holding.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** As a function of the step, for `train()`; see `batches()`. */
  window(ahead = Math.max(1, this.ahead)): { readonly get: (index: number) => Promise<T>; readonly release: () => Promise<void> } {
    const window = new Window((index) => this.record(index), this.length, ahead)
    return { get: (index) => window.get(index), release: this.#holding.hold() }
  }

  #derive<U>(length: number, read: (index: number, epoch: number) => U | Promise<U>): Dataset<U> {
    return new Dataset(length, read, this.#holding)
  }

  #finite(action: string): number {
    if (Number.isFinite(this.length)) return this.length
    throw new DatasetError(`Cannot ${action} a dataset that never ends`, 'Say how long it is with take(records)')
  }
}

export type Batches<T> = ((step: number, part: number) => Promise<T>) & AsyncDisposable & { close(): Promise<void> }

/**
 * A dataset as the `batch` of a training recipe, prefetched. Step and part name the batch, so a resumed run sees the batches that
 * an unbroken one would have seen. Close it after training if the records come from worker threads.
 *
 *     const batch = batches(examples.shuffle(7).repeat().batch(16, collate, { rest: 'drop' }).prefetch(4))
 *     for await (const event of train({ …, batch })) …
 *     await batch.close()
 */
export function batches<T>(records: Dataset<T>, { accumulate = 1 }: { readonly accumulate?: number } = {}): Batches<T> {
  atLeast(1, accumulate, 'accumulate', 'batches')
  const { get, release } = records.window()
  const batch = (step: number, part: number): Promise<T> => get(step * accumulate + part)
  return Object.assign(batch, { close: release, [Symbol.asyncDispose]: release })
}

/** Records in the making, from the one that was asked for last to `ahead` further ones. */
class Window<T> {
  readonly #started = new Map<number, Promise<T>>()
  constructor(
    readonly read: (index: number) => Promise<T>,
    readonly length: number,
    readonly ahead: number,
  ) {}

  get(index: number): Promise<T> {
    for (const started of this.#started.keys()) if (started < index || started > index + this.ahead) this.#started.delete(started)
    for (let next = index; next <= index + this.ahead && next < this.length; next++) this.#start(next)
    return this.#started.get(index) ?? this.read(index)
  }

  #start(index: number): void {
    if (this.#started.has(index)) return
    const record = this.read(index)
    record.catch(nothing) // whoever asks for this record meets the error; nobody may ever ask
    this.#started.set(index, record)
  }
}

/** Counts who reads, over all datasets of one source. */
class Holding {
  #holders = 0
  constructor(readonly close: () => Promise<void>) {}

  hold(): () => Promise<void> {
    this.#holders++
    let held = true
    return async () => {
      if (!held) return
      held = false
      if (--this.#holders === 0) await this.close()
    }
  }
}

const nothing = async (): Promise<void> => {}

const isList = <T>(source: DatasetSource<T> | readonly T[]): source is readonly T[] => Array.isArray(source)

const count = (length: number): string => (length === Number.POSITIVE_INFINITY ? 'an endless dataset' : `a dataset of ${length} records`)

function atLeast(least: number, value: number, action: string, what: string): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new DatasetError(`Cannot ${action} ${value} ${what}: expected a whole number from ${least}`)
}

/** Stops waiting for a record when the signal says so; the record itself may still be made. */
async function unlessAborted<T>(record: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return record
  let stop = nothing as () => void
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([record, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

import { threads } from '#workers'
import { GeneraError } from '../graph/index.js'
import { type Dataset, dataset } from './dataset.js'

/**
 * A worker's script: the address of a module that calls `serveRecords()`, or in browsers a function that starts the worker, which
 * is what bundlers need to see: `() => new Worker(new URL('./record-worker.js', import.meta.url), { type: 'module' })`.
 */
export type WorkerScript = URL | (() => Worker)

/** A thread, as a platform gives it. */
export interface Thread {
  post(message: unknown): void
  /** Whether the process waits for it before it ends. */
  hold(wait: boolean): void
  end(): Promise<void>
}

export interface ThreadListener {
  message(value: unknown): void
  /** The thread is gone, or never came; nothing more will be heard of it. */
  lost(problem: string, cause?: unknown): void
}

/** What the platform gives; `#workers` is this for Node or for browsers. */
export interface Threads {
  /** How many threads can run side by side. */
  cores(): number
  start(script: WorkerScript, listener: ThreadListener): Thread
  /** Called in a worker: hears the messages of the thread that started it, and returns how to answer. */
  listen(hear: (message: unknown) => void): (answer: unknown) => void
}

export interface WorkerSource<Options> {
  readonly script: WorkerScript
  /** Handed to the worker's `serveRecords` callback; a plain value. */
  readonly options: Options
  /** How many records there are; without it the dataset is endless. */
  readonly length?: number
  /** Threads; all cores but one if it is not said. They start when there is work for them. */
  readonly threads?: number
}

/** A record could not be made in a worker. `cause` is the error as it was thrown there, with its stack. */
export class RecordError extends GeneraError {
  override readonly name = 'RecordError'
  constructor(
    readonly index: number,
    problem: string,
    cause: unknown,
  ) {
    super('record', `Cannot make record ${index} in a worker: ${problem}`, undefined, { cause })
  }
}

/**
 * A dataset whose records are made in worker threads. The threads take what `prefetch` and `batch` ask for, end with the
 * iteration, and never keep the process alive while they have nothing to do.
 *
 *     // record-worker.ts
 *     serveRecords((options: Options) => (index) => makeRecord(options, index))
 *     // elsewhere
 *     const script = new URL('./record-worker.js', import.meta.url)
 *     const records = workerDataset<Options, MyRecord>({ script, options, length: 1000 }).prefetch(16)
 */
export function workerDataset<Options, T>({ length, ...source }: WorkerSource<Options>): Dataset<T> {
  const pool = new WorkerPool<Options, T>(source)
  return dataset({
    ...(length !== undefined && { length }),
    record: (index, epoch) => pool.record(index, epoch),
    close: () => pool.close(),
  })
}

/** The other side of `workerDataset`: to be called once in the worker's script. Records travel by structured clone: plain values. */
export function serveRecords<Options, T>(
  prepare: (options: Options) => RecordFunction<T> | Promise<RecordFunction<T>>,
  platform: Pick<Threads, 'listen'> = threads,
): void {
  let prepared: Promise<RecordFunction<T>> | undefined
  const answer = platform.listen((message) => void respond(message as Question<Options>))
  const respond = async (question: Question<Options>): Promise<void> => {
    if ('options' in question) {
      prepared = Promise.resolve(question.options).then(prepare)
      prepared.catch(() => {}) // the first record that is asked for meets it
      return
    }
    const { id, index, epoch } = question
    try {
      const record = await prepared
      answer({ id, value: await record?.(index, epoch) } satisfies Answer<T | undefined>)
    } catch (error) {
      answer({ id, failure: describe(error) } satisfies Answer<T>)
    }
  }
}

export type RecordFunction<T> = (index: number, epoch: number) => T | Promise<T>

type Question<Options> = { readonly options: Options } | { readonly id: number; readonly index: number; readonly epoch: number }
type Answer<T> = { readonly id: number; readonly value: T } | { readonly id: number; readonly failure: Failure }
type Failure = { readonly name: string; readonly message: string; readonly stack?: string }

interface Task<T> {
  readonly id: number
  readonly index: number
  readonly epoch: number
  resolve(value: T): void
  reject(error: unknown): void
}

interface Member<T> {
  readonly thread: Thread
  readonly tasks: Map<number, Task<T>>
}

/** One task runs and one waits in each thread, so that no thread idles while its answer travels; the others wait here, in order. */
const tasksPerThread = 2

export class WorkerPool<Options, T> {
  readonly #source: Omit<WorkerSource<Options>, 'length'>
  readonly #platform: Threads
  readonly #most: number
  readonly #members = new Set<Member<T>>()
  readonly #waiting: Task<T>[] = []
  #ids = 0

  constructor(source: Omit<WorkerSource<Options>, 'length'>, platform: Threads = threads) {
    this.#source = source
    this.#platform = platform
    this.#most = source.threads ?? Math.max(1, platform.cores() - 1)
    if (!Number.isSafeInteger(this.#most) || this.#most < 1)
      throw new GeneraError('workers', `Cannot make records in ${this.#most} worker threads: expected a whole number from 1`)
  }

  /** How many threads there are now. */
  get size(): number {
    return this.#members.size
  }

  record(index: number, epoch = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: this.#ids++, index, epoch, resolve, reject })
      this.#dispatch()
    })
  }

  /** Ends the threads. Records that were asked for and not made yet are refused. */
  async close(): Promise<void> {
    const members = [...this.#members]
    this.#members.clear()
    const open = [...members.flatMap(({ tasks }) => [...tasks.values()]), ...this.#waiting.splice(0)]
    for (const { index, reject } of open) reject(new RecordError(index, 'the dataset was closed', undefined))
    await Promise.all(members.map(({ thread }) => thread.end()))
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const member = this.#free()
      if (!member) return
      const task = this.#waiting.shift() as Task<T>
      member.tasks.set(task.id, task)
      member.thread.hold(true)
      member.thread.post({ id: task.id, index: task.index, epoch: task.epoch } satisfies Question<Options>)
    }
  }

  /** The thread with the least to do, if it can take a task; a new one while all others are busy and there may be more. */
  #free(): Member<T> | undefined {
    const least = [...this.#members].reduce<Member<T> | undefined>((a, b) => (a && a.tasks.size <= b.tasks.size ? a : b), undefined)
    if (least?.tasks.size === 0) return least
    if (this.#members.size < this.#most) return this.#start()
    return least && least.tasks.size < tasksPerThread ? least : undefined
  }

  #start(): Member<T> {
    const thread = this.#platform.start(this.#source.script, {
      message: (answer) => this.#settle(member, answer as Answer<T>),
      lost: (problem, cause) => this.#lose(member, problem, cause),
    })
    const member: Member<T> = { thread, tasks: new Map() }
    this.#members.add(member)
    thread.post({ options: this.#source.options } satisfies Question<Options>)
    return member
  }

  #settle(member: Member<T>, answer: Answer<T>): void {
    const task = member.tasks.get(answer.id)
    if (!task) return
    member.tasks.delete(answer.id)
    member.thread.hold(member.tasks.size > 0)
    if ('value' in answer) task.resolve(answer.value)
    else task.reject(new RecordError(task.index, answer.failure.message, revive(answer.failure)))
    this.#dispatch()
  }

  /** What the thread had taken is refused; what waits goes to the others, or to a new one. */
  #lose(member: Member<T>, problem: string, cause: unknown): void {
    if (!this.#members.delete(member)) return
    for (const { index, reject } of member.tasks.values()) reject(new RecordError(index, problem, cause))
    this.#dispatch()
  }
}

function describe(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  return { name, message, ...(stack !== undefined && { stack }) }
}

function revive({ name, message, stack }: Failure): Error {
  return Object.assign(new Error(message), { name, ...(stack !== undefined && { stack }) })
}

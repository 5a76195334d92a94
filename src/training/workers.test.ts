import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { RecordError, serveRecords, type ThreadListener, type Threads, WorkerPool, workerDataset } from './workers.js'

interface Made {
  readonly sum: number
  readonly epoch: number
  readonly bytes: Uint8Array
  readonly threadId: number
}
const script = new URL('../../tests/support/record-worker.js', import.meta.url)
const source = { script, options: { add: 100 }, threads: 2 }

describe('workerDataset()', () => {
  it('makes records in threads, in order, epochs included', async () => {
    const made: Made[] = []
    const records = workerDataset<{ add: number }, Made>({ ...source, length: 6 })
    for await (const record of records.repeat(2).prefetch(6)) made.push(record)
    expect(made.map(({ sum, epoch }) => [sum, epoch])).toEqual([0, 1].flatMap((e) => [0, 1, 2, 3, 4, 5].map((i) => [100 + i, e])))
    expect(made[3]?.bytes).toEqual(new Uint8Array([3]))
    expect(new Set(made.map(({ threadId }) => threadId)).size).toBe(2)
  })

  it('carries an error over with its stack, and goes on', async () => {
    const records = workerDataset<{ add: number }, Made>(source)
    const error = await records.record(13).catch((caught) => caught)
    expect(error).toBeInstanceOf(RecordError)
    expect(error.message).toBe('Cannot make record 13 in a worker: thirteen is unlucky')
    expect(error.cause).toMatchObject({ name: 'RangeError', stack: expect.stringContaining('record-worker.ts') })
    await expect(records.record(77)).rejects.toThrow(/^Cannot make record 77 in a worker: .* could not be cloned/)
    expect((await records.record(1)).sum).toBe(101)
    await records.close()
  })

  it('says that a thread has died, and starts another', async () => {
    const records = workerDataset<{ add: number }, Made>({ ...source, threads: 1 })
    await expect(records.record(66)).rejects.toThrow('Cannot make record 66 in a worker: its thread ended with code 3')
    expect((await records.record(2)).sum).toBe(102)
    await records.close()
  })

  it('leaves no thread behind that would keep the process alive', async () => {
    const program = [
      `import { workerDataset } from ${JSON.stringify(new URL('./workers.ts', import.meta.url).href)}`,
      `const records = workerDataset({ script: new URL(${JSON.stringify(script.href)}), options: { add: 1 }, threads: 2 })`,
      `console.log((await records.record(4)).sum)`,
    ]
    const flags = ['--conditions=genera-source', '--import', 'tsx', '--input-type=module', '-e', program.join('\n')]
    expect((await promisify(execFile)(process.execPath, flags, { timeout: 20_000 })).stdout).toBe('5\n')
  })

  it('says that a worker cannot prepare itself, or has no script', async () => {
    const broken = workerDataset<object, Made>({ ...source, options: { fail: 'prepare' } })
    await expect(broken.record(0)).rejects.toThrow('Cannot make record 0 in a worker: nothing can be prepared')
    await broken.close()
    const missing = workerDataset<object, Made>({ ...source, script: new URL('./nowhere.js', import.meta.url) })
    await expect(missing.record(0)).rejects.toThrow(/Cannot make record 0 in a worker: Cannot find module .*nowhere\.js/)
  })
})

describe('WorkerPool', () => {
  it('ends its threads on close and refuses what was not made', async () => {
    const pool = new WorkerPool<{ add: number }, Made>(source)
    await pool.record(0)
    const stuck = pool.record(88).catch((error: Error) => error.message)
    expect(pool.size).toBe(1)
    await pool.close()
    expect([pool.size, await stuck]).toEqual([0, 'Cannot make record 88 in a worker: the dataset was closed'])
  })

  it('gives a thread two tasks at most, the least busy first, and the rest in order', async () => {
    const { platform, threads } = fakeThreads()
    const pool = new WorkerPool<object, number>({ ...source, threads: 2 }, platform)
    const made = [0, 1, 2, 3, 4, 5].map((index) => pool.record(index))
    const indices = () => threads.map(({ posted }) => posted.map(({ index }) => index))
    expect(indices()).toEqual([
      [0, 2],
      [1, 3],
    ])
    threads[1]?.answer(1)
    expect(indices()[1]).toEqual([1, 3, 4])
    threads[0]?.lost('gone')
    await expect(made[0]).rejects.toThrow('Cannot make record 0 in a worker: gone')
    await expect(made[2]).rejects.toThrow('Cannot make record 2 in a worker: gone')
    expect(indices()[2]).toEqual([5])
    for (const thread of threads.slice(1)) for (const { id } of thread.posted) thread.answer(id)
    expect(await Promise.all([made[1], made[3], made[4], made[5]])).toEqual([1, 3, 4, 5])
    expect(threads.map(({ held }) => held)).toEqual([true, false, false])
  })

  it('needs a thread at least', () => {
    expect(() => new WorkerPool({ ...source, threads: 0 })).toThrow(
      'Cannot make records in 0 worker threads: expected a whole number from 1',
    )
  })
})

describe('serveRecords()', () => {
  it('answers every question with its number', async () => {
    const answers: unknown[] = []
    let hear: (message: unknown) => void = () => {}
    serveRecords((options: number) => (index) => options * index, {
      listen: (listener) => {
        hear = listener
        return (answer) => answers.push(answer)
      },
    })
    hear({ options: 7 })
    hear({ id: 4, index: 6, epoch: 0 })
    await new Promise((resolve) => setTimeout(resolve))
    expect(answers).toEqual([{ id: 4, value: 42 }])
  })
})

/** Threads that do nothing until the test answers for them. */
function fakeThreads() {
  const threads: FakeThread[] = []
  const platform: Threads = {
    cores: () => 4,
    listen: () => () => {},
    start(_, listener) {
      const thread = new FakeThread(listener)
      threads.push(thread)
      return thread
    },
  }
  return { platform, threads }
}

class FakeThread {
  readonly posted: { readonly id: number; readonly index: number }[] = []
  held = false
  constructor(readonly listener: ThreadListener) {}
  post(message: object): void {
    if ('id' in message) this.posted.push(message as { id: number; index: number })
  }
  hold(wait: boolean): void {
    this.held = wait
  }
  async end(): Promise<void> {}
  answer(id: number): void {
    this.listener.message({ id, value: this.posted.find((task) => task.id === id)?.index })
  }
  lost(problem: string): void {
    this.listener.lost(problem)
  }
}

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ThreadListener } from './workers.js'
import { threads } from './workers.web.js'

afterEach(() => void vi.unstubAllGlobals())

/** A worker of a browser that says what the test lets it say. */
class FakeWorker {
  onmessage: (event: { data: unknown }) => void = () => {}
  onmessageerror: () => void = () => {}
  onerror: (event: { message?: string; error?: unknown; preventDefault(): void }) => void = () => {}
  readonly posted: unknown[] = []
  ended = false
  constructor(
    readonly script?: URL,
    readonly options?: unknown,
  ) {}
  postMessage(message: unknown): void {
    this.posted.push(message)
  }
  terminate(): void {
    this.ended = true
  }
}

describe('threads of a browser', () => {
  const heard: unknown[] = []
  const listener: ThreadListener = { message: (value) => heard.push(value), lost: (problem) => heard.push(problem) }
  const script = new URL('https://example.test/record-worker.js')

  it('start a module worker, or the worker that a function starts', async () => {
    const started: FakeWorker[] = []
    class Recorded extends FakeWorker {
      constructor(...given: ConstructorParameters<typeof FakeWorker>) {
        super(...given)
        started.push(this)
      }
    }
    vi.stubGlobal('Worker', Recorded)
    const thread = threads.start(script, listener)
    expect(started[0]).toMatchObject({ script, options: { type: 'module' } })
    const own = new FakeWorker()
    threads.start(() => own as unknown as Worker, listener).post('hello')
    expect(own.posted).toEqual(['hello'])
    started[0]?.onmessage({ data: 5 })
    expect(heard.splice(0)).toEqual([5])
    thread.hold(true)
    await thread.end()
    expect(started[0]?.ended).toBe(true)
  })

  it('say what became of a worker that fails', () => {
    const worker = new FakeWorker()
    threads.start(() => worker as unknown as Worker, listener)
    worker.onerror({ message: 'x is not defined', preventDefault: () => {} })
    worker.onerror({ preventDefault: () => {} })
    worker.onmessageerror()
    expect(heard.splice(0)).toEqual(['x is not defined', 'its script does not start', 'its answer cannot be read'])
    expect(worker.ended).toBe(true)
    vi.stubGlobal(
      'Worker',
      vi.fn(function Started() {
        return worker
      }),
    )
    threads.start(script, listener)
    worker.onerror({ preventDefault: () => {} })
    expect(heard.splice(0)).toEqual([
      'its script does not start at https://example.test/record-worker.js: behind a bundler, pass a function that starts the worker',
    ])
  })

  it('listen in a worker, and refuse to in a page', () => {
    const scope = { onmessage: undefined as undefined | ((event: { data: unknown }) => void), postMessage: vi.fn() }
    vi.stubGlobal('postMessage', scope.postMessage)
    vi.stubGlobal('onmessage', undefined)
    threads.listen((message) => heard.push(message))('answer')
    ;(globalThis as unknown as { onmessage: (event: { data: unknown }) => void }).onmessage({ data: 'question' })
    expect([...heard.splice(0), ...scope.postMessage.mock.calls.flat()]).toEqual(['question', 'answer'])
    vi.stubGlobal('document', {})
    expect(() => threads.listen(() => {})).toThrow('Cannot serve records in the page itself. Pass this script to workerDataset()')
  })
})

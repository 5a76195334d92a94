import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Answer, CallName, Calls, Question } from './child-protocol.js'
import { type Device, RuntimeError, RuntimeLostError } from './runtime.js'

interface Pending {
  readonly running: string
  /** Arrays in the child that must not be collected before the call is over. */
  readonly needs: unknown
  resolve(value: unknown): void
  reject(error: RuntimeError): void
}

/** A child process that answers calls. It ends with this process, and does not keep it alive. */
export class ChildConnection {
  readonly #child: ChildProcess = forkMain()
  readonly #pending = new Map<number, Pending>()
  readonly #closed: Promise<void>
  #calls = 0
  /** Why no call can be answered any more. */
  #end: ((running: string) => RuntimeError) | undefined
  #said = ''

  constructor() {
    const child = this.#child
    child.on('message', (answer) => this.#settle(answer as Answer))
    child.on('error', (cause) => this.#finish(lost(`does not start: ${cause.message}`)))
    child.stderr?.on('data', (text) => {
      this.#said = (this.#said + String(text)).slice(-4000)
    })
    this.#closed = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#finish(lost(epitaph(code, signal, this.#said)))
        resolve()
      })
    })
    this.#hold(false)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Asks the child; `running` says in errors what it was asked for. */
  call<K extends CallName>(call: K, ask: Calls[K]['ask'], running: string, needs?: unknown): Promise<Calls[K]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end(running))
      const id = this.#calls++
      this.#pending.set(id, { running, needs, resolve: resolve as (value: unknown) => void, reject })
      this.#hold(true)
      this.#child.send({ id, call, ask } as Question, (failed) => {
        // A process that is gone answers through 'close', which may come after its pipe broke. What cannot be put into a message was never sent.
        if (failed && !isBroken(failed)) this.#settle({ id, failure: { running, problem: failed.message, hint: undefined } })
      })
    })
  }

  /** Ends the process; calls that wait for an answer are told so. */
  async close(): Promise<void> {
    this.#finish((running) => new RuntimeError(running, 'its runtime was disposed', 'Start another with childRuntime()'))
    this.#hold(true) // its pipes too: what is awaited below comes when they have closed, which may be after its end
    this.#child.kill('SIGKILL') // it keeps nothing that an orderly end would save
    await this.#closed
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id)
    if (!pending) return
    this.#pending.delete(answer.id)
    this.#hold(this.#pending.size > 0)
    if ('value' in answer) pending.resolve(answer.value)
    else pending.reject(new RuntimeError(answer.failure.running, answer.failure.problem, answer.failure.hint))
  }

  #finish(end: (running: string) => RuntimeError): void {
    this.#end ??= end
    for (const { running, reject } of this.#pending.values()) reject(this.#end(running))
    this.#pending.clear()
  }

  /** Whether this process waits for the child before it ends. */
  #hold(wait: boolean): void {
    const { channel, stderr } = this.#child
    for (const handle of [this.#child, channel, stderr as Socket | null]) wait ? handle?.ref() : handle?.unref()
  }
}

/** Whether a message could not be sent because the process at the other end of the pipe is gone. */
const isBroken = ({ code = '' }: NodeJS.ErrnoException): boolean => ['EPIPE', 'ECONNRESET', 'ERR_IPC_CHANNEL_CLOSED'].includes(code)

const lost = (problem: string) => (running: string) =>
  new RuntimeLostError(
    running,
    `the process for it ${problem}`,
    'Start another with childRuntime() and load the program again; its arrays are lost',
  )

function epitaph(code: number | null, signal: string | null, said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() && !line.includes('XDG_RUNTIME_DIR'))
  const last = lines.findLast((line) => /error|terminate|abort|memory/i.test(line)) ?? lines.at(-1)
  const ended = signal ? `was ended by ${signal}` : `ended with code ${code}`
  if (last) return `${ended} after saying "${last.trim()}"`
  return signal === 'SIGKILL' ? `${ended}, by hand or because the system ran out of memory` : ended
}

/** Runs from the sources (with their loader) where this file is one, and from the built files otherwise. */
function forkMain(): ChildProcess {
  const source = import.meta.url.endsWith('.ts')
  const main = new URL(`./child-main.node.${source ? 'ts' : 'js'}`, import.meta.url)
  const loader = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return fork(fileURLToPath(main), {
    execArgv: source ? ['--conditions=genera-source', '--import', loader()] : [],
    serialization: 'advanced', // typed arrays travel as bytes
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** The trial of a device, where a driver that crashes does no harm. */
export async function measureInChild(device: Device): Promise<number> {
  const connection = new ChildConnection()
  const patience = setTimeout(() => void connection.close(), 60_000)
  try {
    return await connection.call('measure', { device }, `anything on ${device}`)
  } finally {
    clearTimeout(patience)
    await connection.close()
  }
}

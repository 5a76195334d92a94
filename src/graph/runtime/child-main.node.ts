/**
 * The program of the child process behind `childRuntime`: answers questions from the pipe until the parent is gone.
 */
import { Worker } from 'node:worker_threads'
import { isNDArray } from '../ndarray.js'
import {
  type Answer,
  type CallName,
  type Calls,
  type Failure,
  fromWire,
  type Question,
  toWire,
  type WireResident,
  type WireValue,
} from './child-protocol.js'
import { startRuntime } from './platform.node.js'
import { type Resident, type Runtime, RuntimeError, type Session, type Value } from './runtime.js'
import { trial } from './trial.js'

const sessions = new Map<number, Session>()
const residents = new Map<number, Resident>()
const numberOf = new WeakMap<Resident, number>()
let runtime: Runtime | undefined
let numbers = 0

function engine(): Runtime {
  if (!runtime) throw new RuntimeError('anything in a child process', 'it has not been started')
  return runtime
}

function find<T>(things: ReadonlyMap<number, T>, number: number, running: string): T {
  const thing = things.get(number)
  if (!thing) throw new RuntimeError(running, 'an array or program that it needs was disposed')
  return thing
}

function keep(resident: Resident): WireResident {
  const number = numberOf.get(resident) ?? ++numbers
  numberOf.set(resident, number)
  residents.set(number, resident)
  return { resident: number, dtype: resident.dtype, shape: resident.shape }
}

const receive = (value: WireValue): Value => ('resident' in value ? find(residents, value.resident, 'a program') : fromWire(value))

type Answers = { [K in CallName]: (ask: Calls[K]['ask']) => Promise<Calls[K]['answer']> }

const answers: Answers = {
  async start({ device, options, maxMemory }) {
    watch(maxMemory)
    runtime = await startRuntime(device, options)
    return { name: runtime.name, device: runtime.device }
  },
  measure: async ({ device }) => trial(await startRuntime(device)),
  async load({ model, options }) {
    const number = ++numbers
    sessions.set(number, await engine().load(model, options))
    return number
  },
  async run({ session, inputs, destinations }) {
    const values = await find(sessions, session, 'a program').run(
      inputs.map(receive),
      destinations.map((to) => (typeof to === 'string' ? to : find(residents, to.resident, 'a program'))),
    )
    return values.map((value) => (isNDArray(value) ? toWire(value) : keep(value)))
  },
  async unload({ session }) {
    await sessions.get(session)?.dispose()
    sessions.delete(session)
    return undefined
  },
  upload: async ({ array }) => keep(await engine().upload(fromWire(array))),
  read: async ({ resident }) => toWire(await find(residents, resident, 'the reading of an array').read()),
  async drop({ resident }) {
    residents.get(resident)?.dispose()
    residents.delete(resident)
    return undefined
  },
}

async function answer<K extends CallName>(call: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
  return answers[call](ask)
}

const failureOf = (cause: unknown): Failure =>
  cause instanceof RuntimeError
    ? { running: cause.running, problem: cause.problem, hint: cause.hint }
    : { running: 'a program', problem: cause instanceof Error ? cause.message : String(cause), hint: undefined }

// One question after another: an array is not dropped while a run before it still reads it.
let last: Promise<void> = Promise.resolve()
process.on('message', ({ id, call, ask }: Question) => {
  last = last
    .then(() => answer(call, ask))
    .then(
      (value): Answer => ({ id, value }),
      (cause): Answer => ({ id, failure: failureOf(cause) }),
    )
    .then((reply) => void process.send?.(reply, () => undefined)) // nobody is left to tell if the parent does not listen
})
process.on('disconnect', () => process.exit())

/**
 * A thread of its own notices while the engine computes that the parent is gone (then the process belongs to another) or that
 * the memory is used up, and ends the process at once.
 */
function watch(maxMemory = Number.POSITIVE_INFINITY): void {
  const script = `
    const { writeSync } = require('node:fs')
    const { parent, maxMemory } = require('node:worker_threads').workerData
    const mebibytes = (bytes) => Math.round(bytes / 2 ** 20) + ' MiB'
    setInterval(() => {
      const used = process.memoryUsage.rss()
      if (used > maxMemory) writeSync(2, 'it used ' + mebibytes(used) + ' of memory where ' + mebibytes(maxMemory) + ' were allowed\\n')
      if (used > maxMemory || process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
    }, 200)`
  new Worker(script, { eval: true, workerData: { parent: process.ppid, maxMemory } }).unref()
}

#!/usr/bin/env node
import type { Session } from './command.js'
import { exitCodes, run } from './program.js'

const interruption = new AbortController()
const unfinished = new Set<Promise<unknown>>()
const session: Session = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  async protect(work) {
    unfinished.add(work)
    try {
      return await work
    } finally {
      unfinished.delete(work)
    }
  },
}

process.once('SIGINT', async () => {
  process.once('SIGINT', () => process.exit(exitCodes.interrupted)) // whoever asks twice is in a hurry
  interruption.abort(new Error('Interrupted'))
  await Promise.allSettled(unfinished)
  process.exit(exitCodes.interrupted)
})

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(exitCodes.done) // whoever reads our output may have seen enough: `genera … | head -1`
  const problem = code === 'ENOSPC' ? 'no space is left on the disk' : message
  process.stderr.write(`Cannot write to standard output: ${problem}\n`)
  process.exit(exitCodes.failed)
})

process.exitCode = await run(process.argv.slice(2), session)

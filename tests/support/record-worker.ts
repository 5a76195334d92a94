import { threadId } from 'node:worker_threads'
import { serveRecords } from '../../src/training/workers.js'

/** Records for the tests of workers: numbers, and everything that can go wrong. */
serveRecords(({ add, fail }: { readonly add: number; readonly fail?: 'prepare' }) => {
  if (fail) throw new Error('nothing can be prepared')
  return async (index, epoch) => {
    if (index === 13) throw new RangeError('thirteen is unlucky')
    if (index === 66) process.exit(3)
    if (index === 77) return { cannot: () => 'travel' } as never
    if (index === 88) await new Promise(() => {})
    return { sum: index + add, epoch, bytes: new Uint8Array([index]), threadId }
  }
})

import { serveRecords } from '../../src/training/workers.js'

/** A worker that cannot make anything. */
serveRecords(() => () => {
  throw new Error('the worker is broken')
})

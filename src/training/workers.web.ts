import { GeneraError } from '../graph/errors.js'
import type { Threads } from './workers.js'

export const threads: Threads = {
  cores: () => navigator.hardwareConcurrency,

  start(script, listener) {
    const worker = typeof script === 'function' ? script() : new Worker(script, { type: 'module' })
    const where = script instanceof URL ? ` at ${script.href}: behind a bundler, pass a function that starts the worker` : ''
    const silent = `its script does not start${where}`
    worker.onmessage = ({ data }) => listener.message(data)
    worker.onmessageerror = () => listener.lost('its answer cannot be read')
    worker.onerror = (event) => {
      event.preventDefault()
      // A script that cannot be fetched has no message.
      listener.lost(event.message || silent, event.error)
      worker.terminate()
    }
    return {
      post: (message) => worker.postMessage(message),
      hold: () => {}, // a page does not wait for its workers
      end: async () => worker.terminate(),
    }
  },

  listen(hear) {
    const scope = globalThis as unknown as Pick<Worker, 'onmessage' | 'postMessage'>
    if ('document' in globalThis)
      throw new GeneraError('workers', 'Cannot serve records in the page itself', 'Pass this script to workerDataset()')
    scope.onmessage = ({ data }) => hear(data)
    return (answer) => scope.postMessage(answer)
  },
}

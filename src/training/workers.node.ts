import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort, Worker } from 'node:worker_threads'
import { GeneraError } from '../graph/errors.js'
import type { Threads, WorkerScript } from './workers.js'

export const threads: Threads = {
  cores: availableParallelism,

  start(script, listener) {
    const worker = startWorker(script)
    worker.on('message', (value) => listener.message(value))
    worker.on('error', (cause: Error) => listener.lost(cause.message, cause))
    worker.on('messageerror', (cause) => listener.lost(cause.message, cause))
    worker.on('exit', (code) => listener.lost(`its thread ended with code ${code}`))
    return {
      post: (message) => worker.postMessage(message),
      hold: (wait) => (wait ? worker.ref() : worker.unref()),
      end: async () => {
        await worker.terminate()
      },
    }
  },

  listen(hear) {
    const port = parentPort
    if (!port) throw new GeneraError('workers', 'Cannot serve records in the main thread', 'Pass this script to workerDataset()')
    port.on('message', hear)
    return (answer) => port.postMessage(answer)
  },
}

/**
 * From the sources a worker needs the loader of the sources. `--import` in a worker's flags does not reach it, so a module of three
 * lines registers the loader and then imports the script.
 */
function startWorker(script: WorkerScript): Worker {
  if (typeof script === 'function')
    throw new GeneraError('workers', 'Cannot start a worker of a browser in Node', 'Pass the URL of its script')
  const file = sourceOf(script)
  if (!file.pathname.endsWith('.ts')) return new Worker(file)
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm')).href
  const lines = [
    `import { register } from 'node:module'`,
    `register(${JSON.stringify(loader)}, { data: true })`,
    `await import(${JSON.stringify(file.href)})`,
  ]
  const conditions = import.meta.url.endsWith('.ts') ? ['--conditions=genera-source'] : []
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(lines.join('\n'))}`), { execArgv: conditions })
}

/** `x.ts` where `x.js` was named but only the source is there. */
function sourceOf(script: URL): URL {
  const source = new URL(script.href.replace(/\.js$/, '.ts'))
  return existsSync(fileURLToPath(script)) || !existsSync(fileURLToPath(source)) ? script : source
}

/**
 * The two globals that jax-js looks for before it uses threads, which Node does not have: `Worker`, as far as jax-js uses
 * it (a module from a blob URL, `onmessage`, `postMessage`), and `navigator.hardwareConcurrency`. Import it before jax-js.
 */
import { resolveObjectURL } from 'node:buffer'
import { Worker } from 'node:worker_threads'
import { threads } from './measurement.js'

const bootstrap = `
  const { parentPort, workerData: script } = require('node:worker_threads')
  globalThis.self = globalThis
  globalThis.postMessage = (message) => parentPort.postMessage(message)
  script.text().then((source) => {
    (0, eval)(source)
    parentPort.on('message', (data) => self.onmessage({ data }))
  })`

class WebWorker extends Worker {
  onmessage: (event: { data: unknown }) => void = () => {}
  onerror: (error: Error) => void = () => {}

  constructor(url: string) {
    super(bootstrap, { eval: true, workerData: resolveObjectURL(url) })
    this.on('message', (data) => this.onmessage({ data }))
    this.on('error', (error) => this.onerror(error))
  }
}

const define = (name: string, value: unknown) => Object.defineProperty(globalThis, name, { value, configurable: true })
define('Worker', WebWorker)
define('navigator', { hardwareConcurrency: threads })

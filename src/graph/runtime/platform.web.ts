import type { InferenceSession } from 'onnxruntime-web'
import type { Platform } from './platform.js'
import { type Device, type Loadable, type Runtime, RuntimeError, type RuntimeOptions } from './runtime.js'
import { probe, trial } from './trial.js'
import { defaultThreads, type WebModule, wasmEngine } from './wasm-engine.js'

// Threads need shared memory, which a page has only when it is cross-origin isolated: serve it with the headers
// `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp` (or `credentialless`).
// A content security policy needs `script-src 'self' 'wasm-unsafe-eval'` and `worker-src 'self'`.
//
// Bundlers put onnxruntime-web, which is imported on demand, into a script of its own with the .wasm file beside it. With a
// bundler that does neither (one script in all, or no assets), copy the files from onnxruntime-web/dist and pass `wasmPaths`.
// esbuild needs `--splitting --external:module --external:worker_threads` and the .wasm files copied beside its scripts.

/** Starts ONNX Runtime in this page or worker, on `wasm` or on `webgpu`. */
export async function startRuntime(device: Device, { threads, wasmPaths }: RuntimeOptions = {}): Promise<Runtime> {
  const running = `anything on ${device}`
  if (device === 'webgpu') await requireAdapter(running)
  else if (device !== 'wasm') throw new RuntimeError(running, 'a browser has no such device', "Use 'wasm', 'webgpu' or 'auto'")
  const ort = (await (device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'))) as unknown as WebModule
  const isolated = globalThis.crossOriginIsolated
  const runtime = wasmEngine(ort, {
    device,
    threads: isolated ? (threads ?? defaultThreads(navigator.hardwareConcurrency)) : 1,
    ...(wasmPaths !== undefined && { wasmPaths: absolute(wasmPaths) }),
    note: isolated ? undefined : 'threads need a page that is cross-origin isolated',
    external,
  })
  return probe(runtime)
}

type WasmPaths = NonNullable<RuntimeOptions['wasmPaths']>

/** The engine compares origins, so it is given whole URLs. */
function absolute(paths: WasmPaths): WasmPaths {
  const whole = (path: string) => new URL(path, globalThis.location.href).href
  if (typeof paths === 'string') return whole(paths)
  return { ...(paths.wasm && { wasm: whole(paths.wasm) }), ...(paths.mjs && { mjs: whole(paths.mjs) }) }
}

/** The part of WebGPU's entry point that is asked here. */
interface Gpu {
  requestAdapter(): Promise<unknown>
}

const gpu = (): Gpu | undefined => (navigator as Navigator & { gpu?: Gpu }).gpu

async function requireAdapter(running: string): Promise<void> {
  if (!gpu()) throw new RuntimeError(running, 'this browser has no WebGPU, or the page is not served over https', "Use device 'wasm'")
  if (!(await gpu()?.requestAdapter())) throw new RuntimeError(running, 'the browser finds no GPU that it can use', "Use device 'wasm'")
}

function external({ external, files }: Loadable, label: string): InferenceSession.SessionOptions {
  const [file] = files
  if (file !== undefined)
    throw new RuntimeError(label, `its weights lie in the file "${file}", which a page cannot open`, 'Read the file into memory first')
  return external.length > 0 ? { externalData: external.map(({ name, bytes }) => ({ path: name, data: bytes })) } : {}
}

const key = 'genera/devices'

/** Storage may be missing (workers), full or forbidden. */
function storage<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(localStorage)
  } catch {
    return undefined
  }
}

export const platform: Platform = {
  startRuntime,
  requestedDevice: () => undefined,
  candidates: async () => {
    const devices: readonly Device[] = gpu() ? ['wasm', 'webgpu'] : ['wasm']
    return { devices, fingerprint: `${navigator.userAgent} ${devices.join()} ${globalThis.crossOriginIsolated ? 'isolated' : 'open'}` }
  },
  measure: async (device, options) => trial(await startRuntime(device, options)),
  remembered: async () => storage((at) => at.getItem(key)) ?? undefined,
  remember: async (text) => storage((at) => at.setItem(key, text)),
}

import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-web'
import { measureInChild } from './child-connection.node.js'
import { loadNative, nativeEngine } from './native-engine.node.js'
import type { Platform } from './platform.js'
import { type Device, isDevice, type Loadable, type Runtime, RuntimeError, type RuntimeOptions } from './runtime.js'
import { probe, trial } from './trial.js'
import { defaultThreads, type WebModule, wasmEngine } from './wasm-engine.js'

/**
 * Starts ONNX Runtime in this process: the native build, or for `wasm`, and for `cpu` where the native build is missing, the other. Threads that
 * are left out are those that the environment variable `GENERA_THREADS` names.
 */
export async function startRuntime(device: Device, given: RuntimeOptions = {}): Promise<Runtime> {
  const threads = given.threads ?? requestedThreads()
  const options = { ...given, ...(threads !== undefined && { threads }) }
  if (device === 'wasm') return startWasm(options)
  const native = await loadNative()
  if (!('missing' in native)) {
    const runtime = nativeEngine(native, device, options)
    return device === 'cpu' ? runtime : probe(runtime)
  }
  if (device === 'cpu') return startWasm(options, native.missing)
  throw new RuntimeError(`anything on ${device}`, native.missing, "Install onnxruntime-node, or use device 'wasm'", {
    cause: native.cause,
  })
}

function requestedThreads(): number | undefined {
  const asked = process.env.GENERA_THREADS
  if (!asked) return undefined
  const threads = Number(asked)
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads
  throw new RuntimeError('anything', `GENERA_THREADS is ${JSON.stringify(asked.slice(0, 40))}`, 'Expected a whole number from 1 to 1024')
}

async function startWasm({ threads, wasmPaths }: RuntimeOptions, note?: string): Promise<Runtime> {
  const ort = (await import('onnxruntime-web')) as unknown as WebModule
  return wasmEngine(ort, {
    device: 'wasm',
    threads: threads ?? defaultThreads(availableParallelism()),
    ...(wasmPaths !== undefined && { wasmPaths }),
    note,
    external: wasmFiles,
  })
}

/** WebAssembly cannot map files: they are read into memory, whole. */
function wasmFiles({ external, folder = '', files }: Loadable): InferenceSession.SessionOptions {
  const inMemory = external.map(({ name, bytes }) => ({ path: name, data: bytes }))
  const onDisk = files.map((file) => ({ path: file, data: join(folder || '/', file) }))
  return inMemory.length + onDisk.length > 0 ? { externalData: [...inMemory, ...onDisk] } : {}
}

async function candidates(): ReturnType<Platform['candidates']> {
  const native = await loadNative()
  if ('missing' in native) return { devices: ['wasm'], fingerprint: native.missing }
  const devices = native.listSupportedBackends().flatMap(({ name }) => (isDevice(name) ? [name] : []))
  // Drivers are chosen by these variables; one that is installed later is found by deleting the file or by GENERA_DEVICE.
  const drivers = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? ''
  const { platform, arch } = process
  return { devices, fingerprint: `onnxruntime-node ${native.env.versions.node} ${platform} ${arch} ${devices.join()} ${drivers}`.trim() }
}

const memoryFile = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'genera', 'devices.json')

async function remember(text: string): Promise<void> {
  const file = memoryFile()
  const fresh = `${file}.${process.pid}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(fresh, text)
    await rename(fresh, file) // readers see the old file or the new one, never half of one
  } catch {
    await rm(fresh, { force: true }).catch(() => undefined) // a cache that cannot be written is measured anew each time
  }
}

export const platform: Platform = {
  startRuntime,
  requestedDevice: () => process.env.GENERA_DEVICE || undefined,
  candidates,
  // A driver that crashes takes a child process with it, not this one.
  measure: async (device, options) =>
    device === 'cpu' || device === 'wasm' ? trial(await startRuntime(device, options)) : measureInChild(device),
  remembered: () => readFile(memoryFile(), 'utf8').catch(() => undefined),
  remember,
}

import { access, constants, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { availableParallelism, freemem, homedir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../contract/version.js'
import { availableDevices, type Device, startRuntime } from '../graph/index.js'
import { trial } from '../graph/runtime/trial.js'
import type { BuiltSystems } from '../taxonomy/index.js'
import { embeddedWeights } from '../weights/index.js'
import { embeddedPresent } from './describe-system.js'

export interface Examination {
  readonly genera: string
  readonly node: { readonly version: string; readonly platform: string }
  /** The engine that does the arithmetic. */
  readonly runtime: string
  /** Fastest first, each with a product of matrices measured just now. */
  readonly devices: readonly { readonly device: Device; readonly gflops: number }[]
  readonly threads: number
  /** In bytes; within the limit of a container, if there is one. */
  readonly memory: { readonly total: number; readonly free: number }
  readonly packages: readonly { readonly name: string; readonly version: string | null; readonly purpose: string }[]
  readonly weights: readonly { readonly name: string; readonly bytes: number }[]
  readonly cache: { readonly folder: string; readonly writable: boolean }
  /** What somebody has to do something about. */
  readonly problems: readonly string[]
  /** What could be better. */
  readonly remarks: readonly string[]
}

/** Package and what it is for; genera works without them, in its own slower ways or with fewer formats. */
const optional = {
  'onnxruntime-node': 'arithmetic at full speed, and graphics cards',
  sharp: 'fast pictures, and WebP',
  '@napi-rs/webcodecs': 'films, MP3 and Ogg',
}

export async function examine(systems: BuiltSystems, signal: AbortSignal): Promise<Examination> {
  const problems: string[] = []
  const remarks: string[] = []
  const node = { version: process.version, platform: `${process.platform} ${process.arch}` }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) problems.push(`Node ${process.version} is too old: genera needs 20.19 or newer`)
  const packages = await Promise.all(
    Object.entries(optional).map(async ([name, purpose]) => ({ name, version: (await installed(name)) ?? null, purpose })),
  )
  for (const { name, version, purpose } of packages)
    if (version === null) remarks.push(`Without ${name} there is no ${purpose}: npm install ${name}`)
  const native = packages[0]?.version
  const runtime = native ? `onnxruntime-node ${native}` : `onnxruntime-web ${(await installed('onnxruntime-web')) ?? '(missing)'}`
  const devices = await measured(problems, signal)
  const total = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem())
  const memory = { total, free: Math.min(freemem(), total) }
  if (total < 2 * 2 ** 30) remarks.push('Less than 2 GiB of memory: published weights will not fit')
  for (const load of Object.values(systems)) {
    const system = await load()
    if ((await embeddedPresent(system)) === false)
      problems.push(`The weights of ${system.id} are missing: install genera anew, or genera train ${system.id}`)
  }
  const cache = await cacheFolder()
  if (!cache.writable) remarks.push(`${cache.folder} cannot be written: devices are measured anew each time`)
  const threads = availableParallelism()
  return { genera: version, node, runtime, devices, threads, memory, packages, weights: await weightsFound(), cache, problems, remarks }
}

/** The trial program is four products of 512 × 512 matrices. */
const trialFlops = 4 * 2 * 512 ** 3

async function measured(problems: string[], signal: AbortSignal): Promise<Examination['devices']> {
  const found: { device: Device; gflops: number }[] = []
  try {
    for (const device of await availableDevices()) {
      signal.throwIfAborted()
      const runtime = await startRuntime(device)
      try {
        found.push({ device, gflops: trialFlops / (await trial(runtime)) / 1e6 })
      } finally {
        await runtime.dispose()
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    problems.push(error instanceof Error ? error.message : String(error))
  }
  return found.sort((a, b) => b.gflops - a.gflops)
}

/** The version of a package that can be loaded; undefined for one that is missing or does not load here. */
async function installed(name: string): Promise<string | undefined> {
  try {
    await import(name)
    for (let folder = dirname(fileURLToPath(import.meta.resolve(name))); folder !== dirname(folder); folder = dirname(folder)) {
      const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
      const found = JSON.parse(text) as { readonly name?: string; readonly version?: string }
      if (found.name === name) return found.version
    }
    return undefined
  } catch {
    return undefined
  }
}

async function weightsFound(): Promise<Examination['weights']> {
  const folder = fileURLToPath(new URL('.', embeddedWeights('any')))
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const weights = names.filter((name) => name.endsWith('.safetensors')).sort()
  return Promise.all(weights.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
}

async function cacheFolder(): Promise<Examination['cache']> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'genera')
  const writable = await mkdir(folder, { recursive: true })
    .then(() => access(folder, constants.W_OK))
    .then(
      () => true,
      () => false,
    )
  return { folder, writable }
}

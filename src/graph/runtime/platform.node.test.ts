import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { array, type NDArray } from '../ndarray.js'
import { emitModel } from '../onnx/emitter.js'
import { placeholder } from '../ops/constant.js'
import { platform, startRuntime } from './platform.node.js'
import type { Runtime } from './runtime.js'

async function double(runtime: Runtime, values: number[]): Promise<unknown> {
  const x = placeholder([values.length])
  const session = await runtime.load(emitModel([x], [x.mul(2)], { device: runtime.device, fuse: true }))
  const [result] = await session.run([array(values)], ['fetch'])
  return (result as NDArray).toNested()
}

describe('startRuntime()', () => {
  test('starts the native engine on cpu and says its name', async () => {
    const runtime = await startRuntime('cpu', { threads: 1, spin: false })
    expect(runtime).toMatchObject({ name: 'onnxruntime-node cpu, 1 thread', device: 'cpu' })
    expect(await double(runtime, [1, 2])).toEqual([2, 4])
  })

  test('starts WebAssembly when it is asked for', async () => {
    const runtime = await startRuntime('wasm', { threads: 1 })
    expect(runtime).toMatchObject({ name: 'onnxruntime-web wasm, 1 thread', device: 'wasm' })
    expect(await double(runtime, [1, 2])).toEqual([2, 4])
  })

  test('says at once when a device is not there', async () => {
    await expect(startRuntime('coreml')).rejects.toThrow(
      process.platform === 'darwin' ? /./ : /^Cannot run anything on coreml: onnxruntime-node coreml does not load it: .*backend not found/,
    )
  })
})

describe('startRuntime() without a native engine', () => {
  beforeEach(() => {
    vi.doMock('onnxruntime-node', () => {
      throw Object.assign(new Error("Cannot find module 'onnxruntime-node'"), { code: 'MODULE_NOT_FOUND' })
    })
  })
  afterEach(() => vi.doUnmock('onnxruntime-node'))

  test('runs cpu programs on WebAssembly and says why', async () => {
    const runtime = await startRuntime('cpu')
    expect(runtime.device).toBe('wasm')
    expect(runtime.name).toMatch(/^onnxruntime-web wasm, \d+ threads? \(onnxruntime-node (is not installed|does not load on \w+ \w+)\)$/)
    expect(await double(runtime, [1, 2])).toEqual([2, 4])
  })

  test('refuses a GPU and says what to install', async () => {
    await expect(startRuntime('webgpu')).rejects.toThrow(
      /^Cannot run anything on webgpu: onnxruntime-node .*\. Install onnxruntime-node, or use device 'wasm'$/,
    )
  })

  test('offers wasm alone', async () => {
    expect(await platform.candidates()).toMatchObject({ devices: ['wasm'] })
  })
})

test('platform.requestedDevice() is what GENERA_DEVICE says, and nothing where it is empty', () => {
  vi.stubEnv('GENERA_DEVICE', 'webgpu')
  expect(platform.requestedDevice()).toBe('webgpu')
  vi.stubEnv('GENERA_DEVICE', '')
  expect(platform.requestedDevice()).toBeUndefined()
  vi.unstubAllEnvs()
})

test('startRuntime() takes the threads that GENERA_THREADS names, unless it is told otherwise, and refuses what is no number of threads', async () => {
  vi.stubEnv('GENERA_THREADS', '1')
  expect((await platform.startRuntime('cpu')).name).toBe('onnxruntime-node cpu, 1 thread')
  expect((await platform.startRuntime('cpu', { threads: 2 })).name).toBe('onnxruntime-node cpu, 2 threads')
  vi.stubEnv('GENERA_THREADS', 'many')
  await expect(platform.startRuntime('cpu')).rejects.toThrow(
    'Cannot run anything: GENERA_THREADS is "many". Expected a whole number from 1 to 1024',
  )
  vi.unstubAllEnvs()
})

describe('platform.remember()', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'genera-'))
    vi.stubEnv('XDG_CACHE_HOME', folder)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  test('keeps one whole file in the cache directory', async () => {
    expect(await platform.remembered()).toBeUndefined()
    await Promise.all(['one', 'two', 'three'].map((text) => platform.remember(text)))
    expect(['one', 'two', 'three']).toContain(await platform.remembered())
    expect(await readdir(join(folder, 'genera'))).toEqual(['devices.json'])
  })

  test('does nothing where the cache cannot be written', async () => {
    await writeFile(join(folder, 'genera'), 'a file where the folder should be')
    await platform.remember('text')
    expect(await platform.remembered()).toBeUndefined()
    expect(await readFile(join(folder, 'genera'), 'utf8')).toBe('a file where the folder should be')
    await chmod(folder, 0o500)
    await platform.remember('text')
    await chmod(folder, 0o700)
  })
})

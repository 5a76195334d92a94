import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compile, stateful } from '../compile.js'
import { array, type NDArray, scalar, zeros } from '../ndarray.js'
import { emitModel } from '../onnx/emitter.js'
import { fileConstant, placeholder } from '../ops/constant.js'
import type { Tensor } from '../tensor.js'
import { childRuntime } from './child.node.js'
import { ChildConnection } from './child-connection.node.js'
import { startRuntime } from './platform.node.js'
import { type Runtime, RuntimeError, RuntimeLostError } from './runtime.js'

const pidOf = (runtime: Runtime): number => Number(runtime.name.split(' ').at(-1))

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A program that keeps the engine busy for a second or so. */
const busy = (runtime: Runtime) =>
  compile(
    (x: Tensor) => {
      let y = x
      for (let i = 0; i < 8; i++) y = y.matmul(x)
      return y.sum()
    },
    { runtime, label: 'long work' },
  )

describe('childRuntime()', () => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = await childRuntime({ device: 'cpu', threads: 1 })
  })
  afterAll(() => runtime.dispose())

  test('says which engine runs in which process', () => {
    expect(runtime.name).toMatch(/^onnxruntime-node cpu, 1 thread in process \d+$/)
    expect(runtime.device).toBe('cpu')
  })

  test('computes what a runtime in this process computes, with its state in the child', async () => {
    const results = []
    for (const on of [runtime, await startRuntime('cpu', { threads: 1 })]) {
      const count = stateful(
        (state: { n: Tensor }, by: Tensor) => [{ n: state.n.add(by) }, state.n.exp()] as const,
        { n: scalar(0) },
        { runtime: on },
      )
      for (const by of [1, 2, 3]) results.push((await count.run(scalar(by))).item())
      results.push((await count.read()).n.item())
      await count.dispose()
    }
    expect(results.slice(0, 4)).toEqual(results.slice(4))
    expect(results[3]).toBe(6)
  })

  test('leaves the event loop of this process free while it computes', async () => {
    const work = busy(runtime)
    await work(zeros([1024, 1024]))
    let ticks = 0
    const clock = setInterval(() => ticks++, 5)
    await work(zeros([1024, 1024]))
    clearInterval(clock)
    expect(ticks).toBeGreaterThan(5)
    await work.dispose()
  })

  test('keeps arrays in the child from one program to another, until they are disposed', async () => {
    const x = placeholder([2])
    const session = await runtime.load(emitModel([x], [x.mul(2)], { device: 'cpu', fuse: true }), { label: 'doubling' })
    const first = await runtime.upload(array([1, 2]))
    const [second] = await session.run([first], ['keep'])
    const [third] = await session.run([second as NDArray], [first])
    expect(third).toBe(first)
    expect((await first.read()).toNested()).toEqual([4, 8])
    first.dispose()
    await expect(first.read()).rejects.toThrow('Cannot run the reading of an array: an array or program that it needs was disposed')
    await session.dispose()
    await expect(session.run([array([1, 2])], ['fetch'])).rejects.toThrow('an array or program that it needs was disposed')
  })

  test('carries every element type and large arrays', async () => {
    for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'int8', 'bool'] as const) {
      const values = array([1, 0, 1], { dtype })
      expect(await (await runtime.upload(values)).read()).toEqual(values)
    }
    const large = new Float32Array(4 * 2 ** 20).map((_, i) => i)
    const copy = await (await runtime.upload(array(large))).read()
    expect(Buffer.compare(copy.bytes, new Uint8Array(large.buffer))).toBe(0)
  })

  test('opens weights in the child by their path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genera-'))
    await writeFile(join(folder, 'weights.bin'), new Uint8Array(new Float32Array([3, 5]).buffer))
    const region = { source: { path: join(folder, 'weights.bin') }, offset: 0, length: 8 }
    const scale = compile((x: Tensor) => x.mul(fileConstant(region, 'float32', [2], 'weight')), { runtime })
    expect((await scale(array([1, 10]))).toNested()).toEqual([3, 50])
    await rm(folder, { recursive: true })
    await scale.dispose()
  })

  test("passes the engine's errors on under the same class and sentence", async () => {
    const x = placeholder([2])
    const session = await runtime.load(emitModel([x], [x.mul(2)], { device: 'cpu', fuse: true }), { label: 'doubling' })
    const failing = session.run([zeros([3])], ['fetch'])
    await expect(failing).rejects.toThrow(/^Cannot run doubling: .*in0/)
    await expect(failing).rejects.toBeInstanceOf(RuntimeError)
    await expect(failing).rejects.not.toBeInstanceOf(RuntimeLostError)
  })

  test('refuses arrays of another runtime', async () => {
    const foreign = await (await startRuntime('cpu')).upload(zeros([2]))
    const x = placeholder([2])
    const session = await runtime.load(emitModel([x], [x.mul(2)], { device: 'cpu', fuse: true }))
    await expect(session.run([foreign], ['fetch'])).rejects.toThrow('it was given an array of another runtime, float32[2]. read() it first')
  })
})

describe('childRuntime() in trouble', () => {
  test('a child that is killed rejects what it was running and everything after, and says what to do', async () => {
    const runtime = await childRuntime({ device: 'cpu', threads: 1 })
    const state = await runtime.upload(zeros([2]))
    const work = busy(runtime)
    const running = [work(zeros([512, 512])), work(zeros([512, 512]))]
    process.kill(pidOf(runtime), 'SIGKILL')
    for (const outcome of await Promise.allSettled(running)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'RuntimeLostError', running: 'long work' } })
      expect((outcome as PromiseRejectedResult).reason.message).toBe(
        'Cannot run long work: the process for it was ended by SIGKILL, by hand or because the system ran out of memory. Start another with childRuntime() and load the program again; its arrays are lost',
      )
    }
    await expect(state.read()).rejects.toThrow(RuntimeLostError)
    await expect(runtime.upload(zeros([2]))).rejects.toThrow('Cannot run the upload of float32[2]: the process for it was ended by SIGKILL')
    state.dispose()
    await work.dispose()
    await runtime.dispose()
  })

  test('a child that aborts is lost too', async () => {
    const runtime = await childRuntime({ device: 'cpu' })
    const state = await runtime.upload(zeros([2]))
    process.kill(pidOf(runtime), 'SIGABRT')
    await expect(state.read()).rejects.toThrow(/the process for it was ended by SIGABRT/)
  })

  test('a child that uses more memory than it may is ended and says so', async () => {
    const runtime = await childRuntime({ device: 'cpu', maxMemory: 300 * 2 ** 20 })
    const large = zeros([16 * 2 ** 20])
    const arrays = Array.from({ length: 5 }, () => runtime.upload(large))
    await expect(Promise.all(arrays)).rejects.toThrow(
      /^Cannot run the upload of float32\[16777216\]: the process for it was ended by SIGKILL after saying "it used \d+ MiB of memory where 300 MiB were allowed"/,
    )
    await Promise.allSettled(arrays)
  })

  test('dispose() ends the process and rejects what still runs', async () => {
    const runtime = await childRuntime({ device: 'cpu' })
    const running = busy(runtime)(zeros([1024, 1024]))
    const rejected = expect(running).rejects.toThrow('Cannot run long work: its runtime was disposed. Start another with childRuntime()')
    await vi.waitFor(() => expect(lives(pidOf(runtime))).toBe(true))
    await runtime.dispose()
    await rejected
    expect(lives(pidOf(runtime))).toBe(false)
  })

  test('a device that is not there is an error, and no process stays behind', async () => {
    await expect(childRuntime({ device: 'dml' })).rejects.toThrow(
      process.platform === 'win32' ? /./ : /^Cannot run anything on dml: .*backend not found/,
    )
  })

  test.skipIf(process.platform !== 'linux')('webgpu without a driver says what is missing', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/no/driver.json')
    await expect(childRuntime({ device: 'webgpu' })).rejects.toThrow(/Failed to get a WebGPU adapter.*WebGPU needs a driver for Vulkan/)
    vi.unstubAllEnvs()
  })
})

describe('the process that started a child', () => {
  const start = `
    import { childRuntime } from ${JSON.stringify(new URL('./child.node.ts', import.meta.url).href)}
    import { compile } from ${JSON.stringify(new URL('../compile.ts', import.meta.url).href)}
    import { zeros } from ${JSON.stringify(new URL('../ndarray.ts', import.meta.url).href)}
    const runtime = await childRuntime({ device: 'cpu', threads: 1 })
    const work = compile((x) => { let y = x; for (let i = 0; i < 200; i++) y = y.matmul(x); return y.sum() }, { runtime })
    console.log(runtime.name)`
  const flags = ['--conditions=genera-source', '--import', 'tsx', '--input-type=module', '-e']

  test('ends when its work is done, although it did not dispose the child, which ends with it', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, `${start}; await work(zeros([4, 4]))`], { timeout: 30_000 })
    const pid = Number(stdout.trim().split(' ').at(-1))
    await vi.waitFor(() => expect(lives(pid)).toBe(false), { timeout: 5000 })
  })

  test.skipIf(process.platform === 'win32')('takes the child with it when it is killed, even in the middle of a long run', async () => {
    const parent = spawn(process.execPath, [...flags, `${start}; await work(zeros([2048, 2048]))`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line).trim().split(' ').at(-1))
    await new Promise((resolve) => setTimeout(resolve, 1000)) // into the run, which takes a minute
    expect(lives(pid)).toBe(true)
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(lives(pid)).toBe(false), { timeout: 5000 })
  })
})

test('a process that ends its child waits for all that is left of it, its pipes included, and else would end too soon', async () => {
  const pipes = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length // those that keep a process alive
  const connection = new ChildConnection()
  const idle = pipes()
  const closed = connection.close()
  expect(pipes()).toBeGreaterThan(idle)
  await closed
  expect(pipes()).toBe(idle)
})

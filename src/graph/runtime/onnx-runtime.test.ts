import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { named } from '../dimension.js'
import { array, fill, type NDArray, scalar, zeros } from '../ndarray.js'
import { emitModel } from '../onnx/emitter.js'
import { constant, fileConstant, placeholder } from '../ops/constant.js'
import type { Tensor } from '../tensor.js'
import type { Held } from './held.js'
import { startRuntime } from './platform.node.js'
import { type Resident, type Runtime, RuntimeError, type Session } from './runtime.js'

let runtime: Runtime
beforeAll(async () => {
  runtime = await startRuntime('cpu', { threads: 2 })
})
afterAll(() => runtime.dispose())

/** A program over float32 inputs of these shapes. */
function load(
  shapes: readonly (readonly number[])[],
  fn: (...inputs: Tensor[]) => Tensor[],
  on = runtime,
  label = 'a test',
): Promise<Session> {
  const inputs = shapes.map((shape) => placeholder(shape))
  return on.load(emitModel(inputs, fn(...inputs), { device: on.device, fuse: true }), { label })
}

describe('engine()', () => {
  test('run() gives what it fetches as arrays of its own, untouched by the next run', async () => {
    const session = await load([[3]], (x) => [(x as Tensor).mul(2)])
    const [first] = await session.run([array([1, 2, 3])], ['fetch'])
    await session.run([array([4, 5, 6])], ['fetch'])
    expect((first as NDArray).toNested()).toEqual([2, 4, 6])
  })

  test('run() writes into the very memory of a resident that it is given as a destination', async () => {
    const session = await load([[2]], (x) => [(x as Tensor).add(1)])
    const state = await runtime.upload(array([1, 2]))
    const memory = (state as Held).tensor.data as Float32Array
    const [returned] = await session.run([state], [state])
    expect(returned).toBe(state)
    expect([...memory]).toEqual([2, 3])
    expect((state as Held).tensor.data).toBe(memory)
  })

  test('run() gives the same whether it knows the shapes of its outputs already or not, and what it fetched stays as it was', async () => {
    const [x, y] = [placeholder([named('n')]), placeholder([2])]
    const session = await runtime.load(emitModel([x, y], [y.add(1), x.mul(2)], { device: 'cpu', fuse: true }))
    const state = await runtime.upload(array([1, 2]))
    const fetched: NDArray[] = []
    for (const values of [[1, 2, 3], [4, 5, 6], [7], [8, 9, 10]]) {
      const [next, doubled] = await session.run([array(values), state], [state, 'fetch'])
      expect(next).toBe(state)
      fetched.push(doubled as NDArray)
    }
    expect(fetched.map((array) => array.toNested())).toEqual([[2, 4, 6], [8, 10, 12], [14], [16, 18, 20]])
    expect((await state.read()).toNested()).toEqual([5, 6])
  })

  test('upload() and read() copy: neither side sees the other change', async () => {
    const source = array([1, 2])
    const session = await load([[2]], (x) => [(x as Tensor).add(1)])
    const state = await runtime.upload(source)
    const before = await state.read()
    await session.run([state], [state])
    expect(source.toNested()).toEqual([1, 2])
    expect(before.toNested()).toEqual([1, 2])
    expect((await state.read()).toNested()).toEqual([2, 3])
  })

  test('run() takes kept outputs as inputs of another program', async () => {
    const double = await load([[2]], (x) => [(x as Tensor).mul(2)])
    const add = await load([[2], [2]], (x, y) => [(x as Tensor).add(y as Tensor)])
    const [kept] = await double.run([array([1, 2])], ['keep'])
    const [sum] = await add.run([kept as Resident, array([10, 20])], ['fetch'])
    expect((sum as NDArray).toNested()).toEqual([12, 24])
  })

  test('run() reads weights out of files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genera-'))
    try {
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(new Float32Array([0, 3, 5, 7]).buffer))
      for (const on of [runtime, await startRuntime('wasm')]) {
        const region = { source: { path: join(folder, 'weights.bin') }, offset: 4, length: 8 }
        const session = await load([[2]], (x) => [(x as Tensor).mul(fileConstant(region, 'float32', [2], 'weight'))], on)
        const [result] = await session.run([array([1, 10])], ['fetch'])
        expect((result as NDArray).toNested()).toEqual([3, 50])
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('load() names the program and the file when the weights are gone', async () => {
    const region = { source: { path: '/no/such/weights.bin' }, offset: 0, length: 8 }
    const loading = load([[2]], (x) => [(x as Tensor).mul(fileConstant(region, 'float32', [2], 'weight'))], runtime, 'the painter')
    await expect(loading).rejects.toThrow(RuntimeError)
    await expect(loading).rejects.toThrow(/^Cannot run the painter: onnxruntime-node cpu, 2 threads does not load it: .*weights\.bin/)
  })

  test('run() says what the engine said when the shapes do not fit', async () => {
    const session = await load([[2]], (x) => [(x as Tensor).mul(2)], runtime, 'the painter')
    const running = session.run([zeros([3])], ['fetch'])
    await expect(running).rejects.toThrow(/^Cannot run the painter: .*in0/)
    await expect(running).rejects.toMatchObject({ name: 'RuntimeError', code: 'runtime', running: 'the painter' })
  })

  test('run() refuses after dispose(), and dispose() may be called twice', async () => {
    const session = await load([[2]], (x) => [(x as Tensor).mul(2)])
    await session.dispose()
    await session.dispose()
    await expect(session.run([zeros([2])], ['fetch'])).rejects.toThrow('Cannot run a test: its session was disposed. Compile it again')
  })

  test('run() refuses arrays that were disposed, arrays of another runtime, and bfloat16', async () => {
    const session = await load([[2]], (x) => [(x as Tensor).mul(2)])
    const gone = await runtime.upload(zeros([2]))
    gone.dispose()
    await expect(gone.read()).rejects.toThrow('an array that it needs was disposed')
    await expect(session.run([gone], ['fetch'])).rejects.toThrow('an array that it needs was disposed')
    const foreign = { dtype: 'float32', shape: [2], read: async () => zeros([2]), dispose: () => undefined } as const
    await expect(session.run([foreign], ['fetch'])).rejects.toThrow('it was given an array of another runtime, float32[2]. read() it first')
    await expect(runtime.upload(zeros([2], 'bfloat16'))).rejects.toThrow("Cast the array first: array.cast('float32')")
  })

  test('upload() and run() carry every element type', async () => {
    for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'int8', 'bool'] as const) {
      const values = fill(dtype, [3], (i) => i % 2)
      const x = placeholder([3], dtype)
      const session = await runtime.load(emitModel([x], [x], { device: 'cpu', fuse: true }))
      const [out] = await session.run([await runtime.upload(values)], ['fetch'])
      expect(out).toEqual(values)
    }
  })

  test('dispose() gives the memory of a program back', async () => {
    const mebibytes = () => process.memoryUsage.rss() / 2 ** 20
    const weights = fill('float32', [4096, 4096], (i) => i % 3) // 64 MiB
    const cycle = async (): Promise<void> => {
      const session = await load([[1, 4096]], (x) => [(x as Tensor).matmul(constant(weights))])
      await session.run([zeros([1, 4096])], ['fetch'])
      await session.dispose()
    }
    await cycle()
    const before = mebibytes()
    for (let i = 0; i < 5; i++) await cycle()
    expect(mebibytes() - before).toBeLessThan(64)
  })

  test('dispose() of the runtime disposes its programs', async () => {
    const other = await startRuntime('cpu', { threads: 1 })
    const session = await load([[]], (x) => [(x as Tensor).mul(2)], other)
    await other.dispose()
    await expect(session.run([scalar(1)], ['fetch'])).rejects.toThrow('its session was disposed')
  })

  test('runs of one wasm runtime that start at the same time wait for each other', async () => {
    const wasm = await startRuntime('wasm')
    const session = await load([[2]], (x) => [(x as Tensor).mul(2)], wasm)
    const state = await wasm.upload(array([1, 1]))
    await Promise.all([session.run([state], [state]), session.run([array([3, 4])], ['fetch']), state.read()])
    const [a, b] = await Promise.all([session.run([state], ['fetch']), session.run([array([5, 6])], ['fetch'])])
    expect([a, b].map(([out]) => (out as NDArray).toNested())).toEqual([
      [4, 4],
      [10, 12],
    ])
  })
})

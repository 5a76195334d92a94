import { afterAll, beforeAll, expect, test } from 'vitest'
import { stateful } from '../../src/graph/compile.js'
import { array, fill, scalar } from '../../src/graph/ndarray.js'
import type { Held } from '../../src/graph/runtime/held.js'
import { startRuntime } from '../../src/graph/runtime/platform.node.js'
import type { Destination, Runtime, Value } from '../../src/graph/runtime/runtime.js'
import type { Tensor } from '../../src/graph/tensor.js'
import { noSoftwareGpu, softwareGpu } from './chromium.js'

// WebGPU in Node, on Chromium's Vulkan driver in software.

let runtime: Runtime
beforeAll(async () => {
  if (!softwareGpu) return
  process.env.VK_DRIVER_FILES ??= softwareGpu
  runtime = await startRuntime('webgpu')
})
afterAll(() => runtime?.dispose())

const onGpu = (name: string, body: () => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (!softwareGpu) skip(noSoftwareGpu)
    await body()
  })

onGpu('upload() moves arrays to the GPU where it has their element type, and read() brings them back', async () => {
  for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'bool', 'int8'] as const)
    for (const shape of [[], [0], [3], [2, 2]]) {
      const values = fill(dtype, shape, (i) => i % 2)
      const resident = await runtime.upload(values)
      expect((resident as Held).tensor.location).toBe(dtype === 'int8' || values.length === 0 ? 'cpu' : 'gpu-buffer')
      expect(await resident.read()).toEqual(values)
      resident.dispose()
    }
})

onGpu('a state stays on the GPU from run to run, also a part of it that never changes', async () => {
  const seen: string[] = []
  const spy: Runtime = {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options)
      return {
        dispose: () => session.dispose(),
        async run(inputs: readonly Value[], destinations: readonly Destination[]) {
          seen.push(inputs.map((value) => ('read' in value ? (value as Held).tensor.location : 'array')).join())
          return session.run(inputs, destinations)
        },
      }
    },
  }
  const step = (state: { x: Tensor; factor: Tensor }, by: Tensor) =>
    [{ x: state.x.mul(state.factor).add(by), factor: state.factor }, state.x.sum()] as const
  const program = stateful(step, { x: array([1, 2]), factor: scalar(3) }, { runtime: spy })
  const sums = []
  for (const by of [1, 1, 2]) sums.push((await program.run(scalar(by))).item())
  expect(sums).toEqual([3, 11, 35])
  expect((await program.read()).x.toNested()).toEqual([41, 68])
  expect(seen).toEqual(Array(3).fill('gpu-buffer,gpu-buffer,array'))
  await program.dispose()
})

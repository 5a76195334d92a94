import { platform } from '#runtime'
import { scalar } from '../../src/graph/ndarray.js'
import { emitModel } from '../../src/graph/onnx/emitter.js'
import { fileConstant } from '../../src/graph/ops/constant.js'
import { availableDevices } from '../../src/graph/runtime/devices.js'
import type { Held } from '../../src/graph/runtime/held.js'
import type { Device, RuntimeOptions } from '../../src/graph/runtime/runtime.js'
import { type TrainingRun, train } from './program.js'

/** What a page can do for a test; it is there as `genera`. */
const page = {
  /** Trains; also says where an array lies that is uploaded. */
  async train(device: Device): Promise<TrainingRun & { readonly location: string }> {
    const runtime = await platform.startRuntime(device)
    const run = await train(runtime)
    const { location } = ((await runtime.upload(scalar(1))) as Held).tensor
    await runtime.dispose()
    return { ...run, location }
  },
  /** The name of the runtime that starts, or why none does. */
  start: (device: Device, options: RuntimeOptions = {}): Promise<string> =>
    platform.startRuntime(device, options).then(
      ({ name }) => name,
      (error: Error) => error.message,
    ),
  /** Loads a program whose weights lie in a file. */
  async loadFile(): Promise<string> {
    const runtime = await platform.startRuntime('wasm')
    const region = { source: { path: '/models/painter.safetensors' }, offset: 0, length: 4 }
    const weight = fileConstant(region, 'float32', [1], 'weight')
    return runtime.load(emitModel([], [weight.add(1)], { device: 'wasm', fuse: true }), { label: 'the painter' }).then(
      () => 'it loads',
      (error: Error) => error.message,
    )
  },
  devices: async () => ({ devices: await availableDevices(), remembered: await platform.remembered() }),
}

export type Page = typeof page

Object.assign(globalThis, { genera: page })

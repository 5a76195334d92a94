import { platform } from '#runtime'
import { availableDevices } from '../../src/graph/runtime/devices.js'
import type { Device } from '../../src/graph/runtime/runtime.js'
import { type TrainingRun, train } from './program.js'

/** What the test asks the page to do, and gets back. */
export interface Page {
  train(device: Device): Promise<TrainingRun>
  devices(): Promise<{ readonly devices: readonly Device[]; readonly remembered: string | undefined }>
  refusal(device: Device): Promise<string>
}

const page: Page = {
  async train(device) {
    const runtime = await platform.startRuntime(device)
    const run = await train(runtime)
    await runtime.dispose()
    return run
  },
  devices: async () => ({ devices: await availableDevices(), remembered: await platform.remembered() }),
  refusal: (device) =>
    platform.startRuntime(device).then(
      () => 'it started',
      (error: Error) => error.message,
    ),
}

Object.assign(globalThis, { page })

import type { Device, Runtime, RuntimeOptions } from './runtime.js'

export async function startRuntime(device: Device, _options: RuntimeOptions = {}): Promise<Runtime> {
  throw new Error(`not built yet: ${device}`)
}

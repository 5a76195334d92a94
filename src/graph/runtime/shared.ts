import { platform } from '#runtime'
import { forgetDevices, noDevice, preferredDevices } from './devices.js'
import type { Device, Runtime } from './runtime.js'

const started = new Map<Device | 'auto', Promise<Runtime>>()

/**
 * The runtime that programs use when none is given: started on first use, one per process and device. `auto` is the device
 * that the environment variable `GENERA_DEVICE` names, or else the fastest one here.
 */
export function sharedRuntime(device: Device | 'auto' = 'auto'): Promise<Runtime> {
  const known = started.get(device)
  if (known) return known
  const starting = device === 'auto' ? startBest() : platform.startRuntime(device)
  started.set(device, starting)
  starting.catch(() => started.delete(device)) // a failed start must not poison the next call
  return starting
}

async function startBest(): Promise<Runtime> {
  const failures: unknown[] = []
  for (const device of await preferredDevices()) {
    try {
      return await sharedRuntime(device)
    } catch (cause) {
      failures.push(cause) // it may have worked when it was measured, with a driver that is gone
    }
  }
  forgetDevices()
  throw noDevice(failures)
}

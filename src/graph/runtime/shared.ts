import { platform } from '#runtime'
import { onDevice } from './devices.js'
import type { Device, Runtime, RuntimeOptions } from './runtime.js'

/** A runtime of one's own: with other options than the shared one's, or to be disposed. */
export function startRuntime(device: Device | 'auto' = 'auto', options: RuntimeOptions = {}): Promise<Runtime> {
  return onDevice(device, options, (choice) => platform.startRuntime(choice, options))
}

const started = new Map<Device | 'auto', Promise<Runtime>>()

/**
 * The runtime that programs use when none is given: started on first use, with the options of that first use, one per process
 * and device. `auto` is the device that the environment variable `GENERA_DEVICE` names, or else the fastest one here.
 */
export function sharedRuntime(device: Device | 'auto' = 'auto', options: RuntimeOptions = {}): Promise<Runtime> {
  const known = started.get(device)
  if (known) return known
  const starting =
    device === 'auto' ? onDevice('auto', options, (choice) => sharedRuntime(choice, options)) : platform.startRuntime(device, options)
  started.set(device, starting)
  starting.catch(() => started.delete(device)) // a failed start must not poison the next call
  return starting
}

import { platform } from '#runtime'
import { GeneraError } from '../errors.js'
import { type Device, isDevice, type RuntimeOptions } from './runtime.js'

/** A device that works here, and how long the trial program took on it. */
interface Measured {
  readonly device: Device
  readonly milliseconds: number
}

let measured: Promise<readonly Measured[]> | undefined

/**
 * The devices that programs can run on here, fastest first. Each is tried once with a small program; the result is remembered
 * for the next process (in `$XDG_CACHE_HOME/genera/devices.json`, or the browser's local storage) until the engine changes.
 */
export async function availableDevices(options: RuntimeOptions = {}): Promise<readonly Device[]> {
  measured ??= recallOrMeasure(options)
  measured.catch(forgetDevices)
  return (await measured).map(({ device }) => device)
}

/**
 * What `start` gives for a device. `auto` is the device that the environment variable `GENERA_DEVICE` names, or else the
 * fastest one on which `start` succeeds.
 */
export async function onDevice<T>(device: Device | 'auto', options: RuntimeOptions, start: (device: Device) => T | Promise<T>): Promise<T> {
  if (device !== 'auto') return start(device)
  const requested = platform.requestedDevice() ?? 'auto'
  if (requested !== 'auto') return start(namedDevice(requested))
  const failures: unknown[] = []
  for (const choice of await availableDevices(options)) {
    try {
      return await start(choice)
    } catch (cause) {
      failures.push(cause) // it may have worked when it was measured, with a driver that is gone
    }
  }
  forgetDevices()
  throw noDevice(failures)
}

function namedDevice(name: string): Device {
  if (isDevice(name)) return name
  throw new GeneraError(
    'device',
    `Cannot run on the device "${name}" that GENERA_DEVICE names: there is none of this name`,
    "Use 'auto', 'cpu', 'wasm', 'webgpu', 'cuda', 'coreml' or 'dml'",
  )
}

/** Makes the next question measure again or read what another process has written; for tests, and after a driver has changed. */
export function forgetDevices(): void {
  measured = undefined
}

async function recallOrMeasure(options: RuntimeOptions): Promise<readonly Measured[]> {
  const { devices, fingerprint } = await platform.candidates()
  const known = recalled(await platform.remembered())
  const before = measurements(known[fingerprint])
  if (before.length > 0) return before
  const working: Measured[] = []
  const failures: unknown[] = []
  for (const device of devices) {
    try {
      working.push({ device, milliseconds: await platform.measure(device, options) })
    } catch (cause) {
      failures.push(cause)
    }
  }
  if (working.length === 0) throw noDevice(failures)
  working.sort((a, b) => a.milliseconds - b.milliseconds)
  await platform.remember(JSON.stringify({ ...known, [fingerprint]: working }, null, 2))
  return working
}

/** What earlier processes wrote: measurements by fingerprint, if the text can be read at all. */
function recalled(text: string | undefined): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? '{}')
    return isRecord(found) ? found : {}
  } catch {
    return {}
  }
}

const measurements = (found: unknown): readonly Measured[] => (Array.isArray(found) ? found.filter(isMeasured) : [])

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isMeasured = (value: unknown): value is Measured =>
  isRecord(value) && typeof value.device === 'string' && isDevice(value.device) && typeof value.milliseconds === 'number'

function noDevice(failures: readonly unknown[]): GeneraError {
  const reasons = failures.map((cause) => (cause instanceof Error ? cause.message : String(cause)))
  return new GeneraError('no-device', `Cannot find a device to run programs on: ${reasons.join('; ')}`, undefined, { cause: failures[0] })
}

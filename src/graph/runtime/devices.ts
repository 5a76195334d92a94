import { platform } from '#runtime'
import { GeneraError } from '../errors.js'
import { type Device, isDevice } from './runtime.js'

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
export async function availableDevices(): Promise<readonly Device[]> {
  measured ??= recallOrMeasure()
  measured.catch(forgetDevices)
  return (await measured).map(({ device }) => device)
}

/** The devices to try in turn: the one that the environment variable `GENERA_DEVICE` names, or all that work here. */
export async function preferredDevices(): Promise<readonly Device[]> {
  const requested = platform.requestedDevice() ?? 'auto'
  if (requested === 'auto') return availableDevices()
  if (isDevice(requested)) return [requested]
  throw new GeneraError(
    'device',
    `Cannot run on the device "${requested}" that GENERA_DEVICE names: there is none of this name`,
    "Use 'auto', 'cpu', 'wasm', 'webgpu', 'cuda', 'coreml' or 'dml'",
  )
}

/** Makes the next question measure again or read what another process has written; for tests, and after a driver has changed. */
export function forgetDevices(): void {
  measured = undefined
}

async function recallOrMeasure(): Promise<readonly Measured[]> {
  const { devices, fingerprint } = await platform.candidates()
  const known = recalled(await platform.remembered())
  const before = measurements(known[fingerprint])
  if (before.length > 0) return before
  const working: Measured[] = []
  const failures: unknown[] = []
  for (const device of devices) {
    try {
      working.push({ device, milliseconds: await platform.measure(device) })
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

export function noDevice(failures: readonly unknown[]): GeneraError {
  const reasons = failures.map((cause) => (cause instanceof Error ? cause.message : String(cause)))
  return new GeneraError('no-device', `Cannot find a device to run programs on: ${reasons.join('; ')}`, undefined, { cause: failures[0] })
}

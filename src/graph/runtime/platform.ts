import type { Device, Runtime, RuntimeOptions } from './runtime.js'

/** What the machine beneath offers; `#runtime` is the one for Node or the one for browsers. */
export interface Platform {
  startRuntime(device: Device, options?: RuntimeOptions): Promise<Runtime>
  /** The device that the user's environment asks for, in GENERA_DEVICE. */
  requestedDevice(): string | undefined
  /** Devices that the engine may find here, and a text that changes when they have to be measured again. */
  candidates(): Promise<{ readonly devices: readonly Device[]; readonly fingerprint: string }>
  /** Milliseconds that a small program takes on a device. Rejects where there is none. */
  measure(device: Device, options?: RuntimeOptions): Promise<number>
  /** A small text kept from run to run, where there is a place for it. */
  remembered(): Promise<string | undefined>
  remember(text: string): Promise<void>
}

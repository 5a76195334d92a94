import { startRuntime } from '#runtime'
import type { Runtime } from './runtime.js'

let shared: Promise<Runtime> | undefined

/** The runtime that programs use when none is given: started on first use, one per process. */
export function sharedRuntime(): Promise<Runtime> {
  shared ??= startRuntime('cpu')
  return shared
}

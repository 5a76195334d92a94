import { platform } from '#hub'
import { hubSettings } from './hub/settings.js'

/** Where files are kept that are made out of checkpoints and can be made again: beside the hub's cache. Undefined where there is no disk. */
export function derivedFolder(): string | undefined {
  if (platform.home === '') return undefined
  const { cache } = hubSettings({}, platform)
  return `${cache.replace(/[\\/][^\\/]*$/, '')}/genera`
}

/** @throws the system's own error if it cannot be made */
export const makeFolder = (path: string): Promise<void> => platform.disk.makeFolder(path)

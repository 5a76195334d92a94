import { HubError } from './hub-error.js'
import type { Disk, HubPlatform } from './platform.js'

const refused = () => {
  throw new HubError({
    code: 'NotSupported',
    doing: 'fetch a repository in a page',
    problem: 'a browser has no folder to keep it in',
    hint: 'Serve the files from the address of the page and pass that, or pass their bytes',
  })
}

/** A page finds nothing in a cache, and says so when it is asked to fetch. */
export const platform: HubPlatform = {
  env: {},
  home: '',
  memory: Number.POSITIVE_INFINITY,
  self: { machine: 'page', id: 0 },
  isRunning: () => false,
  request: async () => refused(),
  hasher: undefined,
  sleep: async () => refused(),
  disk: new Proxy({} as Disk, {
    get: (_, name) => (name === 'readText' || name === 'entry' ? async () => undefined : async () => refused()),
  }),
}

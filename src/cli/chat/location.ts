import { chooseCheckpoint } from '../../contract/index.js'

/** Knows the text world and nothing else. */
export const embedded = 'textbase'

/** Where a language model is: the embedded one if none is asked for, a folder or a file by its location, or a repository that is in the cache. */
export async function locationOf(asked?: string): Promise<string> {
  const { location } = await chooseCheckpoint('chat', { embedded }, asked)
  return /\.safetensors$/.test(location) ? location.replace(/[^/\\]*$/, '') || '.' : location
}

import { chooseCheckpoint } from '../../contract/index.js'

/** Where a language model is: a folder or a file by its location, or a repository that is in the cache. */
export async function locationOf(asked: string): Promise<string> {
  const { location } = await chooseCheckpoint('chat', {}, asked)
  return /\.safetensors$/.test(location) ? location.replace(/[^/\\]*$/, '') || '.' : location
}

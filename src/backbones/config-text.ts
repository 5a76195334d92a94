import { files } from '#files'
import { GeneraError } from '../graph/index.js'
import { byteCount } from '../weights/checkpoint-error.js'
import { longestConfig } from './read-config.js'

/**
 * A configuration's text, which may be foreign: never more of it than a configuration has.
 *
 * @throws GeneraError for a file that is larger, CheckpointError for one that cannot be read
 */
export async function configText(location: string): Promise<string> {
  const file = await files.open(location)
  if (file.size > longestConfig)
    throw new GeneraError(
      'CheckpointSettings',
      `Cannot load ${file.name}: expected a configuration of at most a megabyte, found ${byteCount(file.size)}`,
    )
  return new TextDecoder().decode(await file.read(0, file.size))
}

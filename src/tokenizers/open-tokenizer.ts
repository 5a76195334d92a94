import { files } from '#files'
import { byteCount } from '../weights/checkpoint-error.js'
import { limits } from './byte-pairs.js'
import { type ClipTokenizer, type ClipTokenizerOptions, clipTokenizer } from './clip.js'
import { embeddedTokenizer, readTokenizer } from './embedded.js'
import { TokenizerError } from './tokenizer-error.js'

/**
 * The tokenizer at a location: the folder of a published text encoder (`vocab.json`, `merges.txt` and, for the padding, `tokenizer_config.json`), or
 * a file of ours. By default Diorama's, which every embedded text encoder reads.
 *
 * @param defaults what holds where the folder says nothing of it
 * @throws TokenizerError for what is no tokenizer, CheckpointError for what cannot be read
 */
export async function openTokenizer(
  location: string | URL = embeddedTokenizer('diorama'),
  defaults: ClipTokenizerOptions = {},
): Promise<ClipTokenizer> {
  const names = await files.list(location)
  if (names === undefined) return readTokenizer(await textOf(location), String(location), defaults)
  const part = (name: string) => textOf(files.within(location, name))
  const options = names.includes('tokenizer_config.json') ? configured(await part('tokenizer_config.json')) : {}
  return clipTokenizer({ vocabulary: await part('vocab.json'), merges: await part('merges.txt') }, { ...defaults, ...options })
}

async function textOf(location: string | URL): Promise<string> {
  const file = await files.open(location)
  if (file.size > limits.fileLength)
    throw new TokenizerError({
      code: 'TooLarge',
      action: 'read',
      file: file.name,
      expected: `at most ${byteCount(limits.fileLength)}`,
      found: byteCount(file.size),
    })
  return new TextDecoder().decode(await file.read(0, file.size))
}

/** What a published configuration says about padding and length. Older files keep a token as text, newer ones as an object. */
function configured(text: string): ClipTokenizerOptions {
  const file = 'tokenizer_config.json'
  const problem = (expected: string, found: string) =>
    new TokenizerError({ code: 'InvalidTokenizer', action: 'read', file, expected, found })
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw problem('JSON', cause instanceof Error ? cause.message : String(cause))
  }
  if (typeof config !== 'object' || config === null) throw problem('an object', String(config))
  const { pad_token: padding, model_max_length: context } = config as { readonly pad_token?: unknown; readonly model_max_length?: unknown }
  const token = typeof padding === 'object' && padding !== null ? (padding as { readonly content?: unknown }).content : padding
  if (token !== undefined && token !== null && typeof token !== 'string') throw problem('pad_token as text', typeof token)
  if (context !== undefined && !(Number.isSafeInteger(context) && (context as number) <= 2 ** 20))
    throw problem('model_max_length as a number of tokens up to 1,048,576', String(context))
  return { ...(token && { padding: token }), ...(context !== undefined && { context: context as number }) }
}

import { causalDecoder, type Decoder, type DecoderOptions, LanguageError } from '../../generative/language/index.js'
import { placeholder } from '../../graph/index.js'
import { type PackOptions, packedCheckpoint, type Scope } from '../../nn/index.js'
import { ggufTokenizer } from '../../tokenizers/index.js'
import { type Checkpoint, type GgufCheckpoint, isGguf, openCheckpoint } from '../../weights/index.js'
import { type CausalFamily, causalFamily } from './causal-family.js'
import { type OpenedLanguageModel, spellingOf } from './open-language-model.js'

/** How a model's matrices are kept in memory and on disk. */
export type PackedDecoderOptions = DecoderOptions & Pick<PackOptions, 'bits' | 'cache' | 'exact'>

/**
 * The decoder of a checkpoint whose matrices stay in blocks of 4 or 8 bits: as its file has them, or with `bits` as they are rounded when it
 * is loaded for the first time.
 *
 * @throws MissingParametersError or WeightShapeError
 */
export async function packedDecoder(
  family: CausalFamily,
  file: Checkpoint,
  { bits, cache, exact, ...options }: PackedDecoderOptions = {},
): Promise<Decoder> {
  const scope = await packedScope(family, file, { bits, cache, exact })
  return causalDecoder((tokens, given) => family.network(scope, tokens, given), family.size, { label: file.file, ...options })
}

/** The parameters of a checkpoint, matrices in blocks. */
function packedScope(
  family: CausalFamily,
  file: Checkpoint,
  options: Pick<PackedDecoderOptions, 'bits' | 'cache' | 'exact'> = {},
): Promise<Scope> {
  const describe = (scope: Scope): unknown => family.network(scope, placeholder([1, 1], 'int32'))
  return packedCheckpoint(describe, file, { ...spellingOf(family, file), ...options })
}

/**
 * Opens a GGUF file with all that is in it: network, tokenizer, chat template.
 *
 * @throws LanguageError for a family that is not built, TokenizerError, CheckpointError, MissingParametersError or WeightShapeError
 */
export async function openGgufModel(location: string | URL, options: PackedDecoderOptions = {}): Promise<OpenedLanguageModel> {
  const { file, family, tokenizer } = await openGguf(location)
  const decoder = await packedDecoder(family, file, options)
  return { decoder, tokenizer, family, endTokens: family.endTokens, recommended: {}, dispose: () => decoder.dispose() }
}

/** The same as a network that reads whole texts, without caches. */
export async function openGgufNetwork(location: string | URL) {
  const { file, family, tokenizer } = await openGguf(location)
  return { family, tokenizer, scope: await packedScope(family, file) }
}

async function openGguf(location: string | URL) {
  const file = await openCheckpoint(location)
  if (!isGguf(file)) throw new LanguageError('UnsupportedModel', `Cannot load ${file.file}: expected a GGUF file, found another`)
  const family = ggufFamily(file)
  const tokenizer = ggufTokenizer(file.gguf, file.file)
  if (tokenizer.size > family.size.vocabulary)
    throw new LanguageError(
      'UnsupportedModel',
      `Cannot load ${file.file}: the tokenizer has tokens up to ${tokenizer.size - 1}, the model reads ${family.size.vocabulary}`,
    )
  return { file, family, tokenizer }
}

/** @throws LanguageError for a family whose tensors have no known names */
export function ggufFamily(file: GgufCheckpoint): CausalFamily {
  const config = file.metadata.get('config')
  if (config !== undefined) return causalFamily(config, file.file)
  const found = file.metadata.get('general.architecture')
  throw new LanguageError(
    'UnsupportedModel',
    `Cannot load ${file.file}: expected a model of the architecture llama, qwen2 or qwen3, found ${found === undefined ? 'none' : `"${found.slice(0, 60)}"`}`,
  )
}

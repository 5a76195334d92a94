import { z } from 'zod'
import { files } from '#files'
import {
  causalDecoder,
  type DecoderOptions,
  LanguageError,
  type LanguageModel,
  type SamplingOptions,
} from '../../generative/language/index.js'
import { placeholder } from '../../graph/index.js'
import { type CheckpointOptions, checkCheckpoint, fromCheckpoint } from '../../nn/index.js'
import { openTextTokenizer, type TextTokenizer } from '../../tokenizers/index.js'
import { type Checkpoint, exists, openCheckpoint } from '../../weights/index.js'
import { configText } from '../config-text.js'
import { readConfig } from '../read-config.js'
import { type CausalFamily, causalFamily } from './causal-family.js'
import { type EncoderDecoderFamily, encoderDecoderFamily, encoderDecoderOf } from './encoder-decoder-family.js'
import { readGenerationConfig } from './generation-config.js'
import { openGgufModel, type PackedDecoderOptions, packedDecoder } from './packed-decoder.js'

export interface OpenedLanguageModel extends LanguageModel {
  readonly tokenizer: TextTokenizer
  readonly family: CausalFamily | EncoderDecoderFamily
  /** How its makers would have tokens chosen (`generation_config.json`); nobody does so unless a caller passes it on. */
  readonly recommended: SamplingOptions
  dispose(): Promise<void>
}

/**
 * The spelling under which a file holds a decoder's tensors, all of them and no others.
 *
 * @throws MissingParametersError or WeightShapeError for the commonest spelling if there is none
 */
export function spellingOf(family: CausalFamily, file: Checkpoint): CheckpointOptions {
  const check = (spelling: CheckpointOptions) =>
    checkCheckpoint((scope) => family.network(scope, placeholder([1, 1], 'int32')), file, {
      ...spelling,
      ignore: (name) => family.unneeded(spelling.prefix && name.startsWith(spelling.prefix) ? name.slice(spelling.prefix.length) : name),
    })
  let first: unknown
  for (const spelling of family.spellings)
    try {
      check(spelling)
      return spelling
    } catch (error) {
      first ??= error
    }
  throw first
}

/** The decoder of a checkpoint: its parameters are read out of the file as they are. */
export function decoderOf(family: CausalFamily, file: Checkpoint, options: DecoderOptions = {}) {
  const spelling = spellingOf(family, file)
  return causalDecoder((tokens, given) => family.network(fromCheckpoint(file, spelling), tokens, given), family.size, {
    label: file.file,
    ...options,
  })
}

const kind = z.object({ model_type: z.string() })

/**
 * Opens a folder in the layout of the transformers library: `config.json`, `tokenizer.json` with its configuration, and the weights in one
 * safetensors file or several; or a GGUF file, which has all of it. With `bits`, matrices are packed in blocks. What ends a text is what `generation_config.json` says, or else `config.json`.
 *
 *     const model = await openLanguageModel('SmolLM2-135M')
 *     for await (const event of generateText(model, 'Once upon a time', { maxTokens: 50 })) …
 *
 * @throws LanguageError, TokenizerError, CheckpointError, MissingParametersError or WeightShapeError for what is no such folder
 */
export async function openLanguageModel(folder: string | URL, options: PackedDecoderOptions = {}): Promise<OpenedLanguageModel> {
  if (await holdsGguf(folder)) return openGgufModel(folder, options)
  const config = files.within(folder, 'config.json')
  const told = await configText(config)
  const family = readConfig(kind, told, config).model_type === 't5' ? encoderDecoderFamily(told, config) : causalFamily(told, config)
  const generation = files.within(folder, 'generation_config.json')
  const { endTokens: ends = [], recommended = {} } = (await exists(generation))
    ? readGenerationConfig(await configText(generation), generation)
    : {}
  const tokenizer = await openTextTokenizer(folder)
  if (tokenizer.size > family.size.vocabulary)
    throw new LanguageError(
      'UnsupportedModel',
      `Cannot load ${String(folder)}: the tokenizer has tokens up to ${tokenizer.size - 1}, the model reads ${family.size.vocabulary}`,
      'tokenizer.json belongs to another model',
    )
  const file = await openCheckpoint(folder)
  const reads = 'describe' in family
  const decoder = reads
    ? encoderDecoderOf(family, file, options)
    : options.bits === undefined
      ? decoderOf(family, file, options)
      : await packedDecoder(family, file, options)
  return {
    decoder,
    tokenizer: reads ? asSource(tokenizer, family.startToken) : tokenizer,
    family,
    endTokens: ends.length > 0 ? ends : family.endTokens,
    recommended,
    dispose: () => decoder.dispose(),
  }
}

/** Whether the location is a GGUF file, or a folder with one and nothing else of a model. */
export async function holdsGguf(location: string | URL): Promise<boolean> {
  if (/\.gguf$/i.test(String(location))) return true
  const names = (await files.list(location)) ?? []
  return names.some((name) => /\.gguf$/i.test(name)) && !names.includes('config.json')
}

/** A text as an encoder-decoder has it: what it answers to, and the token that answers begin with. */
const asSource = (tokenizer: TextTokenizer, startToken: number): TextTokenizer => ({
  ...tokenizer,
  encode: (text, options) => [...tokenizer.encode(text, options), startToken],
})

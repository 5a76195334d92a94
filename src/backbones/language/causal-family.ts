import { z } from 'zod'
import { type CausalOptions, type CausalOutput, type DecoderSize, LanguageError } from '../../generative/language/index.js'
import type { Tensor } from '../../graph/index.js'
import type { CheckpointOptions, MatrixLayout, Scope } from '../../nn/index.js'
import { printable } from '../../weights/checkpoint-error.js'
import { endTokens } from '../config-fields.js'
import { gpt2Config } from '../gpt2/config.js'
import { gpt2 } from '../gpt2/gpt2.js'
import { llamaConfig } from '../llama/config.js'
import { llama } from '../llama/llama.js'
import { optConfig } from '../opt/config.js'
import { opt } from '../opt/opt.js'
import { readConfig } from '../read-config.js'

/** A published decoder as its configuration describes it. */
export interface CausalFamily {
  readonly network: (scope: Scope, tokens: Tensor, options?: CausalOptions) => CausalOutput
  readonly size: DecoderSize
  /** Tokens that end a text. */
  readonly endTokens: readonly number[]
  /** The token that begins one, if any does. */
  readonly startToken: number | undefined
  /** How matrices are stored; [out, in] if it is not said. */
  readonly layout?: MatrixLayout
  /** How published files may spell the names, the commonest first. */
  readonly spellings: readonly CheckpointOptions[]
  /** Tensors of published files that say nothing that the configuration does not. */
  readonly unneeded: (name: string) => boolean
}

const shared = z.object({
  model_type: z.string(),
  bos_token_id: z.int().min(0).nullish(),
  eos_token_id: endTokens,
})

type Reader = (text: string, file: string) => Pick<CausalFamily, 'network' | 'size' | 'layout' | 'spellings' | 'unneeded'>

const llamaFamily: Reader = (text, file) => {
  const size = readConfig(llamaConfig, text, file)
  return {
    network: (scope, tokens, options) => llama(scope, tokens, size, options),
    size,
    spellings: [{}, { drop: 'model.' }],
    // A tied head may be stored a second time; angles follow from the configuration.
    unneeded: (name) => /\.rotary_emb\.inv_freq$/.test(name) || (size.tied && name === 'lm_head.weight'),
  }
}

const readers: Readonly<Record<string, Reader>> = {
  gpt2: (text, file) => {
    const size = readConfig(gpt2Config, text, file)
    return {
      network: (scope, tokens, options) => gpt2(scope, tokens, size, options),
      size: { ...size, keyValueHeads: size.heads, headWidth: size.width / size.heads },
      layout: 'in-out',
      spellings: [{}, { prefix: 'transformer.' }],
      unneeded: (name) => /(^|\.)attn\.(masked_)?bias$/.test(name) || name === 'lm_head.weight',
    }
  },
  opt: (text, file) => {
    const size = readConfig(optConfig, text, file)
    return {
      network: (scope, tokens, options) => opt(scope, tokens, size, options),
      size: { ...size, keyValueHeads: size.heads, headWidth: size.width / size.heads },
      spellings: [{}, { drop: 'model.' }],
      unneeded: (name) => name === 'lm_head.weight',
    }
  },
  llama: llamaFamily,
  mistral: llamaFamily,
  qwen2: llamaFamily,
  qwen3: llamaFamily,
}

/**
 * The decoder that a config.json of the transformers library describes.
 *
 * @throws LanguageError for a kind of model that is not built, GeneraError for a configuration that is damaged or has an option that is not
 */
export function causalFamily(text: string, file = 'config.json'): CausalFamily {
  const { model_type: kind, bos_token_id, eos_token_id } = readConfig(shared, text, file)
  const reader = Object.hasOwn(readers, kind) ? readers[kind] : undefined
  if (!reader)
    throw new LanguageError(
      'UnsupportedModel',
      `Cannot load ${printable(file)}: expected a model of type ${Object.keys(readers).join(', ')}, found "${printable(kind, 60)}"`,
    )
  const family = reader(text, file)
  if (!Number.isInteger(family.size.headWidth))
    throw new LanguageError('UnsupportedModel', `Cannot load ${printable(file)}: its width does not divide into its heads`)
  return { ...family, endTokens: eos_token_id, startToken: bos_token_id ?? undefined }
}

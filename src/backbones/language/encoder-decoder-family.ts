import { z } from 'zod'
import { type Decoder, type DecoderOptions, type EncoderDecoderSize, encoderDecoder } from '../../generative/language/index.js'
import { placeholder } from '../../graph/index.js'
import { checkCheckpoint, fromCheckpoint, type Scope } from '../../nn/index.js'
import type { Checkpoint } from '../../weights/index.js'
import { endTokens } from '../config-fields.js'
import { readConfig } from '../read-config.js'
import { t5Config } from '../t5/config.js'
import { t5, t5Network } from '../t5/t5.js'

/** A published encoder-decoder as its configuration describes it. */
export interface EncoderDecoderFamily {
  /** Asks a scope for every parameter. */
  readonly describe: (scope: Scope) => unknown
  readonly network: (scope: Scope) => ReturnType<typeof t5Network>
  readonly size: EncoderDecoderSize
  readonly endTokens: readonly number[]
  readonly startToken: number
  readonly unneeded: (name: string) => boolean
}

/** Distances have no end, but memory has: the most tokens of a source and its answer together. */
const context = 8192

const ends = z.object({ eos_token_id: endTokens })

/**
 * The encoder-decoder that a config.json of the transformers library describes: T5, T5 1.1, FLAN-T5.
 *
 * @throws GeneraError for a configuration that is damaged or has an option that is not built
 */
export function encoderDecoderFamily(text: string, file = 'config.json'): EncoderDecoderFamily {
  const size = readConfig(t5Config, text, file)
  const { startToken, vocabulary, heads, headWidth, decoderLayers } = size
  return {
    describe: (scope) => t5(scope, placeholder([1, 1], 'int32'), placeholder([1, 1], 'int32'), size),
    network: (scope) => t5Network(scope, size),
    size: { vocabulary, context, layers: decoderLayers, keyValueHeads: heads, headWidth, startToken },
    endTokens: readConfig(ends, text, file).eos_token_id,
    startToken,
    // The table of words under its other names, and what an old conversion left behind.
    unneeded: (name) =>
      /^(en|de)coder\.embed_tokens\.weight$/.test(name) ||
      name === 'decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight' ||
      (size.tied && name === 'lm_head.weight'),
  }
}

/**
 * The encoder-decoder of a checkpoint: its parameters are read out of the file as they are.
 *
 * @throws MissingParametersError or WeightShapeError
 */
export function encoderDecoderOf(family: EncoderDecoderFamily, file: Checkpoint, options: DecoderOptions = {}): Decoder {
  checkCheckpoint(family.describe, file, { ignore: family.unneeded })
  return encoderDecoder(family.network(fromCheckpoint(file)), family.size, { label: file.file, ...options })
}

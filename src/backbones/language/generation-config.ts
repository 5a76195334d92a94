import { z } from 'zod'
import type { SamplingOptions } from '../../generative/language/index.js'
import { endTokens } from '../config-fields.js'
import { readConfig } from '../read-config.js'

const share = z.number().min(0).max(1).nullish()
const factor = z.number().gt(0).max(1000).nullish()

const generationConfig = z.object({
  eos_token_id: endTokens,
  do_sample: z.boolean().nullish(),
  temperature: z.number().min(0).max(1000).nullish(),
  top_k: z.int().min(0).nullish(),
  top_p: share,
  min_p: share,
  typical_p: share,
  repetition_penalty: factor,
})

export interface GenerationConfig {
  readonly endTokens: readonly number[]
  /** How those who made the model would have its tokens chosen; empty where they do not want them drawn at all, or do not say. */
  readonly recommended: SamplingOptions
}

/** What a generation_config.json of the transformers library says. */
export function readGenerationConfig(text: string, file: string): GenerationConfig {
  const { eos_token_id, do_sample, temperature, top_k, top_p, min_p, typical_p, repetition_penalty } = readConfig(
    generationConfig,
    text,
    file,
  )
  const told = {
    temperature: temperature ?? 1,
    topK: top_k,
    topP: top_p,
    minP: min_p,
    typicalP: typical_p,
    repetitionPenalty: repetition_penalty,
  }
  const said = Object.entries(told).filter(([, value]) => value !== null && value !== undefined)
  return { endTokens: eos_token_id, recommended: do_sample ? Object.fromEntries(said) : {} }
}

/** How tokens are chosen: as was asked, or else as the model recommends, or else a little more soberly than the model is. */
export function samplingFor({ recommended }: Pick<GenerationConfig, 'recommended'>, asked: SamplingOptions): SamplingOptions {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined)
  return { temperature: 0.7, ...recommended, ...Object.fromEntries(given) }
}

import type { Activation } from '../activation.js'

export interface T5Size {
  readonly vocabulary: number
  readonly width: number
  /** Layers of the encoder. */
  readonly layers: number
  readonly decoderLayers: number
  readonly heads: number
  /** Width of a head, which need not be a share of the layers' width. */
  readonly headWidth: number
  /** Width of the feed-forward's hidden layer. */
  readonly hidden: number
  readonly activation: Activation
  /** The feed-forward multiplies its hidden layer by a second one (T5 1.1, FLAN). */
  readonly gated: boolean
  /** How many distances between tokens the attention tells apart. */
  readonly buckets: number
  /** From this distance on, all are one. */
  readonly farthest: number
  readonly epsilon: number
  /** The head is the table of words, and what it reads is divided by √width. */
  readonly tied: boolean
  /** The token that answers begin with. */
  readonly startToken: number
}

const shared = { vocabulary: 32_128, headWidth: 64, buckets: 32, farthest: 128, epsilon: 1e-6, startToken: 0 } as const
const first = { ...shared, activation: 'relu', gated: false, tied: true } as const
/** T5 1.1, which FLAN-T5 was tuned from. */
const second = { ...shared, activation: 'gelu-tanh', gated: true, tied: false } as const

/** Raffel et al. 2020, section 3.7; Chung et al. 2022, table 2. */
export const t5Sizes = {
  't5-small': { ...first, width: 512, layers: 6, decoderLayers: 6, heads: 8, hidden: 2048 },
  't5-base': { ...first, width: 768, layers: 12, decoderLayers: 12, heads: 12, hidden: 3072 },
  't5-large': { ...first, width: 1024, layers: 24, decoderLayers: 24, heads: 16, hidden: 4096 },
  'flan-t5-small': { ...second, width: 512, layers: 8, decoderLayers: 8, heads: 6, hidden: 1024 },
  'flan-t5-base': { ...second, width: 768, layers: 12, decoderLayers: 12, heads: 12, hidden: 2048 },
  'flan-t5-large': { ...second, width: 1024, layers: 24, decoderLayers: 24, heads: 16, hidden: 2816 },
  'flan-t5-xl': { ...second, width: 2048, layers: 24, decoderLayers: 24, heads: 32, hidden: 5120 },
} as const satisfies Record<string, T5Size>

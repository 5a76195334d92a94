import type { Activation } from '../activation.js'

export interface OptSize {
  readonly vocabulary: number
  /** The longest text. */
  readonly context: number
  readonly width: number
  /** Width of the table of words, which differs from the layers' in the 350M model alone. */
  readonly wordWidth: number
  readonly layers: number
  readonly heads: number
  /** Width of the feed-forward's hidden layer. */
  readonly hidden: number
  readonly activation: Activation
  /** Layer norms stand before the parts of a layer, and one more behind the last layer; in the 350M model they stand behind the parts. */
  readonly normFirst: boolean
  readonly biases: boolean
}

const meta = { vocabulary: 50_272, context: 2048, activation: 'relu', normFirst: true, biases: true } as const

/** Zhang et al. 2022, table 1. */
export const optSizes = {
  'opt-125m': { ...meta, width: 768, wordWidth: 768, layers: 12, heads: 12, hidden: 3072 },
  'opt-350m': { ...meta, width: 1024, wordWidth: 512, layers: 24, heads: 16, hidden: 4096, normFirst: false },
  'opt-1.3b': { ...meta, width: 2048, wordWidth: 2048, layers: 24, heads: 32, hidden: 8192 },
  'opt-2.7b': { ...meta, width: 2560, wordWidth: 2560, layers: 32, heads: 32, hidden: 10_240 },
  'opt-6.7b': { ...meta, width: 4096, wordWidth: 4096, layers: 32, heads: 32, hidden: 16_384 },
} as const satisfies Record<string, OptSize>

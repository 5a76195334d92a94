import type { Activation } from '../activation.js'

export interface Gpt2Size {
  readonly vocabulary: number
  /** Positions that have a learned vector: the longest text. */
  readonly context: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Width of the feed-forward's hidden layer. */
  readonly hidden: number
  readonly activation: Activation
  readonly epsilon: number
}

const openai = { vocabulary: 50257, context: 1024, activation: 'gelu-tanh', epsilon: 1e-5 } as const

/** Radford et al. 2019, table 2. */
export const gpt2Sizes = {
  gpt2: { ...openai, width: 768, layers: 12, heads: 12, hidden: 3072 },
  'gpt2-medium': { ...openai, width: 1024, layers: 24, heads: 16, hidden: 4096 },
  'gpt2-large': { ...openai, width: 1280, layers: 36, heads: 20, hidden: 5120 },
  'gpt2-xl': { ...openai, width: 1600, layers: 48, heads: 25, hidden: 6400 },
} as const satisfies Record<string, Gpt2Size>

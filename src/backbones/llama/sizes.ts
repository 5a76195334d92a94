import type { RotaryScaling } from '../../graph/index.js'
import type { Activation } from '../activation.js'

export type Projection = 'q_proj' | 'k_proj' | 'v_proj' | 'o_proj'

export interface LlamaSize {
  readonly vocabulary: number
  /** The longest text that the model was made for. */
  readonly context: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Heads of keys and values, each shared by a group of query heads. */
  readonly keyValueHeads: number
  readonly headWidth: number
  /** Width of the feed-forward's hidden layer. */
  readonly hidden: number
  readonly activation: Activation
  readonly epsilon: number
  /** Base of the rotary angles. */
  readonly theta: number
  readonly scaling?: RotaryScaling
  /** Which projections have a bias. */
  readonly biases: readonly Projection[]
  /** Queries and keys are normalised per head before they are turned (Qwen 3). */
  readonly queryKeyNorm?: boolean
  /** In the layers from `from` on, a token looks at `tokens` tokens at most, itself included (Mistral 7B, section 2). */
  readonly window?: { readonly tokens: number; readonly from: number }
  /** The head is the table of words. */
  readonly tied: boolean
}

const llama = { activation: 'silu', epsilon: 1e-5, biases: [], tied: false } as const
const llama2 = { ...llama, vocabulary: 32000, context: 4096, theta: 10_000, headWidth: 128 } as const
const llama3 = { ...llama, vocabulary: 128_256, context: 131_072, theta: 500_000 } as const
const stretched = (factor: number) =>
  ({ kind: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, trainedLength: 8192 }) as const satisfies RotaryScaling
const qwen = { ...llama, epsilon: 1e-6, theta: 1_000_000, vocabulary: 151_936 } as const
const qwen25 = { ...qwen, context: 32_768, biases: ['q_proj', 'k_proj', 'v_proj'] } as const satisfies Partial<LlamaSize>
const qwen3 = { ...qwen, context: 40_960, queryKeyNorm: true, headWidth: 128, tied: true } as const

/** Published sizes of the family. */
export const llamaSizes = {
  'llama-2-7b': { ...llama2, width: 4096, layers: 32, heads: 32, keyValueHeads: 32, hidden: 11_008 },
  'llama-3.1-8b': {
    ...llama3,
    scaling: stretched(8),
    width: 4096,
    layers: 32,
    heads: 32,
    keyValueHeads: 8,
    headWidth: 128,
    hidden: 14_336,
  },
  'llama-3.2-1b': {
    ...llama3,
    scaling: stretched(32),
    tied: true,
    width: 2048,
    layers: 16,
    heads: 32,
    keyValueHeads: 8,
    headWidth: 64,
    hidden: 8192,
  },
  'mistral-7b': {
    ...llama,
    vocabulary: 32_000,
    context: 32_768,
    theta: 10_000,
    window: { tokens: 4096, from: 0 },
    width: 4096,
    layers: 32,
    heads: 32,
    keyValueHeads: 8,
    headWidth: 128,
    hidden: 14_336,
  },
  'qwen2.5-0.5b': { ...qwen25, tied: true, width: 896, layers: 24, heads: 14, keyValueHeads: 2, headWidth: 64, hidden: 4864 },
  'qwen2.5-1.5b': { ...qwen25, tied: true, width: 1536, layers: 28, heads: 12, keyValueHeads: 2, headWidth: 128, hidden: 8960 },
  'qwen3-0.6b': { ...qwen3, width: 1024, layers: 28, heads: 16, keyValueHeads: 8, hidden: 3072 },
  'qwen3-1.7b': { ...qwen3, width: 2048, layers: 28, heads: 16, keyValueHeads: 8, hidden: 6144 },
  'smollm2-135m': {
    ...llama,
    vocabulary: 49_152,
    context: 8192,
    theta: 100_000,
    tied: true,
    width: 576,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headWidth: 64,
    hidden: 1536,
  },
  'smollm2-360m': {
    ...llama,
    vocabulary: 49_152,
    context: 8192,
    theta: 100_000,
    tied: true,
    width: 960,
    layers: 32,
    heads: 15,
    keyValueHeads: 5,
    headWidth: 64,
    hidden: 2560,
  },
} as const satisfies Record<string, LlamaSize>

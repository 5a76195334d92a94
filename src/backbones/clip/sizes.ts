/** One tower's transformer. */
interface TowerSize {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Width of the feed-forward's hidden layer. */
  readonly hidden: number
  /** OpenAI's models use the sigmoid approximation of GELU, OpenCLIP's the exact form. */
  readonly activation: 'quick-gelu' | 'gelu'
  /** Width of the space that texts and pictures share; a tower that is published without its projection has none. */
  readonly projection?: number
}

export interface ClipTextSize extends TowerSize {
  readonly vocabulary: number
  /** Tokens of a text, the padding included. */
  readonly context: number
  /**
   * The token that ends a text, whose state stands for the whole. 'largest' takes the first highest id, as the configurations with the legacy
   * `eos_token_id` 2 have it: there the end token is the last of the vocabulary.
   */
  readonly end: 'largest' | number
}

export interface ClipVisionSize extends TowerSize {
  /** Height and width of the picture in px. */
  readonly image: number
  /** Height and width of a patch in px. */
  readonly patch: number
  /**
   * Convolutions that the patches are made by, in place of one: little data shows them edges and shapes much sooner (Xiao et al. 2021). Each level halves
   * the picture, the first one by four; published models have none.
   */
  readonly stem?: readonly number[]
}

export interface ClipSize {
  readonly text: ClipTextSize
  readonly vision: ClipVisionSize
}

/** The vocabulary of OpenAI's byte-pair encoding. */
const openai = { vocabulary: 49408, context: 77, end: 'largest' } as const

/** Text towers, as Stable Diffusion reads them. */
export const clipTextSizes = {
  /** CLIP ViT-L/14: Stable Diffusion 1.x, and the first encoder of XL. */
  'clip-vit-l': { ...openai, width: 768, layers: 12, heads: 12, hidden: 3072, activation: 'quick-gelu' },
  /** OpenCLIP ViT-H: Stable Diffusion 2.x. Its file leaves the last of the 24 layers out, because only the penultimate state is read. */
  'openclip-h': { ...openai, width: 1024, layers: 23, heads: 16, hidden: 4096, activation: 'gelu' },
  /** OpenCLIP ViT-bigG: the second encoder of XL. */
  'openclip-bigg': { ...openai, width: 1280, layers: 32, heads: 20, hidden: 5120, activation: 'gelu', projection: 1280 },
} as const satisfies Record<string, ClipTextSize>

/** Both towers. */
export const clipSizes = {
  'vit-b-32': {
    text: { ...openai, width: 512, layers: 12, heads: 8, hidden: 2048, activation: 'quick-gelu', projection: 512 },
    vision: { image: 224, patch: 32, width: 768, layers: 12, heads: 12, hidden: 3072, activation: 'quick-gelu', projection: 512 },
  },
  'vit-l-14': {
    text: { ...openai, width: 768, layers: 12, heads: 12, hidden: 3072, activation: 'quick-gelu', projection: 768 },
    vision: { image: 224, patch: 14, width: 1024, layers: 24, heads: 16, hidden: 4096, activation: 'quick-gelu', projection: 768 },
  },
  /** The embedded model. Its tokeniser says how large the vocabulary is and which token ends a text: spread them over the row. */
  diorama: {
    text: {
      vocabulary: 512,
      context: 32,
      end: 'largest',
      width: 96,
      layers: 3,
      heads: 3,
      hidden: 384,
      activation: 'gelu',
      projection: 128,
    },
    vision: { image: 128, patch: 16, stem: [32, 64], width: 128, layers: 3, heads: 4, hidden: 512, activation: 'gelu', projection: 128 },
  },
} as const satisfies Record<string, ClipSize>

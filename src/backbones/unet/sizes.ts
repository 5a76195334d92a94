/** The U-Net of latent diffusion. What a row leaves out is as in Stable Diffusion 1.x. */
export interface UnetSize {
  /** 4 latent channels; an inpainting model reads [latent 4, mask 1, masked picture's latent 4]. */
  readonly inChannels: number
  readonly outChannels: number
  /** Places per side of the latents that become one place with many channels; 1 when left out. A quarter of the work for every doubling. */
  readonly patch?: number
  /**
   * Behind a U-Net that reads its places folded, residual blocks over the unfolded ones: they see the sample itself and, of each place,
   * `channels` more numbers than the U-Net's answer, and correct it.
   */
  readonly detail?: { readonly width: number; readonly blocks: number; readonly channels: number }
  /** Channels of each level, the finest first. Each level halves height and width. */
  readonly widths: readonly number[]
  /** Residual blocks of a level on the way down; there is one more on the way up. */
  readonly blocks: number
  /** Transformer blocks in each attention of a level; 0 where it has no attention. */
  readonly depth: readonly number[]
  /** The same for the middle. */
  readonly middleDepth: number
  /** Heads of a level's attentions. Published configurations call this number `attention_head_dim`. */
  readonly heads: readonly number[]
  /** Width of the text's states. */
  readonly context: number
  /** Width of the time's embedding; four times that of the first level when left out. */
  readonly time?: number
  /** Groups of the group norms. */
  readonly groups: number
  /** Projections around the transformer blocks stored as linear layers instead of 1×1 convolutions. */
  readonly linearProjection?: boolean
  /** Levels in which both attentions of a block read the text alone. */
  readonly crossOnly?: readonly boolean[]
  /** What XL adds to the time: [pooled text | sinusoids of the sizes], of these widths. */
  readonly added?: { readonly pooled: number; readonly numbers: number; readonly sinusoids: number }
  /** Entries of a table that is added to the time, such as the noise levels of an upscaler. */
  readonly classes?: number
  /** Width of an embedded guidance scale, in models distilled for few steps. */
  readonly guidance?: number
}

const latent = { inChannels: 4, outChannels: 4, blocks: 2, groups: 32 } as const
const version1 = {
  ...latent,
  widths: [320, 640, 1280, 1280],
  depth: [1, 1, 1, 0],
  middleDepth: 1,
  heads: [8, 8, 8, 8],
  context: 768,
} as const

export const unetSizes = {
  'sd-1.5': version1,
  'sd-1.5-inpainting': { ...version1, inChannels: 9 },
  'lcm-sd-1.5': { ...version1, guidance: 256 },
  'sd-2.1': { ...version1, heads: [5, 10, 20, 20], context: 1024, linearProjection: true },
  sdxl: {
    ...latent,
    widths: [320, 640, 1280],
    depth: [0, 2, 10],
    middleDepth: 10,
    heads: [5, 10, 20],
    context: 2048,
    linearProjection: true,
    added: { pooled: 1280, numbers: 6, sinusoids: 256 },
  },
  'sdxl-refiner': {
    ...latent,
    widths: [384, 768, 1536, 1536],
    depth: [0, 4, 4, 0],
    middleDepth: 4,
    heads: [6, 12, 24, 24],
    context: 1280,
    linearProjection: true,
    added: { pooled: 1280, numbers: 5, sinusoids: 256 },
  },
  'sd-x4-upscaler': {
    ...latent,
    inChannels: 7,
    widths: [256, 512, 512, 1024],
    depth: [0, 1, 1, 1],
    middleDepth: 1,
    heads: [8, 8, 8, 8],
    context: 1024,
    linearProjection: true,
    crossOnly: [true, true, true, false],
    classes: 1000,
  },
  /**
   * The embedded model: latents of 16×16 for pictures of 128×128 px. What goes where is settled over 8×8 places, in large products, which a
   * processor does fastest; edges over all 16×16.
   */
  diorama: {
    inChannels: 8,
    outChannels: 8,
    patch: 2,
    detail: { width: 72, blocks: 2, channels: 16 },
    widths: [120],
    blocks: 1,
    depth: [1],
    middleDepth: 1,
    heads: [6],
    context: 96,
    time: 160,
    groups: 24,
    linearProjection: true,
  },
} as const satisfies Record<string, UnetSize>

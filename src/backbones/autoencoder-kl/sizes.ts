export interface AutoencoderSize {
  readonly latentChannels: number
  /** Channels of each level, the finest first. Each level but the last halves height and width. */
  readonly widths: readonly number[]
  /** Residual blocks of a level of the encoder. */
  readonly blocks: number
  /** The same for the decoder; one more than in the encoder when left out. */
  readonly decoderBlocks?: number
  /** Groups of the group norms. */
  readonly groups: number
  /** Latents are multiplied by `scaling`, after `shift` was taken off: then their deviation is about 1. */
  readonly scaling: number
  readonly shift?: number
  /** Whether a 1×1 convolution stands on either side of the latents. */
  readonly quantConvolutions?: boolean
  /** Pixels per side that are folded into channels before the first convolution, and unfolded behind the last; 1 when left out. */
  readonly patch?: number
}

const version1 = { latentChannels: 4, widths: [128, 256, 512, 512], blocks: 2, groups: 32, scaling: 0.18215 } as const

export const autoencoderSizes = {
  /** Stable Diffusion 1.x and 2.x. */
  sd: version1,
  sdxl: { ...version1, scaling: 0.13025 },
  sd3: { ...version1, latentChannels: 16, quantConvolutions: false, scaling: 1.5305, shift: 0.0609 },
  'sd-x4-upscaler': { ...version1, widths: [128, 256, 512], scaling: 0.08333 },
  /**
   * The embedded model: 128×128 px to latents of 16×16. Patches of 4×4 px keep every convolution at 32×32 or below, where training runs through
   * Winograd's products: a step takes an eighth of the processor time of four levels from 128×128 down.
   */
  diorama: { latentChannels: 8, widths: [64, 64], blocks: 1, decoderBlocks: 5, groups: 16, scaling: 1, patch: 4 },
} as const satisfies Record<string, AutoencoderSize>

/** How many pixels of a side become one place of the latents. */
export const downsampling = ({ widths, patch = 1 }: AutoencoderSize): number => patch * 2 ** (widths.length - 1)

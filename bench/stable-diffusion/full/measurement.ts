/** What every engine is asked: seconds for each network at 512×512 px, once it is loaded and warm, and the memory of its process. */
export interface FullFigures {
  /** The U-Net on the batch of two that guidance makes. */
  readonly unet: number
  readonly vae: number
  /** One text of 77 tokens. */
  readonly text: number
  /** The most that the process held in memory at once, mapped files included, in bytes. */
  readonly peak: number
  /** How it ran, as it reports itself. */
  readonly setup: string
  /** A few numbers of each result, to see that both run the same networks. */
  readonly samples: Readonly<Record<Network, readonly number[]>>
}

export type Network = 'text' | 'unet' | 'vae'

export const threads = 2
/** How often each network is called after its first call; the median counts. */
export const calls = { text: 7, unet: 3, vae: 3 } as const
/** Height and width of the latents of pictures of 512×512 px. */
export const cells = 64
/** Where the samples are taken from, as parts of a result's length. */
export const places = [0.01, 0.23, 0.37, 0.5, 0.61, 0.83, 0.97] as const
/** A start, seventy-five words and an end. */
export const tokens: readonly number[] = [49_406, ...Array.from({ length: 75 }, (_, i) => (7919 * (i + 1)) % 49_000), 49_407]

/** Numbers between -1 and 1, the same for every engine. */
export function randomStretch(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed
  return new Float32Array(length).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state / 2 ** 31
  })
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

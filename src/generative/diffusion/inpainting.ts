import { fill, GeneraError, type NDArray } from '../../graph/index.js'
import type { Sampler, SamplerState } from './sampler.js'

/** A mask [batch, 1, height, width]: 1 where the picture is painted anew, 0 where it stays. */
export type Mask = NDArray

const planes = (array: NDArray, kind: string): readonly [number, number, number, number] => {
  if (array.shape.length === 4) return array.shape as readonly [number, number, number, number]
  throw new GeneraError(
    'inpainting-shape',
    `Cannot inpaint with a ${kind} of shape [${array.shape.join(', ')}]: it is [batch, channels, height, width]`,
  )
}

/** Everything of 0.5 or more is painted anew. */
export const binaryMask = (mask: Mask): Mask => fill('float32', mask.shape, (i) => (mask.at(i) >= 0.5 ? 1 : 0))

/** The mask in the size of the latents: of `factor`×`factor` pixels the first speaks, as in the reference. */
export function latentMask(mask: Mask, factor: number): Mask {
  const [batch, channels, height, width] = planes(mask, 'mask')
  if (channels !== 1 || height % factor !== 0 || width % factor !== 0)
    throw new GeneraError(
      'inpainting-shape',
      `Cannot shrink a mask of shape [${mask.shape.join(', ')}] by ${factor}: it is [batch, 1, height, width], and height and width are multiples of ${factor}`,
    )
  const [rows, columns] = [height / factor, width / factor]
  return fill('float32', [batch, 1, rows, columns], (i) => {
    const [x, y, b] = [i % columns, Math.floor(i / columns) % rows, Math.floor(i / columns / rows)]
    return mask.at((b * height + y * factor) * width + x * factor)
  })
}

/** `painted` where the mask is 1 and `kept` where it is 0, exactly; in between both. Batches of 1 serve every picture. */
export function composite(kept: NDArray, painted: NDArray, mask: Mask): NDArray {
  const [batch, channels, height, width] = planes(painted, 'picture')
  const [maskBatch, one, ...space] = planes(mask, 'mask')
  const [keptBatch, ...rest] = planes(kept, 'picture')
  const fits = (count: number): boolean => count === 1 || count === batch
  if (
    one !== 1 ||
    !fits(maskBatch) ||
    !fits(keptBatch) ||
    space.join() !== [height, width].join() ||
    rest.join() !== [channels, height, width].join()
  )
    throw new GeneraError(
      'inpainting-shape',
      `Cannot lay a picture of shape [${painted.shape.join(', ')}] over one of [${kept.shape.join(', ')}] with a mask of [${mask.shape.join(', ')}]`,
      'All three have one height and width, the mask has one channel',
    )
  const area = height * width
  return fill('float32', painted.shape, (i) => {
    const picture = Math.floor(i / (channels * area))
    const share = mask.at((maskBatch === 1 ? 0 : picture * area) + (i % area))
    const under = kept.at(keptBatch === 1 ? i % (channels * area) : i)
    return share === 0 ? under : share === 1 ? painted.at(i) : under + share * (painted.at(i) - under)
  })
}

/** What a mask of latents keeps. */
export interface Known {
  /** Latents of the picture. */
  readonly picture: NDArray
  /** The noise that hides it; the same throughout the run. */
  readonly noise: NDArray
  /** In the size of the latents. */
  readonly mask: Mask
}

/** After a step: puts the known part back, with as much noise as the rest has. For models that do not read the mask themselves. */
export const keepKnown = (sampler: Sampler, state: SamplerState, { picture, noise, mask }: Known): SamplerState => ({
  ...state,
  latents: composite(sampler.noised(picture, noise, state.call), state.latents, mask),
})

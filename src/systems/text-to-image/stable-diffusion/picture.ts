import { InputError, type InputProblem } from '../../../contract/index.js'
import { fill, GeneraError, NDArray } from '../../../graph/index.js'
import { flattenAlpha, type Image } from '../../../media/image.js'
import { resizeImage } from '../../../media/resize.js'

export interface PictureSize {
  readonly width: number
  readonly height: number
}

/** What a checkpoint allows. */
export interface SizeRule {
  /** Both sides are multiples of this. */
  readonly multiple: number
  /** Height and width that the model was trained with. */
  readonly native: number
}

/** Times the native area: beyond it attention needs more memory than any picture is worth. */
const mostAreas = 64
/** From this far off the native size, as a ratio of sides, pictures suffer visibly. */
const farOff = 1.5

/**
 * The size of the results: what is asked for, else that of the given picture if the model can take it, else its proportions in the
 * model's native area.
 *
 * @throws InputError naming the nearest sizes that are allowed
 */
export function chooseSize(
  system: string,
  asked: { readonly width?: number | undefined; readonly height?: number | undefined; readonly image?: PictureSize | undefined },
  { multiple, native }: SizeRule,
): { readonly size: PictureSize; readonly warnings: readonly string[] } {
  const { image } = asked
  const chosen = image && asked.width === undefined && asked.height === undefined ? fitting(image, { multiple, native }) : undefined
  const size = chosen ?? { width: asked.width ?? native, height: asked.height ?? native }
  const problems = (['width', 'height'] as const).flatMap((side) => sideProblem(side, size[side], multiple))
  const area = size.width * size.height
  if (problems.length === 0 && area > mostAreas * native ** 2)
    problems.push({
      field: 'width × height',
      expected: `at most ${(mostAreas * native ** 2).toLocaleString('en')} pixels, ${mostAreas} times what the model was trained with`,
      found: `${size.width} × ${size.height}`,
    })
  if (problems.length > 0) throw new InputError(system, problems as [InputProblem, ...InputProblem[]])
  const ratio = Math.sqrt(area) / native
  return {
    size,
    warnings: [
      ...(image && chosen && !sameSize(image, chosen)
        ? [`The picture of ${image.width} × ${image.height} was resized to ${chosen.width} × ${chosen.height}, which suits the model`]
        : []),
      ...(ratio > farOff || ratio < 1 / farOff
        ? [
            `${size.width} × ${size.height} is far from the ${native} × ${native} that the model was trained with: expect repeated or missing parts`,
          ]
        : []),
    ],
  }
}

export const sameSize = (a: PictureSize, b: PictureSize): boolean => a.width === b.width && a.height === b.height

function sideProblem(field: string, found: number, multiple: number): InputProblem[] {
  if (found % multiple === 0) return []
  const below = Math.floor(found / multiple) * multiple
  const nearest = [...(below > 0 ? [below] : []), below + multiple]
  return [
    {
      field,
      expected: `a multiple of ${multiple}`,
      found: String(found),
      allowed: nearest,
      hint: nearest.length === 1 ? `The nearest is ${nearest[0]}` : `The nearest are ${nearest.join(' and ')}`,
    },
  ]
}

/** The picture's own size where the model takes it and it is within a factor of 2 of the native one. */
function fitting({ width, height }: PictureSize, { multiple, native }: SizeRule): PictureSize {
  const scale = native / Math.sqrt(width * height)
  if (width % multiple === 0 && height % multiple === 0 && scale >= 1 / 2 && scale <= 2) return { width, height }
  const side = (length: number): number => Math.max(1, Math.round((length * scale) / multiple)) * multiple
  return { width: side(width), height: side(height) }
}

/** Pixels as the autoencoder reads them: [1, 3, height, width] from -1 to 1. */
export function pixelsOf({ width, height, data }: Image): NDArray<'float32'> {
  const area = width * height
  const planes = new Float32Array(3 * area)
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = (data[3 * i + c] as number) / 127.5 - 1
  return new NDArray('float32', [1, 3, height, width], planes)
}

/**
 * The picture [1, 3, height, width] that a decoder made.
 *
 * @throws GeneraError for pixels that are no numbers
 */
export function pictureOf(pixels: NDArray): Image {
  const [, , height, width] = pixels.shape as readonly [number, number, number, number]
  const area = width * height
  const { data: planes } = pixels.cast('float32')
  const data = new Uint8Array(3 * area)
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 3; c++) {
      const value = planes[c * area + i] as number
      if (Number.isNaN(value)) throw notFinite('the decoded pixels are')
      data[3 * i + c] = Math.round(Math.min(Math.max(value / 2 + 0.5, 0), 1) * 255)
    }
  return { width, height, channels: 3, data }
}

/** Numbers overflowed or were never any: without this error the picture would be black. */
export const notFinite = (what: string): GeneraError =>
  new GeneraError(
    'NotFinite',
    `Cannot finish the picture: ${what} no longer finite numbers`,
    'A damaged checkpoint does that, and so do very large values of guidanceScale',
  )

/** A picture at the size of the results, without alpha. */
export const fitted = (image: Image, size: PictureSize): Image => resizeImage(flattenAlpha(image), { ...size, filter: 'lanczos' })

/** The mask of a picture [1, 1, height, width], 1 where it is painted anew: where the mask is lighter than mid-grey. Transparent is black. */
export function maskOf(mask: Image, size: PictureSize): NDArray<'float32'> {
  const { data } = resizeImage(flattenAlpha(mask, [0, 0, 0]), { ...size, filter: 'box' })
  return fill('float32', [1, 1, size.height, size.width], (i) => {
    const [red, green, blue] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]] as [number, number, number]
    return 0.299 * red + 0.587 * green + 0.114 * blue >= 127.5 ? 1 : 0
  })
}

/** The pixels [1, 3, height, width] of a picture with those that are to be painted anew in mid-grey, as inpainting models read it. */
export const maskedPixels = (pixels: NDArray, mask: NDArray): NDArray<'float32'> =>
  fill('float32', pixels.shape, (i) => (mask.at(i % mask.length) === 1 ? 0 : pixels.at(i)))

/** The painted picture inside the mask; outside it, byte for byte, what was there before. */
export function pastedInto(image: Image, painted: Image, mask: NDArray): Image {
  const data = new Uint8Array(image.data)
  for (let i = 0; i < mask.length; i++) if (mask.at(i) === 1) data.set(painted.data.subarray(3 * i, 3 * i + 3), 3 * i)
  return { ...image, data }
}

/** Arrays one after the other along one of the first two axes; those before it are of size 1. */
export function joined(arrays: readonly NDArray[], axis: 0 | 1): NDArray<'float32'> {
  const [{ shape }] = arrays as readonly [NDArray]
  const data = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of arrays) {
    data.set(each.cast('float32').data, at)
    at += each.length
  }
  return new NDArray(
    'float32',
    shape.with(
      axis,
      arrays.reduce((sum, each) => sum + (each.shape[axis] as number), 0),
    ),
    data,
  )
}

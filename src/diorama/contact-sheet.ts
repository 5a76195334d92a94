import type { Image } from '../media/image.js'

/**
 * Pictures of one size side by side, row by row, with a gap around each; the background is an even grey value.
 * Alpha, where a picture has it, is dropped.
 */
export function contactSheet(
  images: readonly Image[],
  { columns = Math.ceil(Math.sqrt(images.length)), gap = 0, background = 255 } = {},
): Image {
  const first = images[0]
  if (!first || !Number.isInteger(columns) || columns < 1 || !Number.isInteger(gap) || gap < 0)
    throw new RangeError(`Cannot lay out ${images.length} pictures in ${columns} columns with gaps of ${gap} pixels`)
  const odd = images.find((image) => image.width !== first.width || image.height !== first.height)
  if (odd)
    throw new RangeError(
      `Cannot lay out pictures of different sizes: the first is ${first.width} × ${first.height}, another ${odd.width} × ${odd.height}`,
    )
  const rows = Math.ceil(images.length / columns)
  const width = columns * (first.width + gap) + gap
  const height = rows * (first.height + gap) + gap
  const data = new Uint8Array(3 * width * height).fill(background)
  for (const [i, image] of images.entries()) {
    const left = gap + (i % columns) * (first.width + gap)
    const top = gap + Math.floor(i / columns) * (first.height + gap)
    for (let y = 0; y < image.height; y++)
      for (let x = 0; x < image.width; x++) {
        const from = (y * image.width + x) * image.channels
        data.set(image.data.subarray(from, from + 3), 3 * ((top + y) * width + left + x))
      }
  }
  return { width, height, channels: 3, data }
}

import { NDArray } from '../../../graph/index.js'

/**
 * Latents [1, channels, height, width] of another height and width, linearly between the cells' middles (in the web interface "Latent", in PyTorch
 * `interpolate(…, mode='bilinear', align_corners=False)`).
 */
export function resizeLatents(latents: NDArray, [height, width]: readonly [number, number]): NDArray<'float32'> {
  const [, channels = 1, rows = 1, columns = 1] = latents.shape
  const from = latents.cast('float32').data
  const [down, across] = [between(rows, height), between(columns, width)]
  const data = new Float32Array(channels * height * width)
  let at = 0
  for (let c = 0; c < channels; c++)
    for (const [top, bottom, low] of down)
      for (const [left, right, far] of across) {
        const value = (row: number, column: number): number => from[(c * rows + row) * columns + column] as number
        const upper = value(top, left) * (1 - far) + value(top, right) * far
        const lower = value(bottom, left) * (1 - far) + value(bottom, right) * far
        data[at++] = upper * (1 - low) + lower * low
      }
  return new NDArray('float32', [1, channels, height, width], data)
}

/** For each new place the two old ones that it lies between, and how far it is from the first. */
const between = (before: number, after: number): (readonly [number, number, number])[] =>
  Array.from({ length: after }, (_, i) => {
    const place = Math.max(0, ((i + 0.5) * before) / after - 0.5)
    const first = Math.min(Math.floor(place), before - 1)
    return [first, Math.min(first + 1, before - 1), place - first]
  })

import type { Cast } from '../cast.js'

/**
 * Where a draughtsman would draw a line, from 0 to 1 per pixel: along silhouettes and creases. Of the two pixels at an edge the
 * nearer one carries the line, so that it is one pixel wide; `width` thickens it, in pixels.
 */
export function outlines({ width, height, depth, normals, mask }: Cast, thickness: number): Float32Array {
  const edge = new Uint8Array(width * height)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (x + 1 < width) mark(i, i + 1)
      if (y + 1 < height) mark(i, i + width)
    }

  function mark(i: number, j: number): void {
    const own = mask[i] as number
    const other = mask[j] as number
    const nearer = (depth[i] as number) <= (depth[j] as number) ? i : j
    if (own !== other) edge[nearer] = 1
    else if (own !== 0) {
      const between = Math.abs((depth[i] as number) - (depth[j] as number))
      const along =
        (normals[3 * i] as number) * (normals[3 * j] as number) +
        (normals[3 * i + 1] as number) * (normals[3 * j + 1] as number) +
        (normals[3 * i + 2] as number) * (normals[3 * j + 2] as number)
      if (along < 0.6 || between > 0.2) edge[nearer] = 1
    }
  }

  return widen(edge, width, height, thickness)
}

/** Draws a soft-edged disc of this diameter around every marked pixel. */
function widen(edge: Uint8Array, width: number, height: number, thickness: number): Float32Array {
  const out = new Float32Array(edge.length)
  const radius = thickness / 2
  const reach = Math.ceil(radius)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (edge[i] === 0) continue
      for (let dy = -reach; dy <= reach; dy++)
        for (let dx = -reach; dx <= reach; dx++) {
          const [px, py] = [x + dx, y + dy]
          if (px < 0 || py < 0 || px >= width || py >= height) continue
          const cover = Math.min(1, radius + 0.5 - Math.hypot(dx, dy))
          const at = py * width + px
          if (cover > (out[at] as number)) out[at] = cover
        }
    }
  return out
}

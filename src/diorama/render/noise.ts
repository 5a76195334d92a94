/**
 * Random texture by table. The inner loops ask for thousands of noise values per picture, so the noise is made once: a square
 * of fractal noise that repeats at its edges, with ever coarser copies, so that a far look-up costs what a near one costs and
 * never glitters.
 */
const SIDE = 256
const LEVELS = 8

/** The mixing step of a multiply-xorshift hash: 32 well-stirred bits from two whole numbers. */
export function hash(x: number, y: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}

/** An even number in [0, 1) that belongs to a cell of a grid. */
export const cell = (x: number, y: number): number => hash(x, y) * 2 ** -32

let broad: readonly Float32Array[] | undefined
let fine: readonly Float32Array[] | undefined

/**
 * Smooth noise with features of a `first`th of the square down to two texels, stretched to mean 0.5 and most of [0, 1]: at each
 * scale, bumps of random height at random places (sparse convolution), because a lattice of values would show as one.
 */
function build(first: number): readonly Float32Array[] {
  const base = new Float32Array(SIDE * SIDE)
  for (let octave = 0, cells = first, weight = 0.5; cells <= SIDE / 2; octave++, cells *= 2, weight *= 0.58) {
    const width = SIDE / cells
    const reach = 0.95 * width
    for (let bump = 0; bump < 3 * cells * cells; bump++) {
      const height = weight * (cell(bump, 3 * octave) - 0.5)
      const cx = cell(bump, 3 * octave + 1) * SIDE
      const cy = cell(bump, 3 * octave + 2) * SIDE
      for (let y = Math.ceil(cy - reach); y < cy + reach; y++)
        for (let x = Math.ceil(cx - reach); x < cx + reach; x++) {
          const near = 1 - ((x - cx) ** 2 + (y - cy) ** 2) / (reach * reach)
          if (near <= 0) continue
          const at = (y & (SIDE - 1)) * SIDE + (x & (SIDE - 1))
          base[at] = (base[at] as number) + height * near * near
        }
    }
  }
  let mean = 0
  let square = 0
  for (const value of base) {
    mean += value / base.length
    square += (value * value) / base.length
  }
  const gain = 0.19 / Math.sqrt(square - mean * mean)
  for (let i = 0; i < base.length; i++) base[i] = 0.5 + gain * ((base[i] as number) - mean)
  const levels = [base]
  for (let side = SIDE / 2; levels.length < LEVELS; side /= 2) {
    const finer = levels[levels.length - 1] as Float32Array
    const coarse = new Float32Array(side * side)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const i = 4 * y * side + 2 * x
        const below = i + 2 * side
        coarse[y * side + x] =
          ((finer[i] as number) + (finer[i + 1] as number) + (finer[below] as number) + (finer[below + 1] as number)) / 4
      }
    levels.push(coarse)
  }
  return levels
}

const ease = (t: number): number => t * t * (3 - 2 * t)

/**
 * Noise in about [0, 1] with mean 0.5 at a place of a plane that the square covers in steps of 1, smoothed to what a pixel
 * of this footprint (in the same unit) can show. It has features from a quarter of the square down.
 */
export function noise(x: number, y: number, footprint: number): number {
  broad ??= build(4)
  return sample(broad, x, y, footprint)
}

/** The same with nothing larger than a 32nd of the square: fine texture that can be laid side by side without a visible pattern. */
export function grain(x: number, y: number, footprint: number): number {
  fine ??= build(32)
  return sample(fine, x, y, footprint)
}

function sample(pyramid: readonly Float32Array[], x: number, y: number, footprint: number): number {
  const detail = footprint * SIDE
  let level = 0
  let texel = 1
  while (level < LEVELS - 1 && texel < detail) {
    level++
    texel *= 2
  }
  const side = SIDE >> level
  const mask = side - 1
  const data = pyramid[level] as Float32Array
  const u = x * side - 0.5
  const v = y * side - 0.5
  const column = Math.floor(u)
  const row = Math.floor(v)
  const s = ease(u - column)
  const t = ease(v - row)
  const x0 = column & mask
  const x1 = (column + 1) & mask
  const y0 = (row & mask) * side
  const y1 = ((row + 1) & mask) * side
  const top = (data[y0 + x0] as number) * (1 - s) + (data[y0 + x1] as number) * s
  const bottom = (data[y1 + x0] as number) * (1 - s) + (data[y1 + x1] as number) * s
  const value = top * (1 - t) + bottom * t
  if (level === 0) return value
  // Between two levels the coarser one takes over by degrees, down to flat grey at the coarsest.
  const share = level === LEVELS - 1 ? Math.min(1, detail / texel - 0.5) : Math.max(0, 2 * (detail / texel) - 1) * 0.5
  return value + (0.5 - value) * share * (level / LEVELS)
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smooth(from: number, to: number, value: number): number {
  const t = (value - from) / (to - from)
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t)
}

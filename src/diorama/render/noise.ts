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

let pyramid: readonly Float32Array[] | undefined

/** Smooth noise with features of a quarter of the square down to two texels, stretched to mean 0.5 and most of [0, 1]. */
function build(): readonly Float32Array[] {
  const base = new Float32Array(SIDE * SIDE)
  for (let octave = 0, cells = 4, weight = 0.5; octave < 6; octave++, cells *= 2, weight *= 0.55) {
    const width = SIDE / cells
    for (let y = 0; y < SIDE; y++) {
      const row = Math.floor(y / width)
      const v = ease(y / width - row)
      for (let x = 0; x < SIDE; x++) {
        const column = Math.floor(x / width)
        const u = ease(x / width - column)
        const at = (i: number, j: number): number => cell(((column + i) % cells) + 977 * octave, (row + j) % cells)
        const value = (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v
        base[y * SIDE + x] = (base[y * SIDE + x] as number) + weight * (value - 0.5)
      }
    }
  }
  for (let i = 0; i < base.length; i++) base[i] = 0.5 + 1.15 * (base[i] as number)
  const levels = [base]
  for (let side = SIDE / 2; levels.length < LEVELS; side /= 2) {
    const fine = levels[levels.length - 1] as Float32Array
    const coarse = new Float32Array(side * side)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const i = 4 * y * side + 2 * x
        const below = i + 2 * side
        coarse[y * side + x] = ((fine[i] as number) + (fine[i + 1] as number) + (fine[below] as number) + (fine[below + 1] as number)) / 4
      }
    levels.push(coarse)
  }
  return levels
}

const ease = (t: number): number => t * t * (3 - 2 * t)

/**
 * Noise in about [0, 1] with mean 0.5 at a place of a plane that the square covers in steps of 1, smoothed to what a pixel
 * of this footprint (in the same unit) can show.
 */
export function noise(x: number, y: number, footprint: number): number {
  pyramid ??= build()
  const detail = footprint * SIDE
  // log2 by the exponent of the float would do; three comparisons per octave are as fast and clearer.
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
  const fine = top * (1 - t) + bottom * t
  if (level === 0) return fine
  // Between two levels the coarser one takes over by degrees, down to flat grey at the coarsest.
  const share = level === LEVELS - 1 ? Math.min(1, detail / texel - 0.5) : Math.max(0, 2 * (detail / texel) - 1) * 0.5
  return fine + (0.5 - fine) * share * (level / LEVELS)
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smooth(from: number, to: number, value: number): number {
  const t = (value - from) / (to - from)
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t)
}

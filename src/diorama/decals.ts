import { GeneraError } from '../graph/errors.js'
import type { Decal, DecalSymbol } from './scene.js'

/**
 * Letters and digits as strokes on a grid 4 wide and 6 high: two digits a point (x, then y from the bottom), points joined
 * into lines, lines parted by a slash. Strokes have an exact distance, so a decal is crisp at any size.
 */
const strokes: Readonly<Record<string, string>> = {
  A: '0004264440/0242',
  B: '00063645443303/3342413000',
  C: '45361605011030 41',
  D: '0006264442200 0',
  E: '46060040/0333',
  F: '000646/0333',
  G: '453616050110304143 23',
  H: '0006/4046/0343',
  I: '1030/1636/2026',
  J: '4641301001',
  K: '0006/4603/0340',
  L: '060040',
  M: '0006234640',
  N: '00064046',
  O: '160501103041453616',
  P: '00063645443303',
  Q: '160501103041453616/2240',
  R: '00063645443303/2340',
  S: '45361605041333424130100 1',
  T: '0646/2026',
  U: '060110304146',
  V: '062046',
  W: '0610233046',
  X: '0046/0640',
  Y: '062346/2320',
  Z: '06460040',
  '0': '160501103041453616/1135',
  '1': '152620/1030',
  '2': '051636454400 40',
  '3': '051636454433/23334241301001',
  '4': '30360242',
  '5': '4606033342413010 01',
  '6': '453616050110304142330 3',
  '7': '064620',
  '8': '131605/05163645443313/13020110304142330',
  '9': '01103041453616050413 43',
}

/** What a decal's letters are made of. */
export const decalCharacters: readonly string[] = Object.keys(strokes)
/** The longest word that fits on an object. */
export const longestDecal = 6

const STROKE = 0.52
const ADVANCE = 5.6

/** A decal as lines: x0, y0, x1, y1 for each, around the middle of a box of this half-width and half-height. */
export interface Artwork {
  readonly symbol: DecalSymbol | undefined
  readonly lines: Float64Array
  readonly halfWidth: number
  readonly halfHeight: number
}

const linesOf = (glyph: string): number[] =>
  glyph
    .replaceAll(' ', '')
    .split('/')
    .flatMap((line) => {
      const points = line.match(/\d\d/g) ?? []
      return points.slice(1).flatMap((to, i) => [...(points[i] as string), ...to].map(Number))
    })

/** Prepares a decal for {@link decalDistance}. */
export function artworkOf(decal: Decal): Artwork {
  if (decal.kind === 'symbol') {
    const lines = Float64Array.from(symbolLines[decal.symbol] ?? [])
    return { symbol: decal.symbol, lines, halfWidth: 3, halfHeight: 3 }
  }
  const { text } = decal
  if (text.length < 1 || text.length > longestDecal || [...text].some((character) => !(character in strokes)))
    throw new GeneraError(
      'decal-text',
      `Cannot paint ${JSON.stringify(text)} on an object: a decal has 1 to ${longestDecal} characters, each of A-Z or 0-9`,
    )
  const halfWidth = ((text.length - 1) * ADVANCE + 4) / 2
  const lines = [...text].flatMap((character, i) =>
    linesOf(strokes[character] as string).map((value, at) => (at % 2 === 0 ? value + i * ADVANCE - halfWidth : value - 3)),
  )
  return { symbol: undefined, lines: Float64Array.from(lines), halfWidth: halfWidth + STROKE, halfHeight: 3 + STROKE }
}

/** Signed distance from a point of the artwork's plane to the painted part, negative on it; in units of the letters' grid. */
export function decalDistance(artwork: Artwork, x: number, y: number): number {
  const { symbol, lines } = artwork
  if (symbol === 'star') return star(x, y + 0.15, 3.1)
  if (symbol === 'heart') return heart(x, y)
  let nearest = Number.POSITIVE_INFINITY
  for (let i = 0; i < lines.length; i += 4) {
    const x0 = lines[i] as number
    const y0 = lines[i + 1] as number
    const dx = (lines[i + 2] as number) - x0
    const dy = (lines[i + 3] as number) - y0
    const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)))
    const px = x - x0 - along * dx
    const py = y - y0 - along * dy
    nearest = Math.min(nearest, px * px + py * py)
  }
  const stroke = Math.sqrt(nearest) - (symbol ? 0.62 : STROKE)
  return symbol === 'smiley' ? smiley(x, y, stroke) : stroke
}

const smile = Array.from({ length: 9 }, (_, i) => Math.PI * (1.15 + (0.7 * i) / 8)).map((a) => [1.7 * Math.cos(a), 1.7 * Math.sin(a)])
const symbolLines: Readonly<Partial<Record<DecalSymbol, readonly number[]>>> = {
  arrow: [-2.5, 0, 2.3, 0, 2.4, 0, 0.6, 1.8, 2.4, 0, 0.6, -1.8],
  'check mark': [-2.3, 0, -0.7, -1.8, -0.7, -1.8, 2.4, 2.1],
  smiley: smile.slice(1).flatMap((to, i) => [...(smile[i] as number[]), ...to]),
}

/** A ring with two eyes around the mouth's stroke. */
function smiley(x: number, y: number, mouth: number): number {
  const ring = Math.abs(Math.hypot(x, y) - 2.75) - 0.33
  const eyes = Math.hypot((Math.abs(x) - 1) * 1.25, y - 0.75) - 0.5
  return Math.min(ring, eyes, mouth + 0.26)
}

/** Five points on a circle of radius r; folded into one tenth of the plane, where it is a single edge. */
function star(x: number, y: number, r: number): number {
  const sector = Math.PI / 5
  const angle = Math.abs(((((Math.atan2(x, y) + sector) % (2 * sector)) + 2 * sector) % (2 * sector)) - sector)
  const radius = Math.hypot(x, y)
  const [px, py] = [radius * Math.cos(angle), radius * Math.sin(angle)]
  const inner = 0.4 * r
  const [ix, iy] = [inner * Math.cos(sector), inner * Math.sin(sector)]
  const edge = Math.hypot(r - ix, iy)
  return ((px - r) * iy - py * (ix - r)) / edge
}

/** Two arcs above a point. */
function heart(x: number, y: number): number {
  const px = Math.abs(x) / 4.4
  const py = (y + 2.6) / 4.4
  if (px + py > 1) return (Math.hypot(px - 0.25, py - 0.75) - Math.SQRT2 / 4) * 4.4
  const t = 0.5 * Math.max(px + py, 0)
  return Math.sqrt(Math.min(px * px + (py - 1) ** 2, (px - t) ** 2 + (py - t) ** 2)) * Math.sign(px - py) * 4.4
}

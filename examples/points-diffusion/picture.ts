import type { NDArray } from 'genera/graph'
import type { Walk } from './points-diffusion.js'

/** Pixels, four bytes each (red, green, blue, opacity): what a canvas shows and a PNG stores. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray<ArrayBuffer>
}

type Colour = readonly [red: number, green: number, blue: number]

const BACKGROUND: Colour = [11, 14, 24]
const PANEL: Colour = [18, 22, 36]
const GAP = 16
const LARGE = 474
const STAGES = 5
const SMALL = (2 * LARGE + GAP - (STAGES - 1) * GAP) / STAGES
/** Half the width of the plane that a panel shows: noise spreads further than the data. */
const [NEAR, FAR] = [2.4, 2.9]

export const WIDTH = 2 * LARGE + 3 * GAP
export const HEIGHT = LARGE + SMALL + 3 * GAP

/** The data on the left, the samples on the right; below, the way from noise to samples. A dot keeps the colour of where it ends. */
export function draw(data: NDArray, walk: Walk): Picture {
  const picture: Picture = { width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(4 * WIDTH * HEIGHT) }
  box(picture, 0, 0, WIDTH, HEIGHT, 0, BACKGROUND)
  const last = walk[walk.length - 1] as NDArray
  panel(picture, GAP, GAP, LARGE, NEAR, data, data)
  panel(picture, 2 * GAP + LARGE, GAP, LARGE, NEAR, last, last)
  for (let i = 0; i < STAGES; i++) {
    const share = 1 - (1 - i / (STAGES - 1)) ** 2 // the points find their places late, so look more often there
    const stage = walk[Math.round(share * (walk.length - 1))] as NDArray
    panel(picture, GAP + i * (SMALL + GAP), 2 * GAP + LARGE, SMALL, FAR, stage, last)
  }
  return picture
}

function panel(picture: Picture, left: number, top: number, size: number, reach: number, points: NDArray, ends: NDArray): void {
  box(picture, left, top, size, size, 14, PANEL)
  const scale = size / 2 / reach
  const radius = Math.max(0.75, size / 300)
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points.at(i) * scale, points.at(i + 1) * scale]
    if (Math.max(Math.abs(x), Math.abs(y)) > size / 2 - 8) continue
    dot(picture, left + size / 2 + x, top + size / 2 - y, radius, colourAt(ends.at(i), ends.at(i + 1)))
  }
}

/** A wheel of colours around the centre of the plane. */
function colourAt(x: number, y: number): Colour {
  const angle = Math.atan2(y, x) + 0.8 * Math.hypot(x, y)
  const wave = (shift: number): number => 0.5 + 0.5 * Math.cos(angle + shift)
  return [90 + 165 * wave(0), 90 + 130 * wave(-2.4), 130 + 125 * wave(2.2)]
}

/** A disc with a soft edge. */
function dot(picture: Picture, x: number, y: number, radius: number, colour: Colour): void {
  for (let row = Math.floor(y - radius - 1); row <= y + radius + 1; row++)
    for (let column = Math.floor(x - radius - 1); column <= x + radius + 1; column++)
      blend(picture, column, row, colour, 0.75 * (radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y)))
}

/** A rectangle with round corners. */
function box(picture: Picture, left: number, top: number, width: number, height: number, corner: number, colour: Colour): void {
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const x = Math.max(corner - column - 0.5, column + 0.5 - (width - corner), 0)
      const y = Math.max(corner - row - 0.5, row + 0.5 - (height - corner), 0)
      blend(picture, left + column, top + row, colour, corner === 0 ? 1 : corner + 0.5 - Math.hypot(x, y))
    }
}

/** Lays a colour over a pixel; `cover` says how much of the pixel it covers and is cut to between 0 and 1. */
function blend({ width, data }: Picture, column: number, row: number, colour: Colour, cover: number): void {
  const share = Math.min(1, Math.max(0, cover))
  const at = 4 * (row * width + column)
  for (const [channel, value] of colour.entries()) data[at + channel] = (data[at + channel] as number) * (1 - share) + value * share
  data[at + 3] = 255
}

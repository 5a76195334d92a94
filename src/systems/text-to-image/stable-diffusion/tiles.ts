import { NDArray } from '../../../graph/index.js'
import type { Networks, SizedNetworks } from './networks.js'
import type { PictureSize } from './picture.js'
import type { Use } from './recently-used.js'

/** Share of a tile that it has in common with the next one. */
const shared = 1 / 4
/** Times the native area from which pictures are made in tiles, where nothing else is asked for. */
const largeAreas = 4

type Work = (...parts: readonly NDArray[]) => Promise<NDArray>

/**
 * Runs a network on overlapping tiles of its inputs and blends what it makes of them: linearly from one tile to the next, so that no seam shows. All
 * tiles are of one size; the last of a row begins earlier. What an autoencoder takes from the whole picture (the statistics of its normalisations, its
 * attention) it takes from a tile, so pictures differ slightly from those that are made at once.
 *
 * @param inputs [1, channels, height, width], each at a scale of its own to `size`
 * @param size height and width that tiles are counted in
 * @param tile their sides, at most `size`
 */
export async function inTiles(
  work: Work,
  inputs: readonly NDArray[],
  size: readonly [height: number, width: number],
  tile: readonly [height: number, width: number],
): Promise<NDArray> {
  const [tops, lefts] = [startsOf(size[0], tile[0]), startsOf(size[1], tile[1])]
  let whole: { readonly data: Float32Array; readonly weights: Float32Array; readonly shape: readonly number[] } | undefined
  for (const top of tops)
    for (const left of lefts) {
      const parts = inputs.map((input) => cut(input, size, [top, left], tile))
      const made = await work(...parts)
      const [, channels = 1, height = 1] = made.shape
      const scale = height / tile[0]
      const [rows, columns] = [size[0] * scale, size[1] * scale]
      whole ??= {
        data: new Float32Array(channels * rows * columns),
        weights: new Float32Array(rows * columns),
        shape: [1, channels, rows, columns],
      }
      blend(whole, made, [top * scale, left * scale], tops.length > 1, lefts.length > 1)
    }
  const { data, weights, shape } = whole as NonNullable<typeof whole>
  return new NDArray(
    'float32',
    shape,
    data.map((value, i) => value / (weights[i % weights.length] as number)),
  )
}

/** Where tiles begin: at equal distances, the last one where it still ends inside. */
function startsOf(size: number, tile: number): readonly number[] {
  const step = Math.max(1, tile - Math.floor(tile * shared))
  const count = Math.ceil((size - tile) / step) + 1
  return Array.from({ length: count }, (_, i) => Math.min(i * step, size - tile))
}

/** The part of an input that belongs to a tile. */
function cut(input: NDArray, size: readonly number[], at: readonly number[], tile: readonly number[]): NDArray {
  const [, channels = 1, rows = 1, columns = 1] = input.shape
  const scale = rows / (size[0] as number)
  const [top = 0, left = 0, height = 0, width = 0] = [...at, ...tile].map((length) => length * scale)
  const from = input.cast('float32').data
  const data = new Float32Array(channels * height * width)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) {
      const start = (c * rows + top + y) * columns + left
      data.set(from.subarray(start, start + width), (c * height + y) * width)
    }
  return new NDArray('float32', [1, channels, height, width], data)
}

/** Adds a tile with weights that fall towards those of its sides that lie inside the picture. */
function blend(
  { data, weights, shape }: { readonly data: Float32Array; readonly weights: Float32Array; readonly shape: readonly number[] },
  made: NDArray,
  [top, left]: readonly [number, number],
  tiledDown: boolean,
  tiledAcross: boolean,
): void {
  const [, channels = 1, rows = 1, columns = 1] = shape
  const [, , height = 1, width = 1] = made.shape
  const from = made.cast('float32').data
  const down = rampOf(height, tiledDown && top > 0, tiledDown && top + height < rows)
  const across = rampOf(width, tiledAcross && left > 0, tiledAcross && left + width < columns)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const weight = (down[y] as number) * (across[x] as number)
      const place = (top + y) * columns + left + x
      weights[place] = (weights[place] as number) + weight
      for (let c = 0; c < channels; c++) {
        const inside = c * rows * columns + place
        data[inside] = (data[inside] as number) + weight * (from[(c * height + y) * width + x] as number)
      }
    }
}

function rampOf(length: number, before: boolean, behind: boolean): Float32Array {
  const slope = Math.max(1, Math.floor(length * shared))
  return Float32Array.from({ length }, (_, i) => Math.min(1, before ? (i + 0.5) / slope : 1, behind ? (length - i - 0.5) / slope : 1))
}

export interface TileRule {
  /** Height and width in px that the model was trained with. */
  readonly native: number
  /** Pixels to a cell of latents. */
  readonly factor: number
  /** Side of the tiles in px that was asked for; 0 for none. */
  readonly asked: number | undefined
}

/** The size of the tiles in which the autoencoder makes a picture; undefined where it makes it at once. */
export function tileOf(size: PictureSize, { native, factor, asked }: TileRule): PictureSize | undefined {
  const side = asked ?? (size.width * size.height > largeAreas * native ** 2 ? native : 0)
  const most = Math.max(factor, Math.floor(side / factor) * factor)
  if (side === 0 || (size.width <= most && size.height <= most)) return undefined
  return { width: Math.min(size.width, most), height: Math.min(size.height, most) }
}

/** A program that is kept while all tiles of a picture are made. */
interface Tiling {
  hold<T>(task: (work: Work) => Promise<T>): Promise<T>
}

/** The networks for pictures of a size, whose autoencoder works in tiles where the pictures are large. */
export function networksFor(networks: Networks, size: PictureSize, rule: TileRule): Use<SizedNetworks> {
  const whole = networks.ofSize(size)
  const tile = tileOf(size, rule)
  if (!tile) return whole
  const part = networks.ofSize(tile)
  const cells = ({ width, height }: PictureSize) => [height / rule.factor, width / rule.factor] as const
  const tiled = (program: Tiling) =>
    Object.assign((...inputs: readonly NDArray[]) => program.hold((work) => inTiles(work, inputs, cells(size), cells(tile))), program)
  const { encodePicture, decodePicture } = part.value
  return {
    value: {
      ...whole.value,
      encodePicture: tiled(encodePicture as unknown as Tiling),
      decodePicture: tiled(decodePicture as unknown as Tiling),
    } as unknown as SizedNetworks,
    async release() {
      await part.release()
      await whole.release()
    },
  }
}

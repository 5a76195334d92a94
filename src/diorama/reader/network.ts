import { axes, pixelUnshuffle, repeatInterleave, silu, type Tensor } from '../../graph/index.js'
import { conv2d, groupNorm, linear, type Scope } from '../../nn/index.js'
import { colours, materials, settings, shapes, sizes, styles, symbols, times } from '../scene.js'

/**
 * The reader: a picture in, the objects with their attributes and places out. It is a detector in the manner of CenterNet (Zhou et
 * al. 2019): every cell of a coarse grid says whether an object's middle lies there, what the object is, and how large its box is.
 * It judges pictures and is never part of what makes them.
 */
export interface ReaderSize {
  /** Width and height of the picture. */
  readonly pixels: number
  /** Pixels per side that become one place with many channels before the first convolution: detail costs next to nothing then. */
  readonly fold: number
  /** Channels of three levels: at the folded picture's size, at half of it, which is the grid's, and at a quarter. */
  readonly widths: readonly [number, number, number]
  /** Residual blocks at each of them. */
  readonly blocks: readonly [number, number, number]
}

/** Rows and columns of the grid. */
export const cellsOf = ({ pixels, fold }: ReaderSize): number => pixels / fold / 2

export const readerSizes = {
  embedded: { pixels: 128, fold: 4, widths: [40, 80, 144], blocks: [2, 3, 3] },
  /** For tests of the machinery. */
  tiny: { pixels: 32, fold: 2, widths: [8, 16, 16], blocks: [1, 1, 1] },
} as const satisfies Record<string, ReaderSize>

/** What is painted on an object. The reader sees that there is writing, but does not read the letters. */
export const decalClasses = ['none', 'text', ...symbols] as const

/** The words that a cell chooses from. */
export const objectWords = { shape: shapes, colour: colours, size: sizes, material: materials, decal: decalClasses } as const
/** The words that hold for the whole picture. */
export const sceneWords = { setting: settings, time: times, style: styles } as const
export type ObjectWord = keyof typeof objectWords
export type SceneWord = keyof typeof sceneWords
export const objectWordNames = Object.keys(objectWords) as ObjectWord[]
export const sceneWordNames = Object.keys(sceneWords) as SceneWord[]

/** Scores before any softmax or sigmoid. */
export interface ReaderLogits {
  /** Whether an object's middle is in the cell: [batch, rows, columns]. */
  readonly middle: Tensor
  /** Where in the cell the middle is (x, y from 0 to 1), and the logarithms of the box's width and height in cells: [batch, rows, columns, 4]. */
  readonly box: Tensor
  /** Per word group: [batch, rows, columns, words]. */
  readonly object: Readonly<Record<ObjectWord, Tensor>>
  /** Per word group: [batch, words]. */
  readonly scene: Readonly<Record<SceneWord, Tensor>>
}

/** `pictures` are [batch, 3, pixels, pixels] with values in [-1, 1]. */
export function reader(scope: Scope, pictures: Tensor, { fold, widths, blocks }: ReaderSize): ReaderLogits {
  const { batch } = axes(pictures, 'batch channels height width')
  const [fine, middling, coarse] = widths
  let x = conv2d(scope.at('stem'), pixelUnshuffle(pictures, fold), fine, 3, { padding: 1 }) // [fine, 2·cells, 2·cells]
  x = residuals(scope.at('fine'), x, blocks[0])
  x = residuals(scope.at('middling'), conv2d(scope.at('to_middling'), x, middling, 3, { stride: 2, padding: 1 }), blocks[1])
  let deep = conv2d(scope.at('to_coarse'), x, coarse, 3, { stride: 2, padding: 1 })
  deep = residuals(scope.at('coarse'), deep, blocks[2]) // [coarse, cells / 2, cells / 2]
  const wide = conv2d(scope.at('from_coarse'), deep, middling, 1)
  x = x.add(repeatInterleave(repeatInterleave(wide, 2, 2), 2, 3))
  x = residuals(scope.at('grid'), x, 1) // [middling, cells, cells]

  const counts = objectWordNames.map((name) => objectWords[name].length)
  const cells = conv2d(scope.at('cells'), silu(groupNorm(scope.at('cells_norm'), x, 8)), 5 + sum(counts), 1).transpose([0, 2, 3, 1])
  const [middle, box, ...words] = cells.split([1, 4, ...counts], -1) as [Tensor, Tensor, ...Tensor[]]
  const pooled = silu(groupNorm(scope.at('scene_norm'), deep, 8)).mean([2, 3]) // [batch, coarse]
  const sceneCounts = sceneWordNames.map((name) => sceneWords[name].length)
  const scene = linear(scope.at('scene'), pooled, sum(sceneCounts)).split(sceneCounts, -1)
  return {
    middle: middle.reshape([batch, ...middle.shape.slice(1, 3)]),
    box,
    object: named(objectWordNames, words),
    scene: named(sceneWordNames, scene),
  }
}

function residuals(scope: Scope, x: Tensor, count: number): Tensor {
  const width = x.size(1)
  for (let i = 0; i < count; i++) {
    const block = scope.at(i)
    const inner = conv2d(block.at('conv1'), silu(groupNorm(block.at('norm1'), x, 8)), width, 3, { padding: 1 })
    x = x.add(conv2d(block.at('conv2'), silu(groupNorm(block.at('norm2'), inner, 8)), width, 3, { padding: 1 }))
  }
  return x
}

const named = <Name extends string>(names: readonly Name[], tensors: readonly Tensor[]): Record<Name, Tensor> =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as Record<Name, Tensor>

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)

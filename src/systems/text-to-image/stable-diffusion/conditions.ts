import { array, type NDArray, scalar } from '../../../graph/index.js'
import type { StableDiffusionInput } from './input.js'
import type { StableDiffusionModel } from './model.js'
import type { Networks } from './networks.js'
import { joined, type PictureSize } from './picture.js'
import { type EncodedPrompt, encodePrompt, paired, type ReadText, readWindows } from './prompt.js'

/** What the U-Net is told at every call: the texts, and how far to go from the one to the other. */
export interface Conditions {
  /** States of the prompt [1, tokens, width]; before them those of the negative prompt [2, tokens, width] where there is guidance. */
  readonly context: NDArray
  /** For XL, in the same order: the texts as a whole [1 or 2, width], and the sizes [1 or 2, numbers]. */
  readonly pooled?: NDArray
  readonly numbers?: NDArray
  /** [1]: the guidance scale, for models that were distilled to know it. */
  readonly told?: NDArray
  readonly guidance?: { readonly scale: NDArray; readonly rescale?: NDArray }
}

export interface ReadConditions {
  readonly conditions: Conditions
  readonly warnings: readonly string[]
}

type Asked = Pick<StableDiffusionInput, 'prompt' | 'negativePrompt' | 'guidanceRescale' | 'aestheticScore' | 'negativeAestheticScore'>

/** Of 10: what the refiner was published with. */
const usualScores = { wanted: 6, unwanted: 2.5 } as const

/** Whether two passes are made, with and without the words. A model that is told the scale makes one. */
export const guides = ({ size }: Pick<StableDiffusionModel, 'size'>, guidanceScale: number): boolean =>
  guidanceScale > 1 && size.unet.guidance === undefined

/** Reads the texts of a request for one checkpoint and pictures of one size. */
export async function readConditions(
  model: StableDiffusionModel,
  { readText }: Pick<Networks, 'readText'>,
  asked: Asked,
  size: PictureSize,
  guidanceScale: number,
): Promise<ReadConditions> {
  const { tokenizer, secondTokenizer: second, published = false, emptyIsZero = false } = model
  const encode = (option: 'prompt' | 'negativePrompt') => encodePrompt(tokenizer, asked[option], option, { weighted: published, second })
  const read = (windows: EncodedPrompt['windows']) => readWindows(readText, windows)
  const wanted = encode('prompt')
  const numbers = numbersOf(model, size)
  const { aestheticScore = usualScores.wanted, negativeAestheticScore = usualScores.unwanted } = asked
  if (!guides(model, guidanceScale)) {
    const { states, pooled } = await read(wanted.windows)
    const told = model.size.unet.guidance === undefined ? undefined : array([guidanceScale])
    const conditions = { context: states, ...(pooled && { pooled }), ...numbers(aestheticScore), ...(told && { told }) }
    return { conditions, warnings: wanted.warnings }
  }
  const unwanted = encode('negativePrompt')
  const [no, yes] = paired(tokenizer, unwanted.windows, wanted.windows, second)
  const away = emptyIsZero && asked.negativePrompt === '' ? undefined : await read(no)
  const towards = await read(yes)
  const from = away ?? zeros(towards)
  const conditions = {
    context: joined([from.states, towards.states], 0),
    ...(from.pooled && towards.pooled && { pooled: joined([from.pooled, towards.pooled], 0) }),
    ...numbers(negativeAestheticScore, aestheticScore),
    guidance: { scale: scalar(guidanceScale), ...(asked.guidanceRescale > 0 && { rescale: scalar(asked.guidanceRescale) }) },
  }
  return { conditions, warnings: [...wanted.warnings, ...unwanted.warnings] }
}

const zeros = ({ states, pooled }: ReadText): ReadText => {
  const like = ({ shape, length }: NDArray) => array(new Float32Array(length), { shape })
  return { states: like(states), ...(pooled && { pooled: like(pooled) }) }
}

/**
 * What XL is told of a picture's size (Podell et al. 2023, section 2.2): as large as it was before it was scaled, nothing cut off, and as large as it
 * is to be. The refiner reads a score in place of the last pair.
 */
const numbersOf =
  ({ size }: StableDiffusionModel, { width, height }: PictureSize) =>
  (...scores: readonly number[]): { readonly numbers?: NDArray } => {
    const { added } = size.unet
    if (!added) return {}
    const known = [height, width, 0, 0]
    const rows = scores.flatMap((score) => [...known, ...(added.numbers === 5 ? [score] : [height, width])])
    return { numbers: array(new Float32Array(rows), { shape: [scores.length, added.numbers] }) }
  }

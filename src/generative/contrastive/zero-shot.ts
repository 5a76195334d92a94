import { array, GeneraError, type NDArray } from '../../graph/index.js'

export interface ZeroShotClass {
  readonly label: string
  /** The ways to say it: one prompt, or several whose embeddings are averaged. */
  readonly prompts: readonly string[]
}

export interface ZeroShotResult {
  readonly label: string
  readonly probability: number
  /** One for each class, in their order. */
  readonly probabilities: readonly number[]
}

export interface ZeroShotOptions {
  readonly classes: readonly ZeroShotClass[]
  /** Embeds texts: [texts, width], of any length. */
  readonly encodeTexts: (texts: readonly string[]) => Promise<NDArray>
  /** What cosines are multiplied by, as training left it: `exp(logit_scale)`, at most 100. */
  readonly scale: number
}

export interface ZeroShotClassifier {
  /** Unit vectors [classes, width]. */
  readonly embeddings: NDArray
  /** What each row of [pictures, width], of any length, most probably shows. */
  classify(pictures: NDArray): ZeroShotResult[]
}

/**
 * A classifier that has seen no example: each class is the direction of its prompts, a picture (or anything else that is embedded beside texts) belongs
 * to the nearest (Radford et al. 2021, section 3.1). Several prompts of a class are normalised, averaged and normalised again.
 */
export async function zeroShotClassifier({ classes, encodeTexts, scale }: ZeroShotOptions): Promise<ZeroShotClassifier> {
  const empty = classes.find(({ prompts }) => prompts.length === 0)
  if (classes.length === 0 || empty)
    throw new GeneraError('zero-shot', `Cannot classify: ${empty ? `the class "${empty.label}" has no prompt` : 'there are no classes'}`)
  const prompts = rowsOf(await encodeTexts(classes.flatMap((each) => each.prompts)))
  const wanted = classes.reduce((sum, each) => sum + each.prompts.length, 0)
  if (prompts.length !== wanted)
    throw new GeneraError('zero-shot', `Cannot classify: ${wanted} prompts were to be embedded, ${prompts.length} embeddings came back`)
  let first = 0
  const directions = classes.map((each) => {
    const own = prompts.slice(first, first + each.prompts.length).map(unit)
    first += each.prompts.length
    return unit(own.reduce((sum, row) => sum.map((value, i) => value + (row[i] as number))))
  })
  return {
    embeddings: array(directions.map((row) => Array.from(row))),
    classify: (pictures) => rowsOf(pictures).map((picture) => chosen(unit(picture), directions, classes, scale)),
  }
}

function chosen(
  picture: Float64Array,
  directions: readonly Float64Array[],
  classes: readonly ZeroShotClass[],
  scale: number,
): ZeroShotResult {
  const scores = directions.map((direction) => {
    if (direction.length !== picture.length)
      throw new GeneraError(
        'zero-shot',
        `Cannot compare an embedding of width ${picture.length} with prompts of width ${direction.length}`,
        'Both must come from the two towers of one model',
      )
    return scale * direction.reduce((sum, value, i) => sum + value * (picture[i] as number), 0)
  })
  const highest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const probabilities = weights.map((weight) => weight / total)
  const best = scores.indexOf(highest)
  if (best < 0) throw new GeneraError('zero-shot', 'Cannot classify an embedding that is not a number throughout')
  return { label: (classes[best] as ZeroShotClass).label, probability: probabilities[best] as number, probabilities }
}

/**
 * The share of rows whose own column is among the `count` highest of [rows, columns]: how often a search finds what belongs to the query. Row i's own column
 * is i; of equal scores none comes first by luck.
 */
export function recallAt(scores: NDArray, count: number): number {
  const rows = rowsOf(scores)
  const found = rows.filter((row, i) => row.filter((score, column) => column !== i && score >= (row[i] as number)).length < count)
  return found.length / rows.length
}

function rowsOf(matrix: NDArray): Float64Array[] {
  const [rows, width] = matrix.shape
  if (matrix.shape.length !== 2 || rows === undefined || width === undefined)
    throw new GeneraError('zero-shot', `Cannot read embeddings from an array of shape [${matrix.shape.join(', ')}]: expected [rows, width]`)
  return Array.from({ length: rows }, (_, row) => Float64Array.from({ length: width }, (_, i) => matrix.at(row * width + i)))
}

function unit(row: Float64Array): Float64Array {
  const length = Math.hypot(...row)
  return length === 0 ? row : row.map((value) => value / length)
}

import { array, type NDArray } from '../../graph/index.js'
import { LanguageError } from './language-error.js'

/** A text to learn from. */
export interface TrainingText {
  readonly tokens: readonly number[]
  /** Whether a token is to be learnt, or only read: of a dialogue the answers alone. All of them when left out. */
  readonly learnt?: readonly boolean[]
}

/** Where a text, or a part of one, lies in a row. */
interface Part {
  readonly text: TrainingText
  readonly from: number
  readonly length: number
}

/** A row of a batch: parts of texts one behind the other. */
export type PackedRow = readonly Part[]

/** A batch of rows that are full of texts. */
export interface PackedBatch<T = NDArray> {
  /** int32 [batch, tokens]. */
  readonly tokens: T
  /** The token after each: int64 [batch, tokens]. */
  readonly targets: T
  /** 1 where the target is to be learnt, 0 elsewhere: [batch, tokens]. */
  readonly weights: T
  readonly segments: T
  readonly positions: T
}

/**
 * Packs texts into rows of `width` tokens, so that next to nothing of a batch is padding: the longest first, each into the fullest row that
 * has room for it (best fit). A token and the one after it are never parted: a text longer than a row goes on in another that begins with the
 * last token of the one before.
 *
 * @throws LanguageError when there is nothing to learn in the texts
 */
export function packRows(texts: readonly TrainingText[], width: number): PackedRow[] {
  const parts = texts.flatMap((text) => partsOf(text, width + 1)).sort((a, b) => b.length - a.length)
  if (parts.length === 0)
    throw new LanguageError(
      'NothingToLearn',
      `Cannot train on ${texts.length} texts: expected tokens that are to be learnt, found none`,
      'A text needs two tokens, a dialogue an answer',
    )
  /** Rows by the room that they have left. */
  const open = new Map<number, Part[][]>()
  const rows: Part[][] = []
  for (const part of parts) {
    const needed = part.length - 1 // the last token is a target alone
    let room = needed
    while (room <= width && !open.get(room)?.length) room++
    const row = open.get(room)?.pop() ?? newRow(rows)
    row.push(part)
    const left = Math.min(room, width) - needed
    const alike = open.get(left)
    if (alike) alike.push(row)
    else open.set(left, [row])
  }
  return rows
}

function newRow(rows: Part[][]): Part[] {
  const row: Part[] = []
  rows.push(row)
  return row
}

/** Pieces of at most `longest` tokens that have something to learn; each begins with the last token of the one before. */
function partsOf(text: TrainingText, longest: number): Part[] {
  const { tokens, learnt } = text
  if (learnt && learnt.length !== tokens.length)
    throw new RangeError(`Cannot pack a text: it has ${tokens.length} tokens, and for ${learnt.length} it is said whether they are learnt`)
  const parts: Part[] = []
  for (let from = 0; from + 1 < tokens.length; from += longest - 1) {
    const length = Math.min(longest, tokens.length - from)
    const teaches = !learnt || learnt.slice(from + 1, from + length).includes(true)
    if (teaches) parts.push({ text, from, length })
  }
  return parts
}

/** Rows of `width` tokens as arrays; what is left of a row reads `padding` and is not learnt. */
export function packedBatch(rows: readonly PackedRow[], width: number, padding = 0): PackedBatch {
  const size = rows.length * width
  const tokens = new Int32Array(size).fill(padding)
  const [targets, positions] = [new BigInt64Array(size), new BigInt64Array(size)]
  const weights = new Float32Array(size)
  const segments = new Int32Array(size)
  rows.forEach((row, r) => {
    let at = r * width
    row.forEach(({ text, from, length }, index) => {
      for (let i = 0; i + 1 < length; i++, at++) {
        tokens[at] = text.tokens[from + i] as number
        targets[at] = BigInt(text.tokens[from + i + 1] as number)
        weights[at] = (text.learnt?.[from + i + 1] ?? true) ? 1 : 0
        segments[at] = index + 1
        positions[at] = BigInt(i)
      }
    })
  })
  const shape = [rows.length, width]
  return {
    tokens: array(tokens, { shape, dtype: 'int32' }),
    targets: array(targets, { shape, dtype: 'int64' }),
    weights: array(weights, { shape }),
    segments: array(segments, { shape, dtype: 'int32' }),
    positions: array(positions, { shape, dtype: 'int64' }),
  }
}

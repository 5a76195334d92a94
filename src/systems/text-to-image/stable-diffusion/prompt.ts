import { array, NDArray } from '../../../graph/index.js'
import type { PromptTokenizer } from './model.js'
import { joined } from './picture.js'
import { weightedTexts } from './prompt-weights.js'

/** As much of a text as the text tower reads at once. */
export interface PromptWindow {
  /** [1, context]. */
  readonly tokens: NDArray<'int32'>
  /** The same for XL's second text tower, which fills what is empty with another token. */
  readonly second?: NDArray<'int32'>
  /** How much the state of each token counts; undefined where all count the same. */
  readonly weights: readonly number[] | undefined
}

export interface EncodedPrompt {
  readonly windows: readonly [PromptWindow, ...PromptWindow[]]
  /** Says so where the text was longer than the context. */
  readonly warnings: readonly string[]
}

export interface PromptOptions {
  readonly weighted?: boolean
  /** Of XL's second text tower. */
  readonly second?: PromptTokenizer | undefined
}

/** Windows of a long text: a hundred are 7,500 tokens. */
const mostWindows = 100

/**
 * A prompt as the text tower reads it.
 *
 * With `weighted`, parts in brackets count more or less (see `weightedTexts`), and a text that is longer than the context goes on in further
 * windows, each with its own start and end. Without, the text is read to the letter; what finds no room in the context is not read, and the
 * warning quotes it.
 */
export function encodePrompt(
  tokenizer: PromptTokenizer,
  text: string,
  option: 'prompt' | 'negativePrompt',
  { weighted = false, second }: PromptOptions = {},
): EncodedPrompt {
  const room = tokenizer.context - 2
  const parts = weighted ? weightedTexts(text) : [{ text, weight: 1 }]
  const counted = parts.flatMap(({ text, weight }) => tokenizer.tokens(text).map((token) => ({ token, weight })))
  const most = weighted ? mostWindows : 1
  const windows = Array.from({ length: Math.min(Math.max(1, Math.ceil(counted.length / room)), most) }, (_, i) =>
    windowOf(tokenizer, counted.slice(i * room, (i + 1) * room), second),
  )
  const lost = counted.slice(windows.length * room)
  const said = tokenizer.decode(lost.map(({ token }) => token))
  return {
    windows: windows as [PromptWindow, ...PromptWindow[]],
    warnings:
      lost.length === 0 ? [] : [`The end of ${option} found no room in ${windows.length * room} tokens and was not read: "${said}"`],
  }
}

interface CountedToken {
  readonly token: number
  readonly weight: number
}

function windowOf(tokenizer: PromptTokenizer, counted: readonly CountedToken[], second?: PromptTokenizer): PromptWindow {
  const tokens = counted.map(({ token }) => token)
  const { ids } = tokenizer.window(tokens)
  const weights = counted.some(({ weight }) => weight !== 1) ? ids.map((_, i) => counted[i - 1]?.weight ?? 1) : undefined // the first is the start
  const row = (ids: readonly number[]) => array([ids], { dtype: 'int32' })
  return { tokens: row(ids), weights, ...(second && { second: row(second.window(tokens).ids) }) }
}

/** Two texts in as many windows as the longer one has: the U-Net reads them as one batch. */
export function paired(
  tokenizer: PromptTokenizer,
  one: EncodedPrompt['windows'],
  other: EncodedPrompt['windows'],
  second?: PromptTokenizer,
): readonly [EncodedPrompt['windows'], EncodedPrompt['windows']] {
  const most = Math.max(one.length, other.length)
  const filled = (windows: EncodedPrompt['windows']): EncodedPrompt['windows'] => [
    ...windows,
    ...Array.from({ length: most - windows.length }, () => windowOf(tokenizer, [], second)),
  ]
  return [filled(one), filled(other)]
}

/** What the text towers make of a text. */
export interface ReadText<T = NDArray> {
  /** [1, tokens, width]; of a long text one window after the other. */
  readonly states: T
  /** [1, width]: the text as a whole, where the U-Net reads that; of a long text its first window. */
  readonly pooled?: T
}

export type TextReader = (window: Pick<PromptWindow, 'tokens' | 'second'>) => Promise<ReadText>

export async function readWindows(readText: TextReader, windows: EncodedPrompt['windows']): Promise<ReadText> {
  const all: NDArray[] = []
  let pooled: NDArray | undefined
  for (const { tokens, second, weights } of windows) {
    const read = await readText({ tokens, ...(second && { second }) })
    all.push(weights ? weighted(read.states, weights) : read.states)
    pooled ??= read.pooled
  }
  return { states: all.length === 1 ? (all[0] as NDArray) : joined(all, 1), ...(pooled && { pooled }) }
}

/** States times the weights of their tokens, and then as large on average as they were, as the web interface has it. */
function weighted(states: NDArray, weights: readonly number[]): NDArray {
  const width = states.shape.at(-1) as number
  const from = states.cast('float32').data
  const data = from.map((value, i) => value * (weights[Math.floor(i / width)] ?? 1))
  const sum = (values: Float32Array): number => values.reduce((all, each) => all + each, 0)
  const restored = sum(from) / sum(data)
  return new NDArray('float32', states.shape, Number.isFinite(restored) ? data.map((value) => value * restored) : data)
}

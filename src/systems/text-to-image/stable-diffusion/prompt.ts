import { array, NDArray } from '../../../graph/index.js'
import type { PromptTokenizer } from './model.js'
import { joined } from './picture.js'
import { weightedTexts } from './prompt-weights.js'

/** As much of a text as the text tower reads at once. */
export interface PromptWindow {
  /** [1, context]. */
  readonly tokens: NDArray<'int32'>
  /** How much the state of each token counts; undefined where all count the same. */
  readonly weights: readonly number[] | undefined
}

export interface EncodedPrompt {
  readonly windows: readonly [PromptWindow, ...PromptWindow[]]
  /** Says so where the text was longer than the context. */
  readonly warnings: readonly string[]
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
  { weighted = false }: { readonly weighted?: boolean } = {},
): EncodedPrompt {
  const room = tokenizer.context - 2
  const parts = weighted ? weightedTexts(text) : [{ text, weight: 1 }]
  const counted = parts.flatMap(({ text, weight }) => tokenizer.tokens(text).map((token) => ({ token, weight })))
  const most = weighted ? mostWindows : 1
  const windows = Array.from({ length: Math.min(Math.max(1, Math.ceil(counted.length / room)), most) }, (_, i) =>
    windowOf(tokenizer, counted.slice(i * room, (i + 1) * room)),
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

function windowOf(tokenizer: PromptTokenizer, counted: readonly CountedToken[]): PromptWindow {
  const { ids } = tokenizer.window(counted.map(({ token }) => token))
  const weights = counted.some(({ weight }) => weight !== 1) ? ids.map((_, i) => counted[i - 1]?.weight ?? 1) : undefined // the first is the start
  return { tokens: array([ids], { dtype: 'int32' }), weights }
}

/** Two texts in as many windows as the longer one has: the U-Net reads them as one batch. */
export function paired(
  tokenizer: PromptTokenizer,
  one: EncodedPrompt['windows'],
  other: EncodedPrompt['windows'],
): readonly [EncodedPrompt['windows'], EncodedPrompt['windows']] {
  const most = Math.max(one.length, other.length)
  const filled = (windows: EncodedPrompt['windows']): EncodedPrompt['windows'] => [
    ...windows,
    ...Array.from({ length: most - windows.length }, () => windowOf(tokenizer, [])),
  ]
  return [filled(one), filled(other)]
}

/** The states of a text [1, windows·context, width], one window after the other. */
export async function readWindows(readText: (tokens: NDArray) => Promise<NDArray>, windows: EncodedPrompt['windows']): Promise<NDArray> {
  const states: NDArray[] = []
  for (const { tokens, weights } of windows) {
    const read = await readText(tokens)
    states.push(weights ? weighted(read, weights) : read)
  }
  return states.length === 1 ? (states[0] as NDArray) : joined(states, 1)
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

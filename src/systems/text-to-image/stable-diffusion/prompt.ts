import { array, type NDArray } from '../../../graph/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'

export interface EncodedPrompt {
  /** [1, context]. */
  readonly tokens: NDArray<'int32'>
  /** Says so where the text was longer than the context. */
  readonly warnings: readonly string[]
}

/** A prompt as the text tower reads it. What finds no room in the context is not read, and the warning quotes it. */
export function encodePrompt(tokenizer: ClipTokenizer, text: string, option: 'prompt' | 'negativePrompt'): EncodedPrompt {
  const { ids, truncated } = tokenizer.encode(text)
  const room = tokenizer.context - 2
  return {
    tokens: array([ids], { dtype: 'int32' }),
    warnings: truncated === undefined ? [] : [`The end of ${option} found no room in ${room} tokens and was not read: "${truncated}"`],
  }
}

/** What every engine is asked: tokens a second, once the model is loaded and warm. */
export interface LanguagePace {
  /** Tokens of a prompt of 512 read in a second. */
  readonly prefill: number
  /** Tokens written in a second behind a hundred or so. */
  readonly decode: number
  /** How it ran, as it reports itself. */
  readonly setup: string
  /** The first tokens written, to see that both run the same network. */
  readonly tokens: readonly number[]
}

export const threads = 2
export const promptLength = 512
export const shortContext = 100
export const longContext = 2000
export const decoded = 32

/** A prompt of any tokens; another seed shares no beginning with it. */
export const prompt = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => (7919 * (i + 1) + 104_729 * seed) % 50_000)

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

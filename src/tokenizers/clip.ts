import { quoted } from '../weights/checkpoint-error.js'
import { BytePairs } from './byte-pairs.js'
import { clipPieces, endOfText, startOfText } from './clip-pieces.js'
import { TokenizerError } from './tokenizer-error.js'
import { readVocabulary, type Vocabulary, type VocabularyFiles } from './vocabulary-files.js'

export interface ClipTokenizerOptions {
  /** Tokens of a text, start, end and padding included. Default 77. */
  readonly context?: number
  /**
   * The token that fills the rest, as `pad_token` in tokenizer_config.json has it. Default `<|endoftext|>`; Stable Diffusion 2 and
   * the second encoder of XL have "!".
   */
  readonly padding?: string
}

/** One text as a text tower reads it. */
export interface EncodedText {
  /** `context` ids: start, the text, end, padding. */
  readonly ids: readonly number[]
  /** 1 for each id that is not padding, else 0. */
  readonly attention: readonly number[]
  /** The end of the text that found no room, in the tokeniser's spelling; undefined when all of it did. */
  readonly truncated: string | undefined
}

/**
 * CLIP's tokenizer, token for token as the reference library's CLIPTokenizer (without ftfy, which that library no longer uses). Any text can be
 * encoded; nothing is lost without `truncated` saying so.
 */
export class ClipTokenizer {
  /** Rows of the text tower's embedding table. */
  readonly vocabulary: number
  readonly context: number
  readonly start: number
  readonly end: number
  readonly padding: number
  readonly #pairs: BytePairs

  constructor({ vocabulary, merges }: Vocabulary, { context = 77, padding = endOfText }: ClipTokenizerOptions = {}, file = 'vocab.json') {
    const idOf = (token: string): number => {
      const id = vocabulary.get(token)
      if (id !== undefined) return id
      throw new TokenizerError({
        code: 'UnknownToken',
        action: 'read',
        file,
        expected: `the token ${quoted(token)}`,
        found: `a vocabulary of ${vocabulary.size.toLocaleString('en')}`,
        hint: token === padding ? 'padding must be a token of the vocabulary' : 'This is not the vocabulary of a CLIP text encoder',
      })
    }
    if (!Number.isInteger(context) || context < 3)
      throw new RangeError(`Cannot make a tokenizer: context must be a whole number of at least 3 tokens, found ${context}`)
    this.context = context
    this.start = idOf(startOfText)
    this.end = idOf(endOfText)
    this.padding = idOf(padding)
    this.#pairs = new BytePairs({ vocabulary, merges, suffix: '</w>', unknown: this.end })
    this.vocabulary = this.#pairs.size
  }

  /** The text in one window of `context` tokens. */
  encode(text: string): EncodedText {
    const tokens = this.tokens(text)
    const room = this.context - 2
    return this.window(tokens.slice(0, room), tokens.length > room ? this.decode(tokens.slice(room)) : undefined)
  }

  /** The whole of a long text in windows of `context` − 2 tokens, each with its own start and end; at least one, none truncated. */
  windows(text: string): EncodedText[] {
    const tokens = this.tokens(text)
    const room = this.context - 2
    return Array.from({ length: Math.max(1, Math.ceil(tokens.length / room)) }, (_, i) =>
      this.window(tokens.slice(i * room, (i + 1) * room)),
    )
  }

  /** The tokens of a text, as many as there are, without start, end and padding. */
  tokens(text: string): number[] {
    const ids: number[] = []
    for (const piece of clipPieces(text)) {
      if ('special' in piece) ids.push(piece.special === startOfText ? this.start : this.end)
      else for (const id of this.#pairs.encode(piece.word)) ids.push(id)
    }
    return ids
  }

  /** Puts start, end and padding around at most `context` − 2 tokens. */
  window(tokens: readonly number[], truncated?: string): EncodedText {
    if (tokens.length > this.context - 2)
      throw new RangeError(`Cannot make a window: it holds ${this.context - 2} tokens, found ${tokens.length}`)
    const filled = [this.start, ...tokens, this.end]
    const empty = this.context - filled.length
    return {
      ids: [...filled, ...Array<number>(empty).fill(this.padding)],
      attention: [...Array<number>(filled.length).fill(1), ...Array<number>(empty).fill(0)],
      truncated,
    }
  }

  /** The text of a row of ids, in lower case and with a space after each word, without start and end tokens. */
  decode(ids: Iterable<number>): string {
    const words: number[] = []
    for (const id of ids) if (id !== this.start && id !== this.end) words.push(id)
    return this.#pairs.decode(words).trim()
  }
}

/** The tokenizer of a published text encoder, from the contents of its `vocab.json` and `merges.txt`. */
export const clipTokenizer = (files: VocabularyFiles, options?: ClipTokenizerOptions): ClipTokenizer =>
  new ClipTokenizer(readVocabulary(files), options, files.names?.vocabulary)

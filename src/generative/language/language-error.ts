import { GeneraError } from '../../graph/index.js'

export type LanguageErrorCode =
  /** A text is longer than the model's context. */
  | 'ContextTooLong'
  /** A token that the vocabulary lacks, or a row without tokens. */
  | 'InvalidTokens'
  /** An option out of its range, or two that exclude each other. */
  | 'InvalidOption'
  /** Texts to train on that hold nothing to learn. */
  | 'NothingToLearn'
  /** The network gave no number. */
  | 'InvalidLogits'
  /** Tools for a model that was not told how to call any, or tools that are none. */
  | 'InvalidTool'
  /** A dialogue with a model that was not made for dialogues. */
  | 'NoDialogue'
  /** A JSON schema that cannot be kept to. */
  | 'InvalidSchema'
  /** A configuration, or a folder, that holds no language model that is built here. */
  | 'UnsupportedModel'

/** Text that cannot be generated. */
export class LanguageError extends GeneraError {
  override readonly name = 'LanguageError'
  declare readonly code: LanguageErrorCode
  constructor(code: LanguageErrorCode, sentence: string, hint?: string) {
    super(code, sentence, hint)
  }
}

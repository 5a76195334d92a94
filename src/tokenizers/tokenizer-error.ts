import { GeneraError } from '../graph/errors.js'
import { printable } from '../weights/checkpoint-error.js'

export type TokenizerErrorCode =
  | 'InvalidVocabulary'
  | 'InvalidMerges'
  | 'InvalidTokenizer'
  | 'UnknownToken'
  | 'TooLarge'
  | 'InvalidTraining'
  | 'InvalidTemplate'
  | 'InvalidDialogue'

/** The parts of a failure; `TokenizerError` composes the sentence. */
export interface TokenizerProblem {
  readonly code: TokenizerErrorCode
  /** What was being done: "read", "train", "decode". */
  readonly action: string
  /** The file or thing at fault, as the caller named it. */
  readonly file: string
  /** Line of the file, counted from 1. */
  readonly line?: number | undefined
  readonly expected: string
  readonly found: string
  readonly hint?: string | undefined
}

/** A vocabulary that cannot be read or made. Text itself never fails: whatever a caller writes has tokens. */
export class TokenizerError extends GeneraError {
  override readonly name = 'TokenizerError'
  declare readonly code: TokenizerErrorCode
  readonly file: string
  readonly line: number | undefined

  constructor({ code, action, file, line, expected, found, hint }: TokenizerProblem) {
    const place = line === undefined ? printable(file) : `${printable(file)}, line ${line}`
    super(code, `Cannot ${action} ${place}: expected ${expected}, found ${found}`, hint)
    this.file = file
    this.line = line
  }
}

import { GeneraError } from '../graph/errors.js'
import { printable } from '../weights/checkpoint-error.js'

/** What went wrong with a picture, a sound, a film, a mesh or a deck. */
export type MediaErrorCode =
  /** The file ends before its content does, or holds nothing. */
  | 'MediaTruncated'
  /** The file, or what it would unfold to, is larger than a limit; `limit` names it. */
  | 'MediaTooLarge'
  /** A format, or a part of one, that nothing here reads or writes. */
  | 'MediaUnsupported'
  /** The content contradicts its format, or a value contradicts its type. */
  | 'MediaInvalid'
  /** The name says one format, the content another. */
  | 'MediaMisnamed'
  /** A codec that is not part of this platform or not installed; the hint says what to install. */
  | 'MediaCodecMissing'

/** The parts of a failure; `MediaError` composes the sentence. */
export interface MediaProblem {
  readonly code: MediaErrorCode
  readonly action?: 'read' | 'write' | undefined
  /** The file as the caller named it, or what it is: "a PNG picture". */
  readonly file: string
  readonly expected: string
  readonly found: string
  /** The name of the limit in `MediaLimits` that would have to grow. */
  readonly limit?: string | undefined
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** Media that cannot be read or written. Every file that is damaged, oversized, wrongly named or hostile ends here. */
export class MediaError extends GeneraError {
  override readonly name = 'MediaError'
  declare readonly code: MediaErrorCode
  readonly file: string
  readonly expected: string
  readonly found: string
  readonly limit: string | undefined

  constructor({ code, action = 'read', file, expected, found, limit, hint, cause }: MediaProblem) {
    const sentence = `Cannot ${action} ${printable(file)}: expected ${expected}, found ${found}`
    const advice = hint ?? (limit && `If you trust the file, pass { limits: { ${limit}: … } }`)
    super(code, sentence, advice, cause === undefined ? {} : { cause })
    this.file = file
    this.expected = expected
    this.found = found
    this.limit = limit
  }
}

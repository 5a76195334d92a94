import { GeneraError } from '../graph/errors.js'

/** What went wrong. The first group is spelled as the reference implementation of safetensors spells it, the second is ours. */
export type CheckpointErrorCode =
  | 'HeaderTooLarge'
  | 'HeaderTooSmall'
  | 'InvalidHeaderLength'
  | 'InvalidHeaderStart'
  | 'InvalidHeader'
  | 'InvalidHeaderDeserialization'
  | 'InvalidOffset'
  | 'TensorInvalidInfo'
  | 'TensorNotFound'
  | 'MetadataIncompleteBuffer'
  | 'ValidationOverflow'
  | 'MisalignedSlice'
  | 'IoError'
  | 'NotSafetensors'
  | 'UnsupportedDType'
  | 'InvalidIndex'
  | 'InvalidShardName'
  | 'MissingShard'
  | 'InvalidArchive'
  | 'InvalidPickle'
  | 'UnsafePickle'
  | 'InvalidName'
  | 'NumberOverflow'
  | 'FileNotFound'
  | 'DiskFull'
  | 'Closed'
  | 'NotSupported'

/** The parts of a failure; `CheckpointError` composes the sentence. */
export interface CheckpointProblem {
  readonly code: CheckpointErrorCode
  readonly action?: 'read' | 'write' | undefined
  /** The file as the caller named it. */
  readonly file: string
  readonly tensor?: string | undefined
  readonly expected: string
  readonly found: string
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** A checkpoint that cannot be read or written. Every input that is wrong, damaged or hostile ends here, and nowhere else. */
export class CheckpointError extends GeneraError {
  override readonly name = 'CheckpointError'
  declare readonly code: CheckpointErrorCode
  /** Whether it was being read or written. */
  readonly action: 'read' | 'write'
  readonly file: string
  readonly tensor: string | undefined
  readonly expected: string
  readonly found: string

  constructor({ code, action = 'read', file, tensor, expected, found, hint, cause }: CheckpointProblem) {
    const preposition = action === 'read' ? 'from' : 'to'
    const what = tensor === undefined ? printable(file) : `${quoted(tensor)} ${preposition} ${printable(file)}`
    super(code, `Cannot ${action} ${what}: expected ${expected}, found ${found}`, hint, cause === undefined ? {} : { cause })
    this.action = action
    this.file = file
    this.tensor = tensor
    this.expected = expected
    this.found = found
  }
}

/** Text from a foreign file, made safe to show: cut to a length, control and invisible characters escaped. */
export function printable(text: string, longest = 200): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text
  return shown.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

export const quoted = (text: string): string => `"${printable(text)}"`

/** "1 byte", "2,048 bytes". */
export const byteCount = (count: number | bigint): string => `${count.toLocaleString('en')} byte${Number(count) === 1 ? '' : 's'}`

import { GeneraError } from '../graph/errors.js'
import { printable } from '../weights/checkpoint-error.js'
import { listed, suggestion } from './words.js'

/** One thing that is wrong with what a system was asked for. */
export interface InputProblem {
  /** The option, such as `steps` or `images[2]`. */
  readonly field: string
  readonly expected: string
  readonly found: string
  /** Where only some values are allowed. */
  readonly allowed?: readonly (string | number | boolean)[] | undefined
  readonly hint?: string | undefined
}

/** A system was asked for something that it cannot do. Every problem is in `problems`; the message tells all of them. */
export class InputError extends GeneraError {
  override readonly name = 'InputError'
  constructor(
    readonly system: string,
    readonly problems: readonly [InputProblem, ...InputProblem[]],
  ) {
    const told = problems.map(({ field, expected, found }) => `expected ${field} to be ${expected}, found ${found}`)
    super('InputInvalid', `Cannot run ${system}: ${told.join('; ')}`, problems.find(({ hint }) => hint)?.hint)
  }
}

export class UnknownSystemError extends GeneraError {
  override readonly name = 'UnknownSystemError'
  constructor(
    readonly asked: string,
    readonly known: readonly string[],
  ) {
    const meant = suggestion(asked, known)
    super('SystemUnknown', `Cannot find the system "${printable(asked)}"`, meant ?? `There are ${listed(known, 'and')}`)
  }
}

/** A file name whose ending nobody here reads or writes, or not for this modality. */
export class UnknownEndingError extends GeneraError {
  override readonly name = 'UnknownEndingError'
  constructor(
    readonly ending: string,
    readonly known: readonly string[],
    readonly action: 'read' | 'write' = 'write',
    readonly what = 'a file',
  ) {
    const found = ending === '' ? 'whose name has no ending' : `that ends in .${printable(ending)}`
    const all = listed(known.map((each) => `.${each}`))
    super('EndingUnknown', `Cannot ${action} ${what} ${found}: endings are ${all}`, suggestion(ending, known))
  }
}

/** No chain of systems leads from what there is to what was asked for. */
export class NoRouteError extends GeneraError {
  override readonly name = 'NoRouteError'
  constructor(
    readonly from: readonly string[],
    readonly to: readonly string[],
    problem: string,
    hint?: string,
  ) {
    super('NoRoute', `Cannot find a route from ${listed(from, 'and')} to ${listed(to)}: ${problem}`, hint)
  }
}

/** The survey has the system, genera does not yet. */
export class NotBuiltError extends GeneraError {
  override readonly name = 'NotBuiltError'
  constructor(
    readonly system: string,
    readonly built: readonly string[],
  ) {
    super(
      'NotBuilt',
      `Cannot run ${system}: it is not built yet`,
      built.length > 0 ? `Built are ${listed(built, 'and')}` : 'No system is built yet',
    )
  }
}

/** A checkpoint that the system does not know, or whose file is not there. */
export class CheckpointMissingError extends GeneraError {
  override readonly name = 'CheckpointMissingError'
  constructor(
    readonly system: string,
    readonly checkpoint: string,
    problem: string,
    hint?: string,
    options?: { cause?: unknown },
  ) {
    super('CheckpointMissing', `Cannot load the checkpoint "${printable(checkpoint)}" of ${system}: ${problem}`, hint, options)
  }
}

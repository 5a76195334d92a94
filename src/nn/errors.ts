import { GeneraError } from '../graph/index.js'

const shapeText = (shape: readonly unknown[]): string => `[${shape.join(', ')}]`

/** A parameter has another shape than the model asks for. */
export class WeightShapeError extends GeneraError {
  override readonly name = 'WeightShapeError'
  constructor(readonly parts: { tensor: string; file?: string; expected: readonly number[]; found: readonly number[]; hint?: string }) {
    const { tensor, file, expected, found, hint } = parts
    super(
      'weight-shape',
      `Cannot load "${tensor}"${file ? ` from ${file}` : ''}: the model expects ${shapeText(expected)}, ${file ? 'the file holds' : 'it was given'} ${shapeText(found)}`,
      hint,
    )
  }
}

/** The model asks for parameters that are not there, or the file holds tensors that the model never reads. */
export class MissingParametersError extends GeneraError {
  override readonly name = 'MissingParametersError'
  constructor(
    readonly parts: { missing: readonly string[]; unread?: readonly string[]; known: readonly string[]; wanted?: number; file?: string },
  ) {
    const { missing, unread = [], known, wanted, file } = parts
    const first = (names: readonly string[]): string => (names.length > 0 ? ` (first "${names[0]}")` : '')
    const missed =
      wanted === undefined
        ? `${missing.length} missing${first(missing)}`
        : `${missing.length} of ${wanted} tensors are missing${first(missing)}`
    const left = unread.length > 0 ? `${unread.length} were never read${first(unread)}` : ''
    super(
      'missing-parameters',
      file
        ? `Cannot load ${file}: ${[missing.length > 0 ? missed : '', left].filter(Boolean).join(' and ')}`
        : `Cannot find the parameter${first(missing).replace(' (first ', ' ').replace(')', '')} among the ${known.length} that were given`,
      prefixHint(missing, unread.length > 0 ? unread : known) ??
        (file && missing.length === 0 ? 'Pass { only: [...] } to read a part of the file on purpose' : undefined),
    )
  }
}

/** If all names differ by one and the same prefix, says so. */
function prefixHint(missing: readonly string[], found: readonly string[]): string | undefined {
  const [wanted] = missing
  if (!wanted) return undefined
  const longer = found.find((name) => name.endsWith(`.${wanted}`))
  if (longer) {
    const prefix = longer.slice(0, -wanted.length)
    if (missing.every((name) => found.includes(prefix + name)))
      return `The file's names carry the prefix "${prefix}": pass { prefix: '${prefix}' }`
  }
  const shorter = found.find((name) => wanted.endsWith(`.${name}`))
  if (shorter) {
    const prefix = wanted.slice(0, -shorter.length)
    if (missing.every((name) => name.startsWith(prefix) && found.includes(name.slice(prefix.length))))
      return `The names differ by the prefix "${prefix}", which the file lacks: pass { drop: '${prefix}' }`
  }
  return undefined
}

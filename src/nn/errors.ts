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
    super('missing-parameters', sentence(parts), hintFor(parts))
  }
}

type MissingParts = MissingParametersError['parts']

function sentence({ missing, unread = [], known, wanted, file }: MissingParts): string {
  if (!file) return `Cannot find the parameter "${missing[0]}" among the ${known.length} that were given`
  if (wanted === undefined) return `Cannot load "${missing[0]}" from ${file}: it is not among the file's ${known.length} tensors`
  const first = (names: readonly string[]): string => `(first "${names[0]}")`
  const problems = [
    ...(missing.length > 0 ? [`${missing.length} of ${wanted} tensors are missing ${first(missing)}`] : []),
    ...(unread.length > 0 ? [`${unread.length} were never read ${first(unread)}`] : []),
  ]
  return `Cannot load ${file}: ${problems.join(' and ')}`
}

function hintFor({ missing, unread = [], known, file }: MissingParts): string | undefined {
  const [wanted] = missing
  if (!wanted) return 'Pass { only: [...] } to read a part of the file on purpose'
  const found = unread.length > 0 ? unread : known
  const holder = file ? 'file' : 'given parameters'
  const among = new Set(found)
  const longer = found.find((name) => name.endsWith(`.${wanted}`))
  const extra = longer?.slice(0, -wanted.length)
  if (extra && missing.every((name) => among.has(extra + name)))
    return `The names differ by the prefix "${extra}" of the ${holder}: ${file ? `pass { prefix: '${extra}' }` : `begin at scope.at('${extra.slice(0, -1)}')`}`
  const shorter = found.find((name) => wanted.endsWith(`.${name}`))
  const lacking = shorter && wanted.slice(0, -shorter.length)
  if (lacking && missing.every((name) => name.startsWith(lacking) && among.has(name.slice(lacking.length))))
    return `The names differ by the prefix "${lacking}", which the ${file ? `file lacks: pass { drop: '${lacking}' }` : 'given parameters lack'}`
  return undefined
}

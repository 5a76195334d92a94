import { fileConstant, GeneraError, labelled, type Tensor } from '../graph/index.js'
import type { Checkpoint } from '../weights/index.js'
import { MissingParametersError, WeightShapeError } from './errors.js'
import { type ParameterInfo, type ParameterRequest, parametersOf, Requests, Scope } from './scope.js'

export interface CheckpointOptions {
  /** Stands before every name in the file: "model." */
  readonly prefix?: string
  /** Stands before the model's names and not in the file. */
  readonly drop?: string
}

export interface LoadOptions extends CheckpointOptions {
  /** Read only the tensors below these scopes; the rest of the file is left unread on purpose. */
  readonly only?: readonly string[]
  /** Tensors that no model needs, such as the counters `num_batches_tracked` of PyTorch's batch normalisation. */
  readonly ignore?: (name: string) => boolean
}

/** What the file calls a parameter. */
export const storedName = (name: string, { prefix = '', drop = '' }: CheckpointOptions): string =>
  prefix + (drop && name.startsWith(drop) ? name.slice(drop.length) : name)

/**
 * A scope whose parameters are constants that point into the file: nothing is read, converted or copied by genera. Half
 * precision is stored as it is and cast where the program runs.
 */
export function fromCheckpoint(file: Checkpoint, options: CheckpointOptions = {}): Scope {
  const requests = new Requests()
  return new Scope({
    parameter: (request) => requests.share(request, () => pointInto(file, request, options)),
    has: (name) => file.has(storedName(name, options)),
  })
}

function pointInto(file: Checkpoint, request: ParameterRequest, options: CheckpointOptions): Tensor {
  const stored = storedName(request.name, options)
  if (!file.has(stored)) throw new MissingParametersError({ missing: [request.name], known: file.names, file: file.file })
  const { dtype, shape, region, storage } = file.info(stored)
  if (!sameMatrix(shape, request.shape))
    throw new WeightShapeError({ tensor: stored, file: file.file, expected: request.shape, found: shape })
  if (!region || !dtype)
    throw new GeneraError(
      'checkpoint-region',
      `Cannot run "${stored}" straight out of ${file.file}: ${dtype ? 'the file was opened without its bytes' : `genera has no arithmetic on ${storage}`}`,
      dtype ? 'Open it with { inMemory: true }' : 'Convert the checkpoint to float32, float16 or bfloat16 first',
    )
  return labelled(fileConstant(region, dtype, request.shape, request.name).cast(request.dtype), request.name)
}

/** [C, C, 1, 1] and [C, C] hold the same matrix; published files use both for a 1×1 convolution. */
export const sameMatrix = (found: readonly number[], wanted: readonly number[]): boolean =>
  withoutOnes(found).join() === withoutOnes(wanted).join()
const withoutOnes = (shape: readonly number[]): readonly number[] => shape.filter((size) => size !== 1)

/**
 * Compares a model with a file before any weight is read, strictly in both directions: a missing tensor, a shape that differs,
 * and a tensor that the model never reads are all errors. Returns the model's parameters.
 */
export function checkCheckpoint(model: (scope: Scope) => unknown, file: Checkpoint, options: LoadOptions = {}): Map<string, ParameterInfo> {
  const wanted = parametersOf(model)
  const stored = new Set([...wanted.keys()].map((name) => storedName(name, options)))
  const missing = [...wanted.keys()].filter((name) => !file.has(storedName(name, options)))
  const meant = (name: string): boolean => !options.only || options.only.some((scope) => name === scope || name.startsWith(`${scope}.`))
  const unread = file.names.filter((name) => !stored.has(name) && meant(name) && !options.ignore?.(name))
  if (missing.length > 0 || unread.length > 0)
    throw new MissingParametersError({ missing, unread, known: file.names, wanted: wanted.size, file: file.file })
  for (const [name, { shape }] of wanted) {
    const found = file.info(storedName(name, options)).shape
    if (!sameMatrix(found, shape))
      throw new WeightShapeError({ tensor: storedName(name, options), file: file.file, expected: shape, found })
  }
  return wanted
}

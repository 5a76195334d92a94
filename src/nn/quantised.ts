import { array, constant, type Dimension, embedding, isNDArray, labelled, type NDArray, placeholder, type Tensor } from '../graph/index.js'
import { type BlockFormat, dequantise, matmulNBits, type QuantisedWeight, quantiseBlocks } from '../graph/ops/quantised.js'
import type { Checkpoint } from '../weights/index.js'
import { frozen } from './adapter.js'
import { type CheckpointOptions, sameMatrix, storedName } from './checkpoint.js'
import { MissingParametersError, WeightShapeError } from './errors.js'
import { type MatrixLayout, type ParameterRequest, type ParameterSource, type Parameters, Requests, Scope } from './scope.js'

/** A matrix [out, in] in blocks, with what a program must know to read it. */
export interface QuantisedMatrix<T = NDArray> extends QuantisedWeight<T>, BlockFormat {
  readonly shape: readonly [rows: number, columns: number]
  /**
   * The packed bytes once more, [rows, blocks·blockSize·bits / 8], to look rows up in. Where they lie in a file, the two are mapped apart: the
   * kernel gives its part back when it has rearranged it, and of this one only the rows are touched that are looked up.
   */
  readonly table?: T
}

/** Matrices in blocks of small whole numbers, by the full names of the parameters that they stand for. */
export interface QuantisedParameters<T = NDArray> {
  readonly [name: string]: QuantisedMatrix<T>
}

export interface QuantiseOptions extends CheckpointOptions {
  readonly bits: BlockFormat['bits']
  /** How many neighbours in a row share a scale; 32 when left out. */
  readonly blockSize?: number
  /** Zero is exact in every block; otherwise each has a zero point, which fits lopsided ones better. */
  readonly symmetric?: boolean
  /** Only the matrices below these scopes; every one that the model multiplies with when left out. */
  readonly only?: readonly string[]
}

/**
 * Packs the matrices that a model multiplies with. Embeddings, norms, biases and kernels of convolutions stay as they are, in
 * the base of `quantised()`.
 *
 *     const packed = await quantiseParameters(model, file, { bits: 4 })
 *     const scope = quantised(fromCheckpoint(file), packed)
 */
export async function quantiseParameters(
  model: (scope: Scope) => unknown,
  from: Checkpoint | Parameters,
  { bits, blockSize = 32, symmetric = true, only, ...names }: QuantiseOptions,
): Promise<QuantisedParameters> {
  const meant = (name: string): boolean => !only || only.some((scope) => name === scope || name.startsWith(`${scope}.`))
  const packed: Record<string, QuantisedMatrix> = {}
  for (const [name, { request, layout }] of projectionsOf(model))
    if (meant(name)) {
      const matrix = await weightOf(request, from, names)
      const oriented = layout === 'out-in' ? matrix : transposed(matrix)
      const shape = oriented.shape as [number, number]
      packed[name] = { ...quantiseBlocks(oriented, { bits, blockSize, symmetric }), bits, blockSize, shape }
    }
  return packed
}

interface Projection {
  readonly request: ParameterRequest
  readonly layout: MatrixLayout
}

/** What the model multiplies with, and how it is stored. */
function projectionsOf(model: (scope: Scope) => unknown): Map<string, Projection> {
  const found = new Map<string, Projection>()
  const requests = new Requests()
  model(
    new Scope({
      parameter: (request) => requests.share(request, () => placeholder(request.shape, request.dtype, { where: request.name })),
      project: (_, request, layout) => {
        found.set(request.name, { request, layout })
        return undefined
      },
      has: () => true,
    }),
  )
  return found
}

async function weightOf({ name, shape }: ParameterRequest, from: Checkpoint | Parameters, options: CheckpointOptions): Promise<NDArray> {
  const file = isCheckpoint(from) ? from : undefined
  const stored = file ? storedName(name, options) : name
  const found = isCheckpoint(from) ? from.has(stored) && (await from.read(stored)) : Object.hasOwn(from, name) && from[name]
  const known = isCheckpoint(from) ? from.names : Object.keys(from)
  if (!found) throw new MissingParametersError({ missing: [name], known, ...(file && { file: file.file }) })
  if (!sameMatrix(found.shape, shape))
    throw new WeightShapeError({ tensor: stored, expected: shape, found: found.shape, ...(file && { file: file.file }) })
  return found.reshape(shape)
}

const isCheckpoint = (from: Checkpoint | Parameters): from is Checkpoint => typeof from.read === 'function'

function transposed(matrix: NDArray): NDArray {
  const [rows, columns] = matrix.shape as [number, number]
  const from = matrix.cast('float32')
  const out = new Float32Array(from.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = from.data[row * columns + column] as number
  return array(out, { shape: [columns, rows] })
}

/**
 * The base with some of its matrices replaced by packed ones, which are multiplied with as they are. A matrix that is also read
 * as an array (a tied embedding) comes from the base there, or, where the base has none, a row at a time out of the blocks. No gradient
 * reaches the packed ones. `exact` is that of `matmulNBits`.
 */
export function quantised(
  base: Scope,
  packed: QuantisedParameters<NDArray | Tensor>,
  { exact = false }: { readonly exact?: boolean } = {},
): Scope {
  const { source } = base
  const shared = new Map<string, QuantisedMatrix<Tensor>>()
  const tensorsOf = (name: string, matrix: QuantisedMatrix<NDArray | Tensor>): QuantisedMatrix<Tensor> => {
    const known = shared.get(name)
    if (known) return known
    const lift = (part: NDArray | Tensor): Tensor => labelled(isNDArray(part) ? constant(part) : part, name)
    const { packed, table, scales, zeroPoints, ...format } = matrix
    const lifted = {
      ...format,
      packed: lift(packed),
      ...(table && { table: lift(table) }),
      scales: lift(scales).stopGradient(),
      ...(zeroPoints && { zeroPoints: lift(zeroPoints) }),
    }
    shared.set(name, lifted)
    return lifted
  }
  const quantisedSource: ParameterSource = {
    parameter: (request) => source.parameter(request),
    project: (x, request, layout) => {
      const matrix = Object.hasOwn(packed, request.name) ? packed[request.name] : undefined
      if (!matrix) return source.project?.(x, request, layout)
      const found = layout === 'out-in' ? matrix.shape : matrix.shape.toReversed()
      if (found.join() !== request.shape.join()) throw new WeightShapeError({ tensor: request.name, expected: request.shape, found })
      return matmulNBits(x, tensorsOf(request.name, matrix), { bits: matrix.bits, blockSize: matrix.blockSize, exact })
    },
    lookup: (indices, request) => {
      const matrix = Object.hasOwn(packed, request.name) && !source.has(request.name) ? packed[request.name] : undefined
      if (!matrix) return source.lookup?.(indices, request)
      if (matrix.shape.join() !== request.shape.join())
        throw new WeightShapeError({ tensor: request.name, expected: request.shape, found: matrix.shape })
      return rowsOf(indices, tensorsOf(request.name, matrix))
    },
    has: (name) => Object.hasOwn(packed, name) || source.has(name),
    frozen: () => quantised(frozen(base), packed, { exact }).source,
  }
  return new Scope(quantisedSource, base.path)
}

/** Rows of a packed table as floating-point numbers: [...indices, columns]. */
function rowsOf(indices: Tensor, { packed, table = packed, scales, zeroPoints, shape, ...format }: QuantisedMatrix<Tensor>): Tensor {
  const flat = indices.flatten()
  const columns = shape[1]
  const bytes = embedding(table, flat) // [indices, blocks, bytes], or [indices, blocks·bytes] out of a table of its own
  const rows = {
    packed: bytes.reshape([bytes.shape[0] as Dimension, packed.size(1), packed.size(2)]),
    scales: embedding(scales, flat),
    ...(zeroPoints && { zeroPoints: embedding(zeroPoints, flat) }),
  }
  return dequantise(rows, format, columns).reshape([...indices.shape, columns])
}

import { array, fileConstant, type NDArray, placeholder, type Tensor } from '../graph/index.js'
import { quantiseBlocks } from '../graph/ops/quantised.js'
import {
  type Checkpoint,
  CheckpointError,
  type DescribedTensor,
  derivedFolder,
  makeFolder,
  openSafetensors,
  type PackedFormat,
  type PackedMatrix,
  sha256OfFile,
  streamSafetensors,
} from '../weights/index.js'
import { type CheckpointOptions, fromCheckpoint, storedName } from './checkpoint.js'
import { type QuantisedMatrix, type QuantisedParameters, quantised } from './quantised.js'
import { given, type MatrixLayout, type ParameterRequest, type Parameters, Requests, Scope } from './scope.js'

export interface PackOptions extends CheckpointOptions {
  /** Of the matrices that the model multiplies with; what is only looked up in gets 8. Left out, only what the file holds in blocks is packed. */
  readonly bits?: 4 | 8 | undefined
  /** Where packed files are kept; by default beside the hub's cache. With `false` everything is packed anew, into memory. */
  readonly cache?: string | false | undefined
  /** Full precision in the products, as `exact` of `matmulNBits`. */
  readonly exact?: boolean | undefined
}

/** How many neighbours in a row share a scale where we choose. */
const blockSize = 32
/** Goes into the names of cached files: another number leaves older ones alone. */
const formatVersion = 1

/** A parameter as it will be kept. */
interface Planned {
  readonly request: ParameterRequest
  readonly stored: string
  readonly layout: MatrixLayout
  /** Undefined for one that stays an array. */
  readonly format: PackedFormat | undefined
}

/**
 * A scope over a checkpoint whose matrices are packed in blocks: those that the file itself holds in blocks, and with `bits` all others. They are
 * packed once, one at a time, into a file that later starts point into; it is known by the digest of the checkpoint, and one that
 * is damaged is made anew. Where there is no disk to write to, they are packed into memory.
 *
 *     const scope = await packedCheckpoint(model, await openCheckpoint('SmolLM2-135M'), { bits: 4 })
 *
 * @param model asks for every parameter that will be needed
 * @throws MissingParametersError, WeightShapeError or CheckpointError
 */
export async function packedCheckpoint(model: (scope: Scope) => unknown, file: Checkpoint, options: PackOptions = {}): Promise<Scope> {
  const planned = planOf(model, file, options)
  const pointable = ({ format, stored }: Planned): boolean => !format && file.info(stored).region !== undefined
  if (planned.every(pointable)) return fromCheckpoint(file, options)
  const folder = options.cache === false ? undefined : (options.cache ?? derivedFolder())
  const kept = folder === undefined ? undefined : await keptIn(folder, file, planned, options)
  return kept ?? inMemory(file, planned, options)
}

/** What the model asks for and what each parameter becomes. */
function planOf(model: (scope: Scope) => unknown, file: Checkpoint, options: PackOptions): Planned[] {
  const layouts = new Map<string, MatrixLayout>()
  const [lookedUp, asArray] = [new Set<string>(), new Set<string>()]
  const requests = new Requests()
  const standIn = (request: ParameterRequest): Tensor =>
    requests.share(request, () => placeholder(request.shape, request.dtype, { where: request.name }))
  model(
    new Scope({
      parameter: (request) => {
        asArray.add(request.name)
        return standIn(request)
      },
      project: (x, request, layout) => {
        layouts.set(request.name, layout)
        return x.matmul(standIn(request), { transposeB: layout === 'out-in' })
      },
      lookup: (indices, request) => {
        lookedUp.add(request.name)
        standIn(request)
        return placeholder([...indices.shape, request.shape[1] as number], request.dtype, { where: request.name })
      },
      has: (name) => file.has(storedName(name, options)),
    }),
  )
  return [...requests.found.values()].map(({ request }) => {
    const stored = storedName(request.name, options)
    const layout = layouts.get(request.name) ?? 'out-in'
    const wanted = layouts.has(request.name) ? options.bits : lookedUp.has(request.name) && options.bits ? 8 : undefined
    const own = layout === 'out-in' ? file.packedFormat?.(stored) : undefined
    const format = asArray.has(request.name) ? undefined : (own ?? (wanted && { bits: wanted, blockSize, lopsided: false }))
    return { request, stored, layout, format }
  })
}

/** The packed file of a checkpoint, made if there is none or none that is whole; undefined if it cannot be written. */
async function keptIn(folder: string, file: Checkpoint, planned: readonly Planned[], options: PackOptions): Promise<Scope | undefined> {
  const digest = await digestOf(file, planned)
  const path = `${folder}/${digest.slice(0, 32)}-${options.bits ? `q${options.bits}` : 'stored'}.v${formatVersion}.safetensors`
  const known = await openKept(path, digest, planned)
  if (known) return scopeOver(known, planned, options)
  try {
    await makeFolder(folder)
    await streamSafetensors(path, planned.flatMap(described), bytesOf(file, planned), { metadata: { source: digest } })
  } catch (error) {
    if (error instanceof CheckpointError && error.action === 'read') throw error
    return undefined
  }
  const made = await openKept(path, digest, planned)
  return made && scopeOver(made, planned, options)
}

/** Of all files that hold a part of the checkpoint. */
async function digestOf(file: Checkpoint, planned: readonly Planned[]): Promise<string> {
  const parts = [...new Set(planned.map(({ stored }) => file.info(stored).file))].sort()
  const digests: string[] = []
  for (const part of parts) digests.push(await sha256OfFile(part))
  if (digests.length === 1) return digests[0] as string
  const all = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(digests.join('\n')))
  return Array.from(new Uint8Array(all), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The file at a path if it is whole, of this checkpoint, and has every part; a header that does not fit the file's length is refused there. */
async function openKept(path: string, digest: string, planned: readonly Planned[]): Promise<Checkpoint | undefined> {
  try {
    const kept = await openSafetensors(path)
    const fits = ({ name, dtype, shape }: DescribedTensor): boolean =>
      kept.has(name) && kept.info(name).dtype === dtype && kept.info(name).shape.join() === shape.join()
    return kept.metadata.get('source') === digest && planned.flatMap(described).every(fits) ? kept : undefined
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}

const orientedShape = ({ request: { shape }, layout }: Planned): readonly [rows: number, columns: number] =>
  (layout === 'out-in' ? shape : shape.toReversed()) as unknown as readonly [number, number]

/** The tensors that a parameter is kept as; arrays are kept in float32, which is what the products of blocks are in. */
function described(planned: Planned): DescribedTensor[] {
  const { request, format } = planned
  const { name, shape } = request
  if (!format) return [{ name, dtype: 'float32', shape }]
  const [rows, columns] = orientedShape(planned)
  const grid = [rows, Math.ceil(columns / format.blockSize)]
  return [
    { name: `${name}.packed`, dtype: 'uint8', shape: [...grid, (format.blockSize * format.bits) / 8] },
    { name: `${name}.scales`, dtype: 'float32', shape: grid },
    ...(format.lopsided ? [{ name: `${name}.zero_points`, dtype: 'float32', shape: grid } as const] : []),
  ]
}

async function* bytesOf(file: Checkpoint, planned: readonly Planned[]): AsyncGenerator<Uint8Array> {
  for (const one of planned) {
    if (!one.format) yield (await file.read(one.stored)).cast('float32').bytes
    else {
      const { packed, scales, zeroPoints } = await matrixOf(file, one, one.format)
      yield packed.bytes
      yield scales.bytes
      if (zeroPoints) yield zeroPoints.bytes
    }
  }
}

/** As the file has it in blocks, or else packed here. */
async function matrixOf(file: Checkpoint, planned: Planned, format: PackedFormat): Promise<PackedMatrix> {
  const { stored, layout } = planned
  const own = layout === 'out-in' ? await file.packed?.(stored) : undefined
  if (own) return own
  const values = await file.read(stored)
  const oriented = layout === 'out-in' ? values : transposed(values)
  const { bits, blockSize } = format
  return { ...quantiseBlocks(oriented, { bits, blockSize }), bits, blockSize, shape: orientedShape(planned) }
}

function transposed(matrix: NDArray): NDArray {
  const [rows, columns] = matrix.shape as [number, number]
  const from = matrix.cast('float32').data
  const out = new Float32Array(from.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = from[row * columns + column] as number
  return array(out, { shape: [columns, rows] })
}

/** Points into a packed file. */
function scopeOver(kept: Checkpoint, planned: readonly Planned[], { exact = false }: PackOptions): Scope {
  const pointed = (name: string, shape = kept.info(name).shape): Tensor => {
    const { region, dtype } = kept.info(name)
    if (!region || !dtype) throw new TypeError(`"${name}" lies in a file`)
    return fileConstant(region, dtype, shape, name)
  }
  const packed: Record<string, QuantisedMatrix<Tensor>> = {}
  for (const one of planned) {
    const { format, request } = one
    if (!format) continue
    const { bits, blockSize, lopsided } = format
    const [rows, blocks = 0, bytes = 0] = kept.info(`${request.name}.packed`).shape
    packed[request.name] = {
      shape: orientedShape(one),
      bits,
      blockSize,
      packed: pointed(`${request.name}.packed`),
      table: pointed(`${request.name}.packed`, [rows as number, blocks * bytes]),
      scales: pointed(`${request.name}.scales`),
      ...(lopsided && { zeroPoints: pointed(`${request.name}.zero_points`) }),
    }
  }
  return quantised(fromCheckpoint(kept), packed, { exact })
}

async function inMemory(file: Checkpoint, planned: readonly Planned[], { exact = false }: PackOptions): Promise<Scope> {
  const packed: Record<string, PackedMatrix> = {}
  const arrays: Record<string, NDArray> = {}
  for (const one of planned)
    if (one.format) packed[one.request.name] = await matrixOf(file, one, one.format)
    else arrays[one.request.name] = (await file.read(one.stored)).reshape(one.request.shape)
  return quantised(given(arrays satisfies Parameters), packed satisfies QuantisedParameters, { exact })
}

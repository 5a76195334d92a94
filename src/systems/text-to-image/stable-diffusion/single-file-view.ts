import { fill, labelled, NDArray } from '../../../graph/index.js'
import { fromCheckpoint, Scope } from '../../../nn/index.js'
import type { Checkpoint, TensorInfo } from '../../../weights/index.js'
import type { StoredPart } from './single-file-names.js'

/** A file whose tensors have other names; nothing is read, converted or copied for it. */
export function viewAt(file: Checkpoint, places: ReadonlyMap<string, StoredPart>): Checkpoint {
  const placeOf = (name: string): StoredPart => places.get(name) ?? { name }
  return {
    file: file.file,
    names: [...places.keys()],
    metadata: file.metadata,
    has: (name) => places.has(name),
    info: (name) => infoOf(file.info(placeOf(name).name), placeOf(name)),
    async read(name) {
      const { name: stored, part, transposed } = placeOf(name)
      const whole = await file.read(stored)
      if (transposed) return turned(whole)
      if (!part) return whole
      const { shape } = partOf(file.info(stored), part)
      const length = shape.reduce((a, b) => a * b, 1)
      return new NDArray(whole.dtype, shape, whole.data.slice(part.index * length, (part.index + 1) * length) as typeof whole.data)
    },
    close: () => file.close(),
  }
}

/** The parameters of such a view, pointing into the file; a matrix that lies the other way round is turned where the program runs. */
export function scopeAt(file: Checkpoint, places: ReadonlyMap<string, StoredPart>): Scope {
  const [view, whole] = [fromCheckpoint(viewAt(file, places)), fromCheckpoint(file)]
  return new Scope({
    parameter(request) {
      const place = places.get(request.name)
      if (!place?.transposed) return view.source.parameter(request)
      const stored = whole.source.parameter({ ...request, name: place.name, shape: request.shape.toReversed() })
      return labelled(stored.transpose([1, 0]), request.name)
    },
    has: (name) => places.has(name),
  })
}

const infoOf = (info: TensorInfo, { part, transposed }: StoredPart): TensorInfo => {
  // Its bytes are not those of the matrix: who points at them must know that it is turned.
  if (transposed) return { ...info, shape: info.shape.toReversed(), region: undefined }
  return partOf(info, part)
}

function turned(matrix: NDArray): NDArray {
  const [rows = 1, columns = 1] = matrix.shape
  const from = matrix.cast('float32')
  return fill('float32', [columns, rows], (i) => from.at((i % rows) * columns + Math.floor(i / rows)))
}

/** The rows of one of several parameters in a tensor are contiguous. */
function partOf(info: TensorInfo, part: StoredPart['part']): TensorInfo {
  if (!part) return info
  const [rows = 0, ...rest] = info.shape
  if (rows % part.of !== 0) return info // its shape is then reported
  const [length, offset] = [info.length / part.of, (part.index * info.length) / part.of]
  const region = info.region && {
    ...info.region,
    offset: info.region.offset + (part.index * info.region.length) / part.of,
    length: info.region.length / part.of,
  }
  return { ...info, shape: [rows / part.of, ...rest], offset: info.offset + offset, length, region }
}

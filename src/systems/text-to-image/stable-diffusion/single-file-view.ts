import { NDArray } from '../../../graph/index.js'
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
    info: (name) => partOf(file.info(placeOf(name).name), placeOf(name).part),
    async read(name) {
      const { name: stored, part } = placeOf(name)
      const whole = await file.read(stored)
      if (!part) return whole
      const { shape } = partOf(file.info(stored), part)
      const length = shape.reduce((a, b) => a * b, 1)
      return new NDArray(whole.dtype, shape, whole.data.slice(part.index * length, (part.index + 1) * length) as typeof whole.data)
    },
    close: () => file.close(),
  }
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

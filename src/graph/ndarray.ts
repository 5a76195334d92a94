import { allocate, type DataOf, type DType, dtypes, fromBrainBits, fromHalfBits, toBrainBits, toHalfBits } from './dtype.js'
import { GeneraError } from './errors.js'

/** Nested numbers or booleans, as a reader writes a small matrix: `[[1, 2], [3, 4]]`. */
export type Nested = number | bigint | boolean | readonly Nested[]

/** A concrete array: row-major elements in memory, a shape and an element type. Values are never changed behind a reader's back. */
export class NDArray<D extends DType = DType> {
  constructor(
    readonly dtype: D,
    readonly shape: readonly number[],
    readonly data: DataOf[D],
  ) {
    const wanted = elementCount(shape)
    if (data.length !== wanted)
      throw new GeneraError(
        'array-length',
        `Cannot make a ${dtype} array of shape [${shape.join(', ')}]: it needs ${wanted} elements, the data holds ${data.length}`,
      )
  }

  get length(): number {
    return this.data.length
  }

  get byteLength(): number {
    return this.data.byteLength
  }

  /** The raw bytes, little-endian, without a copy. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.data.buffer, this.data.byteOffset, this.data.byteLength)
  }

  /** The single element of a one-element array, as a number. */
  item(): number {
    if (this.length !== 1)
      throw new GeneraError('array-item', `Cannot read one item from an array of shape [${this.shape.join(', ')}]: it holds ${this.length}`)
    return this.at(0)
  }

  /** Element `index` of the flattened array as a number, whatever the storage. */
  at(index: number): number {
    const raw = this.data[index]
    if (raw === undefined) throw new RangeError(`Index ${index} is outside an array of ${this.length} elements`)
    if (this.dtype === 'float16') return fromHalfBits(raw as number)
    if (this.dtype === 'bfloat16') return fromBrainBits(raw as number)
    return Number(raw)
  }

  reshape(shape: readonly number[]): NDArray<D> {
    return new NDArray(this.dtype, shape, this.data)
  }

  cast<E extends DType>(dtype: E): NDArray<E> {
    if ((dtype as DType) === this.dtype) return this as unknown as NDArray<E>
    if (dtype === 'float32' && this.dtype === 'bfloat16') return widened(this as NDArray<'bfloat16'>) as unknown as NDArray<E>
    const out = allocate(dtype, this.length)
    for (let i = 0; i < out.length; i++) store(dtype, out, i, this.at(i))
    return new NDArray(dtype, this.shape, out)
  }

  copy(): NDArray<D> {
    return new NDArray(this.dtype, this.shape, this.data.slice() as DataOf[D])
  }

  /** The elements as nested plain numbers; for printing and for tests. */
  toNested(): Nested {
    const build = (axis: number, offset: number): Nested => {
      if (axis === this.shape.length) return this.dtype === 'bool' ? this.at(offset) !== 0 : this.at(offset)
      const stride = elementCount(this.shape.slice(axis + 1))
      return Array.from({ length: this.shape[axis] as number }, (_, i) => build(axis + 1, offset + i * stride))
    }
    return build(0, 0)
  }

  toString(): string {
    return `${this.dtype}[${this.shape.join(', ')}]`
  }
}

/** The upper halves of float32 numbers, whole again. Models have hundreds of millions of them. */
function widened({ data, shape }: NDArray<'bfloat16'>): NDArray<'float32'> {
  const words = new Uint32Array(data.length)
  for (let i = 0; i < words.length; i++) words[i] = (data[i] as number) << 16
  return new NDArray('float32', shape, new Float32Array(words.buffer))
}

export function elementCount(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new GeneraError('array-shape', `A shape holds whole numbers of 0 or more, found ${size} in [${shape.join(', ')}]`)
    count *= size
  }
  return count
}

function store(dtype: DType, out: DataOf[DType], index: number, element: number | bigint): void {
  if (dtype === 'int64') (out as BigInt64Array)[index] = typeof element === 'bigint' ? element : toInteger(element)
  else {
    const value = Number(element)
    if (dtype === 'float16') out[index] = toHalfBits(value)
    else if (dtype === 'bfloat16') out[index] = toBrainBits(value)
    else if (dtype === 'bool') out[index] = value !== 0 ? 1 : 0
    else out[index] = value
  }
}

/** Truncated, and 0 for NaN and the infinities, as typed arrays of smaller integers have it. */
const toInteger = (value: number): bigint => (Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n)

/**
 * An array from nested lists, or from flat values and a shape.
 *
 *     array([[1, 2], [3, 4]])                       // float32 [2, 2]
 *     array([1, 2, 3, 4], { shape: [2, 2], dtype: 'int64' })
 */
export function array<D extends DType = 'float32'>(
  values: Nested | ArrayLike<number> | ArrayLike<bigint>,
  { dtype = 'float32' as D, shape }: { dtype?: D; shape?: readonly number[] } = {},
): NDArray<D> {
  if (ArrayBuffer.isView(values)) {
    const copy = alike(dtype, values, shape)
    if (copy) return copy
    const flat = values as unknown as ArrayLike<number | bigint>
    return filled(dtype, shape ?? [flat.length], (i) => flat[i] as number | bigint)
  }
  const nested = values as Nested
  const inferred = nestedShape(nested)
  const flat = ([nested] as unknown[]).flat(Number.POSITIVE_INFINITY) as (number | bigint | boolean)[]
  if (flat.length !== elementCount(shape ?? inferred))
    throw new GeneraError(
      'array-length',
      `Cannot read a nested list as an array of shape [${(shape ?? inferred).join(', ')}]: it holds ${flat.length} values, so its rows differ in length or the shape is another`,
    )
  return filled(dtype, shape ?? inferred, (i) => {
    const value = flat[i] as number | bigint | boolean
    return typeof value === 'boolean' ? Number(value) : value
  })
}

/** A copy of values that are stored as `dtype` is: a block of memory, where the way over numbers would take ten times as long. */
function alike<D extends DType>(dtype: D, values: ArrayBufferView, shape: readonly number[] | undefined): NDArray<D> | undefined {
  if (!['float32', 'int32', 'int64', 'uint8'].includes(dtype)) return undefined
  const flat = values as unknown as NDArray<D>['data']
  const out = allocate(dtype, elementCount(shape ?? [flat.length]))
  if (flat.constructor !== out.constructor || flat.length !== out.length) return undefined
  ;(out as Float32Array).set(flat as Float32Array)
  return new NDArray(dtype, shape ?? [flat.length], out)
}

function nestedShape(nested: Nested): number[] {
  const shape: number[] = []
  for (let level: Nested | undefined = nested; Array.isArray(level); level = level[0]) shape.push(level.length)
  return shape
}

/** An array whose elements are computed from their flat index. */
export const fill = <D extends DType = 'float32'>(dtype: D, shape: readonly number[], value: (index: number) => number): NDArray<D> =>
  filled(dtype, shape, value)

function filled<D extends DType>(dtype: D, shape: readonly number[], value: (index: number) => number | bigint): NDArray<D> {
  const out = allocate(dtype, elementCount(shape))
  for (let i = 0; i < out.length; i++) store(dtype, out, i, value(i))
  return new NDArray(dtype, shape, out)
}

export const scalar = <D extends DType = 'float32'>(value: number, dtype: D = 'float32' as D): NDArray<D> => fill(dtype, [], () => value)

export const zeros = <D extends DType = 'float32'>(shape: readonly number[], dtype: D = 'float32' as D): NDArray<D> =>
  new NDArray(dtype, shape, allocate(dtype, elementCount(shape)))

export const isNDArray = (value: unknown): value is NDArray => value instanceof NDArray

/** The byte size of an array of this element type and shape. */
export const byteSize = (dtype: DType, shape: readonly number[]): number => elementCount(shape) * dtypes[dtype].bytes
